-- uses: begin subs
-- changesub: ID, record it had, record, subscriber, expires, durable ('' as it is)
if load() then -- what fell due before is not for it
  local busy = wait() or settle_due()
  if busy then return busy end
  if entered > 0 then save() end
end
local id, old, record, subscriber, expires = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local kept = call('HGET', u, id)
if not kept or tonumber(call('ZSCORE', ux, id)) <= now then return reply('nosub') end
if kept ~= old then return reply('changed') end
local other = call('HGET', un, subscriber)
if other and other ~= id and tonumber(call('ZSCORE', ux, other)) > now then return reply('taken') end
load_marks()
if other and other ~= id then unsubscribe(other) end
call('HDEL', un, subscriber_of(kept))
call('HSET', un, subscriber, id)
call('HSET', u, id, record)
call('ZADD', ux, expires, id)
age_at(tonumber(expires))
local durable = call('HEXISTS', ud, id) == 1
if ARGV[7] == '1' and not durable then switch_on(id) end
if ARGV[7] == '0' and durable then switch_off(id) end
save_marks()
return reply('ok')
