-- keys: c h o
-- uses: values
-- hold lets a claim begin, with positions and their texts.
local function hold(id, ends, positions, texts)
  local until_, holders = {}, {}
  for i = 1, #texts do
    until_[2 * i - 1], until_[2 * i] = ends, texts[i]
    holders[2 * i - 1], holders[2 * i] = texts[i], id
  end
  local places = pack_places(positions)
  bulk('ZADD', h, until_)
  bulk('HSET', o, holders)
  call('HSET', c, id, struct.pack('>I6I6', now, tonumber(ends)) .. places)
  return places
end
