-- keys: s b
-- uses: rest hold
-- quick_claim takes messages that nobody has had in hand, whose ID is their
-- position, and that live longer than the claim. It answers nothing if there are
-- others first.
local function quick_claim(id, ends, limit)
  if call('HEXISTS', c, id) == 1 then return end
  local es = call('XRANGE', s, '(' .. at(cursor), at(tail), 'COUNT', limit)
  if #es == 0 then return end
  local positions, texts, values = {}, {}, {}
  local last = math.max(tonumber(ends), now + 1)
  for i = 1, #es do
    local fields = es[i][2]
    if fields[4] or expiry(fields[2]) < last then return end
    texts[i], values[i] = string.sub(es[i][1], 1, -3), fields[2]
    positions[i] = tonumber(texts[i])
  end
  call('HSET', q, 'u', texts[#texts])
  return reply('ok', epoch, hold(id, ends, positions, texts), values, {}, {}, '0')
end

if ARGV[6] == '' and #ARGV[5] < 4 and at_rest(b) then
  local done = quick_claim(ARGV[2], ARGV[3], ARGV[5])
  if done then return done end
end
