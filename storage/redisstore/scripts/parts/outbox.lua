-- keys: w wx
-- uses: marks
-- The outbox: what durable subscriptions still have to hear of.
local letter_blocks = {} -- block → earliest expiry in it

local function append_letter(packed, id, position)
  place, moved = place + 1, true
  local block, expires = math.floor(place / BLOCK), expiry(packed)
  if not letter_blocks[block] or expires < letter_blocks[block] then letter_blocks[block] = expires end
  call('XADD', w, at(place), '', packed, 'i', id, 'p', str(position))
end

local function save_outbox()
  for block, expires in pairs(letter_blocks) do call('ZADD', wx, 'LT', expires, block) end
  letter_blocks = {}
end
