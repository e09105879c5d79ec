-- uses: find
-- get: IDs
local not_now = begin()
if not_now then return not_now end
local items, seen = {}, {}
for i = 2, #ARGV do
  local found = not seen[ARGV[i]] and look(ARGV[i])
  seen[ARGV[i]] = true
  if found then items[#items + 1] = found end
end
return reply('ok', epoch, items)
