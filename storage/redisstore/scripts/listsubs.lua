-- keys: u ux
-- uses: values
-- listsubs: IDs
local live = {}
for i = 2, #ARGV do
  local expires = tonumber(call('ZSCORE', ux, ARGV[i]) or 0)
  live[#live + 1] = expires > now and call('HGET', u, ARGV[i]) or ''
end
return reply('ok', live)
