-- keys: s x
-- uses: state outbox
-- The log.
local blocks = {} -- block → earliest expiry of what entered it

-- enter puts a message at the end of the log, and of the outbox if somebody is
-- to be told. An id is given to those whose ID does not spell their position.
local function enter(packed, id)
  tail = tail + 1
  entered = entered + 1
  local block, expires = math.floor(tail / BLOCK), expiry(packed)
  if not blocks[block] or expires < blocks[block] then blocks[block] = expires end
  local place = string.format('%.0f-0', tail)
  if id then
    call('XADD', s, place, '', packed, 'i', id)
  else
    call('XADD', s, place, '', packed)
  end
  if readers > 0 then
    append_letter(packed, id or epoch .. '-' .. counter16(tail), tail)
    due_at(now)
  end
end

local function entry(p)
  local e = call('XRANGE', s, at(p), at(p))[1]
  if e then return e[2][2], e[2][4] end
end

local function save_entered()
  for block, expires in pairs(blocks) do
    call('ZADD', x, 'LT', expires, block)
    age_at(expires)
  end
  blocks = {}
  save_outbox()
end

-- save keeps the state, and tells of what entered.
local function save()
  call('HSET', q, 't', str(tail), 'u', str(cursor), 'n', str(delays))
  if entered > 0 then
    save_entered()
    save_marks()
    tell(str(tail - entered + 1), str(tail), '0', '0')
    entered = 0
  end
end
