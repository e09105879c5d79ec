-- uses: find
-- gather finds the first free messages. It is nothing if so many expired ones
-- lay before them that it is better to go on in another script. How many of what
-- it found had come back is its second answer: these come first.
local function gather(limit)
  local found, dead, scanned = {}, {}, cursor
  local function take(text, packed, id, change)
    local p, expires = tonumber(text), expiry(packed, change)
    if expires <= now then
      dead[#dead + 1] = p
    else
      found[#found + 1] = {p = p, text = text, packed = packed, id = id, change = change, expires = expires}
    end
  end
  local from = '-inf'
  while #found < limit and #dead < STEPS do
    local came = call('ZRANGEBYSCORE', b, from, '+inf', 'LIMIT', 0, math.min(limit - #found, STEPS))
    if #came == 0 then break end
    local changes = call('HMGET', v, unpack(came))
    for i = 1, #came do
      local packed, id = entry(tonumber(came[i]))
      if packed then
        take(came[i], packed, id, changes[i])
      else
        call('ZREM', b, came[i])
      end
    end
    from = '(' .. came[#came]
  end
  local came_back = #found
  while #found < limit and #dead < STEPS and scanned < tail do
    local es = call('XRANGE', s, '(' .. at(scanned), at(tail), 'COUNT', math.min(limit - #found, 4 * STEPS))
    if #es == 0 then
      scanned = tail
      break
    end
    for i = 1, #es do
      local e, text = es[i][2], string.match(es[i][1], '^%d+')
      take(text, e[2], e[4], false)
      scanned = tonumber(text)
    end
  end
  remove(dead)
  if #found < limit and #dead >= STEPS then return nil end
  cursor = scanned
  return found, came_back
end

-- found_item is what gather found as an answer, which is short since there are
-- many: position, message, and if there is either, ID and change.
local function found_item(one)
  if not one.id and not one.change then return {one.text, one.packed} end
  return {one.text, one.packed, one.id or '', one.change or ''}
end
