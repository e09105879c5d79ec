-- uses: subs
-- settle: subscription, lease, done, not before, attempts
local id = ARGV[2]
local p = progress_of(id)
if not p or p[5] ~= ARGV[3] or p[6] <= now or tonumber(call('ZSCORE', ux, id) or 0) <= now then return reply('lost') end
load_marks()
p[1] = math.max(p[1], math.min(tonumber(ARGV[4]), place))
local head = call('XRANGE', w, '(' .. at(p[1]), at(place), 'COUNT', 1)[1]
local tried = 0 -- the first of those under the lease that is not done
for i = #p[7], 1, -1 do
  if p[7][i] > p[1] then tried = p[7][i] end
end
p[2], p[3], p[4], p[5], p[6], p[7] = tonumber(ARGV[5]), tried, tonumber(ARGV[6]), '', 0, nil
if not head then p[1] = place end
if head or p[2] > now then
  local ready = math.max(p[2], now)
  keep_progress(id, p, ready)
  due_at(ready)
else
  keep_progress(id, p, IDLE + place)
end
trim()
save_marks()
return reply('ok')
