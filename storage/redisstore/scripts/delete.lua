-- uses: find
-- delete: how ('one' 'all' 'held'), number of claims, the claims, IDs
local not_now = begin()
if not_now then return not_now end
local how, first = ARGV[2], 4 + tonumber(ARGV[3])
local claims = {}
for i = 4, first - 1 do claims[ARGV[i]] = true end

-- plain finds the positions of all without a look at a message, which is allowed
-- where no ID can be anybody else's and no answer depends on who is there.
local function plain()
  if first > #ARGV or call('HLEN', a) > 0 then return end
  local positions, names = {}, {}
  for i = first, #ARGV do
    if #ARGV[i] ~= 25 or string.sub(ARGV[i], 1, 9) ~= epoch .. '-' then return end
    local p = tonumber(string.sub(ARGV[i], 10), 16)
    if p > 0 and p <= tail then
      positions[#positions + 1] = p
      names[#names + 1] = str(p)
    end
  end
  if how == 'all' then return positions end
  for from = 1, #names, 2000 do
    local holders = call('HMGET', o, unpack(names, from, math.min(from + 1999, #names)))
    for i = 1, #holders do
      local free = not holders[i] and (how == 'held' or claims[''])
      if not free and not claims[holders[i]] then return end
    end
  end
  return positions
end

local gone, delayed = plain(), {}
if not gone then
  gone = {}
  for i = first, #ARGV do
    local m, n = look(ARGV[i])
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
end
remove(gone)
for i = 1, #delayed do drop_delayed(delayed[i]) end
return reply('ok')
