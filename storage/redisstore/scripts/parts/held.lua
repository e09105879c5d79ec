-- uses: find
-- answer_claim is a claim as an answer: created, end, messages.
local function answer_claim(id, record)
  local items = {}
  for i = 13, #record, 7 do
    local p = struct.unpack('>I7', record, i)
    local packed, own = entry(p)
    if packed then items[#items + 1] = item('p', str(p), packed, own, id, call('HGET', v, str(p))) end
  end
  local created, ends = struct.unpack('>I6I6', record)
  return str(created), str(ends), items
end
