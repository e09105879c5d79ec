-- keys: g
-- uses: gather wake held
-- claim: ID, when it ends, until when its messages live, limit, after how many
-- claims a message is buried ('' for never), the burial (for Go)
local not_now = begin()
if not_now then return not_now end
local id, ends, keep, limit, worn, burial = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7]
local known = call('HGET', c, id)
if known then return reply('known', epoch, answer_claim(id, known)) end
local found, came_back = gather(limit)
if not found then
  save()
  return reply('again')
end
local items, buried = {}, {}
local leaving, dead, changes, back, until_, holders = {}, {}, {}, {}, {}, {}
local record = {struct.pack('>I6I6', now, ends)}
for i = 1, #found do
  local one = found[i]
  local p, expires, since, count = one.text, one.expires, 0, 0
  if one.change then expires, since, count = struct.unpack('>I6I6I4', one.change) end
  if worn and count >= worn then
    local place = epoch .. '-' .. counter16(one.p)
    local own = one.id or place
    if not one.change then expires = 0 end
    leaving[#leaving + 1] = place
    leaving[#leaving + 1] = struct.pack('>I6I6I2', expires, since, #own) .. own .. struct.pack('>I2', #burial) .. burial .. one.packed
    dead[#dead + 1] = one.p
    buried[#buried + 1] = place
  else
    if worn or expires < ends then
      if expires < ends then
        expires, since = keep, now
        if one.id then call('ZADD', ax, 'XX', expires, one.id) end
      end
      if worn then count = count + 1 end
      one.change = pack_change(expires, since, count)
      changes[#changes + 1] = p
      changes[#changes + 1] = one.change
    end
    if i <= came_back then back[#back + 1] = p end
    local n = #items + 1
    until_[2 * n - 1], until_[2 * n] = ARGV[3], p
    holders[2 * n - 1], holders[2 * n] = p, id
    record[n + 1] = struct.pack('>I7', one.p)
    items[n] = found_item(one)
  end
end
bulk('HSET', g, leaving)
remove(dead)
bulk('HSET', v, changes)
bulk('ZREM', b, back)
bulk('ZADD', h, until_)
bulk('HSET', o, holders)
if #items > 0 then call('HSET', c, id, table.concat(record)) end
save()
if #buried > 0 then
  load_marks()
  age_at(now) -- for Sweep, should what leaves never arrive
  save_marks()
end
return reply('ok', epoch, items, buried, #items == 0 and wake() or '0')
