-- uses: begin
-- item is a message as an answer.
local function item(kind, number, packed, id, claim, change)
  return {kind, number, packed, id or '', claim or '', change or ''}
end

-- find is where the message with an ID is: 'p' and its position, 'd' and its
-- counter in 16 digits, or nothing.
local function find(id)
  local alias = alias_of(id)
  if alias then
    if string.sub(alias, 1, 1) == 'd' then return 'd', string.sub(id, 11) end
    return 'p', tonumber(string.match(alias, '^p(%d+)'))
  end
  if #id == 25 and string.sub(id, 1, 9) == epoch .. '-' then
    local p = tonumber(string.sub(id, 10), 16)
    if p <= tail then return 'p', p end
  end
end

-- look fetches the message with an ID, unless it has expired.
local function look(id)
  local kind, n = find(id)
  if kind == 'd' then
    local packed = call('HGET', dm, n)
    if packed then return item('d', n, packed, id), n end
  elseif kind == 'p' then
    local packed, own = entry(n)
    if not packed or (own or epoch .. '-' .. counter16(n)) ~= id then return end
    local p = str(n)
    local change = call('HGET', v, p)
    if expiry(packed, change) <= now then return end
    return item('p', p, packed, own, call('HGET', o, p), change), n
  end
end
