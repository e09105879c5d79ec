-- keys: g
-- uses: quickclaim gather wake held
-- claim: ID, when it ends, until when its messages live, limit, after how many
-- claims a message is buried ('' for never), the burial (for Go)
local not_now = begin()
if not_now then return not_now end
local id, ends, keep, limit, worn, burial = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7]
local known = call('HGET', c, id)
if known then return reply('known', epoch, answer_claim(id, known)) end
local found = gather(limit)
if not found then
  save()
  return reply('again')
end
local buried, leaving = {}, {}

-- change_of reads what was changed of a message: expiry, since when, claims.
local function change_of(i)
  if not found.change[i] then return found.expires[i], 0, 0 end
  return struct.unpack('>I6I6I4', found.change[i])
end

local function retire(i)
  local expires, since = change_of(i)
  local place = epoch .. '-' .. counter16(found.p[i])
  local own = found.id[i] or place
  if not found.change[i] then expires = 0 end
  leaving[#leaving + 1] = place
  leaving[#leaving + 1] = struct.pack('>I6I6I2', expires, since, #own) .. own .. struct.pack('>I2', #burial) .. burial .. found.packed[i]
  buried[#buried + 1] = place
end

-- retire_worn takes those out of what was found that are to be buried.
local function retire_worn()
  local young, dead = {p = {}, text = {}, packed = {}, expires = {}, id = {}, change = {}, back = 0}, {}
  for i = 1, #found.p do
    local _, _, count = change_of(i)
    if count >= worn then
      retire(i)
      dead[#dead + 1] = found.p[i]
    else
      local n = #young.p + 1
      for what, list in pairs(young) do
        if what ~= 'back' then list[n] = found[what][i] end
      end
      if i <= found.back then young.back = n end
    end
  end
  bulk('HSET', g, leaving)
  remove(dead)
  found = young
end

-- prolong counts a claim, and lets a message live that would end before it.
local changes = {}
local function prolong(i)
  local expires, since, count = change_of(i)
  if expires < ends then
    expires, since = keep, now
    if found.id[i] then call('ZADD', ax, 'XX', expires, found.id[i]) end
  end
  found.change[i] = pack_change(expires, since, worn and count + 1 or count)
  changes[#changes + 1] = found.text[i]
  changes[#changes + 1] = found.change[i]
end

if worn then retire_worn() end
for i = 1, #found.p do
  if worn or found.expires[i] < ends then prolong(i) end
end
bulk('HSET', v, changes)
local back = {}
for i = 1, found.back do back[i] = found.text[i] end
bulk('ZREM', b, back)
local places = #found.p > 0 and hold(id, ARGV[3], found.p, found.text) or ''
save()
if #buried > 0 then
  load_marks()
  age_at(now) -- for Sweep, should what leaves never arrive
  save_marks()
end
return reply('ok', epoch, places, found.packed, extras(found), buried, #found.p == 0 and wake() or '0')
