-- uses: state
-- create: epoch, metadata, created
if load() then return reply('known') end
call('HSET', q, 'f', '1', 'e', ARGV[2], 't', '0', 'u', '0', 'n', '0', 'v', '1', 'm', ARGV[3], 'c', ARGV[4])
return reply('ok')
