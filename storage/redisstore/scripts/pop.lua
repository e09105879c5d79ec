-- uses: gather
-- pop: limit
local not_now = begin()
if not_now then return not_now end
local found = gather(tonumber(ARGV[2]))
if not found then
  save()
  return reply('again')
end
remove(found.p)
save()
return reply('ok', epoch, pack_places(found.p), found.packed, extras(found))
