-- keys: q
-- uses: values
-- setmetadata: metadata, version
local version = call('HGET', q, 'v')
if not version then return reply('queue') end
if version ~= ARGV[3] then return reply('changed') end
call('HSET', q, 'm', ARGV[2])
call('HINCRBY', q, 'v', 1)
return reply('ok')
