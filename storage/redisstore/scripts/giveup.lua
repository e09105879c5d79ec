-- keys: q
-- uses: values
-- giveup: the lease of a post in pieces with which nobody goes on
local lease = call('HGET', q, 'l')
if lease and string.match(lease, '^%S+') == ARGV[2] then call('HSET', q, 'l', '- 0') end
return reply('ok')
