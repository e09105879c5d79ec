-- keys: h o c b v
-- uses: log
-- Claims and rests. A position is in h as long as somebody holds it or it rests,
-- in o as long as somebody holds it, and in b when it came back.

-- free lets positions go that were held, '' before or after the end of their
-- time. Their claims, by ID, end.
local function free(positions, claims)
  if #positions == 0 then return end
  local back = {}
  for i = 1, #positions do
    back[2 * i - 1], back[2 * i] = positions[i], positions[i]
  end
  bulk('HDEL', o, positions)
  bulk('ZREM', h, positions)
  bulk('ZADD', b, back)
  if #claims > 0 then bulk('HDEL', c, claims) end
end

-- settle_held lets claims and rests end. It is false if there are more.
local function settle_held()
  local ended = call('ZRANGEBYSCORE', h, '-inf', ARGV[1], 'LIMIT', '0', MOST)
  if #ended == 0 then return true end
  local claims = {}
  local ids = call('HMGET', o, unpack(ended))
  for i = 1, #ended do
    if ids[i] and ids[i] ~= claims[#claims] then claims[#claims + 1] = ids[i] end
  end
  free(ended, claims)
  return #ended < STEPS
end

-- shorten takes positions, a set of their texts and how many they are, out of a
-- claim.
local function shorten(id, taken, count)
  local record = call('HGET', c, id)
  if not record then return end
  if 12 + 7 * count == #record then
    call('HDEL', c, id)
    return
  end
  local left = {string.sub(record, 1, 12)}
  for i = 13, #record, 7 do
    if not taken[str(struct.unpack('>I7', record, i))] then left[#left + 1] = string.sub(record, i, i + 6) end
  end
  if #left == 1 then call('HDEL', c, id) else call('HSET', c, id, table.concat(left)) end
end

-- unhold takes positions, each once, out of the claims that hold them.
local function unhold(positions)
  local holders, taken, counts = call('HMGET', o, unpack(positions)), {}, {}
  for i = 1, #positions do
    local id = holders[i]
    if id then
      taken[id] = taken[id] or {}
      if not taken[id][positions[i]] then
        taken[id][positions[i]] = true
        counts[id] = (counts[id] or 0) + 1
      end
    end
  end
  call('HDEL', o, unpack(positions))
  for id, some in pairs(taken) do shorten(id, some, counts[id]) end
end

-- let_go forgets of messages that are taken out of the log, behind the cursor,
-- who holds them, that they came back, and what was changed.
local function let_go(texts)
  if call('EXISTS', v) == 1 then bulk('HDEL', v, texts) end
  for from = 1, #texts, 2000 do
    local part = texts
    if #texts > 2000 then part = {unpack(texts, from, math.min(from + 1999, #texts))} end
    local held = call('ZREM', h, unpack(part))
    if held < #part then call('ZREM', b, unpack(part)) end
    if held > 0 then unhold(part) end
  end
end

-- remove takes messages out of the log. What lies behind the cursor is there
-- alone; what does not may besides be held, or have come back.
local function remove(positions)
  if #positions == 0 then return end
  local texts, old = {}, {}
  for i = 1, #positions do
    texts[i] = str(positions[i])
    if positions[i] <= cursor then old[#old + 1] = texts[i] end
  end
  bulk('XDEL', s, texts)
  if #old > 0 then let_go(old) end
end
