-- uses: begin subs
-- take: lease, until, subscriptions, messages
if load() then
  local busy = settle_due()
  if busy then return busy end
  if entered > 0 then save() end
end
local lease_id, until_, most, letters = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
load_marks()
expire_subs(16)

-- letters_after are the next that have not expired; those that have go.
local function letters_after(cursor)
  local found, from, budget = {}, cursor, STEPS + letters
  while budget > 0 do
    local es = call('XRANGE', w, '(' .. at(from), at(place), 'COUNT', letters - #found)
    budget = budget - #es
    for i = 1, #es do
      from = place_of(es[i])
      local f = es[i][2]
      if expiry(f[2]) <= now then
        call('XDEL', w, es[i][1])
      else
        found[#found + 1] = {str(from), f[2], f[4], f[6]}
      end
    end
    if #es == 0 or #found == letters then return found, true end
  end
  return found, false
end

local woken = call('ZRANGEBYSCORE', ur, IDLE, '(' .. str(IDLE + place), 'LIMIT', 0, STEPS)
for i = 1, #woken do call('ZADD', ur, now, woken[i]) end
local ready = call('ZRANGEBYSCORE', ur, '-inf', now, 'LIMIT', 0, 2 * most)
local taken = {}
for i = 1, #ready do
  if #taken == most then break end
  local id = ready[i]
  local p, some, all = progress_of(id), {}, false
  if tonumber(call('ZSCORE', ux, id)) > now then some, all = letters_after(p[1]) end
  if #some > 0 then
    local attempts = p[3] == tonumber(some[1][1]) and p[4] or 0
    p[5], p[6], p[7] = lease_id, until_, {}
    for j = 1, #some do p[7][j] = tonumber(some[j][1]) end
    keep_progress(id, p, until_)
    taken[#taken + 1] = {call('HGET', u, id), attempts, some}
  elseif all then
    p[1] = place
    keep_progress(id, p, IDLE + place)
  end
end
set_due(next_due())
save_marks()
mark = told() -- also if nothing changed: the register named this queue
return reply('ok', taken)
