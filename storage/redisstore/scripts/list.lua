-- uses: find wake
-- list: marker, its kind ('' 'p' 'd' 'm'), epoch, position, due, counter, limit,
-- with the claimed, with the delayed
local not_now = begin()
if not_now then return not_now end
local marker, kind, of, from = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local due, counter, limit = ARGV[6], ARGV[7], tonumber(ARGV[8])
local claimed, delayed = ARGV[9] == '1', ARGV[10] == '1'

local alias = marker ~= '' and alias_of(marker)
if alias then
  from, kind = tonumber(string.match(alias, '^.(%d+)')), 'p'
elseif of ~= epoch or kind == 'd' then
  from, kind = 0, 'p'
end

local items, scanned, budget = {}, from, STEPS
local function add(p, packed, id, change)
  if expiry(packed, change) <= now then return end
  items[#items + 1] = item('p', str(p), packed, id, claimed and call('HGET', o, str(p)), change)
end

if not claimed then
  while #items < limit and budget > 0 and scanned < cursor do
    local came = call('ZRANGEBYSCORE', b, '(' .. str(scanned), '+inf', 'LIMIT', 0, limit - #items)
    if #came == 0 then scanned = cursor end
    for i = 1, #came do
      scanned = tonumber(came[i])
      local packed, id = entry(scanned)
      if packed then add(scanned, packed, id, call('HGET', v, came[i])) end
    end
    budget = budget - #came
  end
end
while #items < limit and budget > 0 and scanned < tail do
  local es = call('XRANGE', s, '(' .. at(scanned), at(tail), 'COUNT', limit - #items)
  if #es == 0 then scanned = tail end
  for i = 1, #es do
    local m = string.match(es[i][1], '^(%d+)')
    scanned = tonumber(m)
    add(scanned, es[i][2][2], es[i][2][4], scanned <= cursor and call('HGET', v, m))
  end
  budget = budget - #es
end
if #items < limit and scanned < tail then return reply('part', epoch, str(tail), wake(), str(scanned), items) end

if delayed and #items < limit then
  local busy = wait() -- for a post that may have put some there already
  if busy then return busy end
  local rank = 0
  if kind == 'm' then
    -- The place may be empty by now: a stand-in just behind it finds the rank.
    call('ZADD', d, due, counter .. '!')
    rank = call('ZRANK', d, counter .. '!')
    call('ZREM', d, counter .. '!')
  end
  local ns = call('ZRANGE', d, rank, rank + limit - #items - 1, 'WITHSCORES')
  for i = 1, #ns, 2 do
    items[#items + 1] = item('d', ns[i], call('HGET', dm, ns[i]), delayed_id(ns[i]))
  end
end
return reply('ok', epoch, str(tail), wake(), str(scanned), items)
