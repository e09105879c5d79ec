-- uses: find
-- gather finds the first free messages. It answers lists: positions, their texts,
-- values, expiries, and, with gaps, IDs and changes; and how many of these had come
-- back, which come first. It is nothing if so many expired ones lay before them
-- that it is better to go on in another script.
local function gather(limit)
  local found = {p = {}, text = {}, packed = {}, expires = {}, id = {}, change = {}, back = 0}
  local n, dead, scanned = 0, {}, cursor
  local function take(text, packed, id, change)
    local expires = expiry(packed, change)
    if expires <= now then
      dead[#dead + 1] = tonumber(text)
      return
    end
    n = n + 1
    found.p[n], found.text[n], found.packed[n], found.expires[n] = tonumber(text), text, packed, expires
    if id then found.id[n] = id end
    if change then found.change[n] = change end
  end
  local from = '-inf'
  while n < limit and #dead < STEPS do
    local most = math.min(limit - n, STEPS)
    local came = call('ZRANGEBYSCORE', b, from, '+inf', 'LIMIT', '0', str(most))
    if #came == 0 then break end
    local changes = call('HMGET', v, unpack(came))
    for i = 1, #came do
      local packed, id = entry(came[i])
      if packed then
        take(came[i], packed, id, changes[i])
      else
        call('ZREM', b, came[i])
      end
    end
    if #came < most then break end
    from = '(' .. came[#came]
  end
  found.back = n
  while n < limit and #dead < STEPS and scanned < tail do
    local most = math.min(limit - n, 4 * STEPS)
    local es = call('XRANGE', s, '(' .. at(scanned), at(tail), 'COUNT', str(most))
    for i = 1, #es do
      local fields = es[i][2]
      take(string.sub(es[i][1], 1, -3), fields[2], fields[4], false)
    end
    scanned = #es < most and tail or tonumber(string.sub(es[most][1], 1, -3))
  end
  remove(dead)
  if n < limit and #dead >= STEPS then return nil end
  cursor = scanned
  return found
end

-- extras are what few of many messages have: their places in the list, each with
-- its ID and change.
local function extras(found)
  local list = {}
  for i = 1, #found.p do
    if found.id[i] or found.change[i] then
      list[#list + 1] = i
      list[#list + 1] = found.id[i] or ''
      list[#list + 1] = found.change[i] or ''
    end
  end
  return list
end
