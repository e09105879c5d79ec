-- uses: begin subs
-- subscribe: ID, subscriber, expires, record, durable
if load() then -- what fell due before is not for it
  local busy = wait() or settle_due()
  if busy then return busy end
  if entered > 0 then save() end
end
local id, subscriber, expires, record = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local other = call('HGET', un, subscriber)
if other and tonumber(call('ZSCORE', ux, other)) > now then return reply('known', call('HGET', u, other)) end
load_marks()
if other then unsubscribe(other) end
call('HSET', u, id, record)
call('HSET', un, subscriber, id)
call('ZADD', ux, expires, id)
call('ZADD', ul, 0, id)
age_at(tonumber(expires))
if ARGV[6] == '1' then switch_on(id) end
save_marks()
return reply('ok')
