-- uses: gather
-- pop: limit
local not_now = begin()
if not_now then return not_now end
local found = gather(tonumber(ARGV[2]))
if not found then
  save()
  return reply('again')
end
local items, gone = {}, {}
for i = 1, #found do
  local one = found[i]
  items[i] = found_item(one)
  gone[i] = one.p
end
remove(gone)
save()
return reply('ok', epoch, items)
