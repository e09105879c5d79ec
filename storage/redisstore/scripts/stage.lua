-- uses: pieces
-- stage: as post, for a piece that is not the last; '' is the lease of the first,
-- which then takes the one named before the drafts
local token, mine = ARGV[10], ARGV[11]
if not load() then return reply('queue') end
load_marks()
local t, n, p = tail, delays, place
if token == '' then
  local busy = wait() or settle_due()
  if busy then return busy end
  if entered > 0 then save() end
  local before = stored_before()
  if before then return before end
  t, n, p = tail, delays, place
elseif not go_on(mine) then
  return reply('lost')
end
store(12, tonumber(ARGV[8]) > 0, tonumber(ARGV[9]))
save_entered()
take_lease(mine)
tail, delays, place, moved = t, n, p, false
save_marks()
return reply('ok')
