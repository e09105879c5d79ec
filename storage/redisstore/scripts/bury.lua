-- uses: begin
-- bury: for each dead letter the place it left, its ID and the message
local not_now = begin()
if not_now then return not_now end
local busy = wait()
if busy then return busy end
load_marks()
for i = 2, #ARGV, 3 do
  local left, id, packed = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local alias = call('HGET', a, id)
  if not alias or string.match(alias, '@(.+)$') ~= left then
    local expires = expiry(packed)
    enter(packed, id)
    ends_at(expires)
    name(id, 'p' .. str(tail) .. '@' .. left, expires)
  end
end
save()
return reply('ok')
