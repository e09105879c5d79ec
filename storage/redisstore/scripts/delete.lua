-- uses: quickdelete find
-- delete: how ('one' 'all' 'held'), number of claims, the claims, epoch, the last
-- of the positions, all of them packed; IDs. Where these are the positions of one
-- epoch they come as such, and otherwise, with '' for the epoch, as they are.
local not_now = begin()
if not_now then return not_now end
local how, first = ARGV[2], 7 + tonumber(ARGV[3])
local of, last, places = ARGV[first - 3], tonumber(ARGV[first - 2]), ARGV[first - 1]
local claims = {}
for i = 4, first - 4 do claims[ARGV[i]] = true end

-- all_free is whether the claims that were named allow all to be deleted.
local function all_free(texts)
  if how == 'all' then return true end
  for from = 1, #texts, 2000 do
    local holders = call('HMGET', o, unpack(texts, from, math.min(from + 1999, #texts)))
    for i = 1, #holders do
      local free = not holders[i] and (how == 'held' or claims[''])
      if not free and not claims[holders[i]] then return false end
    end
  end
  return true
end

-- quick deletes without a look at a message, which is allowed where no ID can be
-- anybody else's and no answer depends on who is there. It is false if it is not.
local function quick()
  if of ~= epoch or last > tail or call('EXISTS', a) == 1 then return false end
  local texts = {}
  for i = first, #ARGV do texts[i - first + 1] = ARGV[i] end
  if not all_free(texts) then return false end
  bulk('XDEL', s, texts)
  if call('EXISTS', h, b, v) > 0 then let_go(texts) end
  return true
end

if first > #ARGV or quick() then return reply('ok') end
local gone, delayed = {}, {}
for i = first, #ARGV do
  local id = of == '' and ARGV[i] or of .. '-' .. counter16(ARGV[i])
  local m, n = look(id)
  if m then
    local held = m[5]
    if how == 'one' and not claims[held] then
      local mine = ARGV[4]
      if mine == '' then return reply('claimed') end
      if call('HEXISTS', c, mine) == 0 then return reply('noclaim') end
      return reply(held == '' and 'notclaimed' or 'claimed')
    end
    if how == 'held' and held ~= '' and not claims[held] then return reply('claimed') end
    if m[1] == 'd' then delayed[#delayed + 1] = n else gone[#gone + 1] = n end
  end
end
remove(gone)
for i = 1, #delayed do drop_delayed(delayed[i]) end
return reply('ok')
