-- uses: begin
-- renew: ID, when it ends, until when its messages live
local not_now = begin()
if not_now then return not_now end
local record, ends, keep = call('HGET', c, ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if not record then return reply('noclaim') end
local until_, changes = {}, {}
for i = 13, #record, 7 do
  local p = struct.unpack('>I7', record, i)
  local m = str(p)
  until_[#until_ + 1] = ends
  until_[#until_ + 1] = m
  local packed, id = entry(p)
  local change = call('HGET', v, m)
  if packed and expiry(packed, change) < ends then
    changes[#changes + 1] = m
    changes[#changes + 1] = pack_change(keep, now, change and struct.unpack('>I4', change, 13) or 0)
    if id then call('ZADD', ax, 'XX', keep, id) end
  end
end
bulk('ZADD', h, until_)
bulk('HSET', v, changes)
call('HSET', c, ARGV[2], struct.pack('>I6I6', now, ends) .. string.sub(record, 13))
return reply('ok')
