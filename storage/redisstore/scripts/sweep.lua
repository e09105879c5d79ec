-- keys: k kx g
-- uses: begin expire subs
-- sweep: limit
local limit = tonumber(ARGV[2])
local removed, done = 0, true
local function note(finished, n)
  removed = removed + n
  done = done and finished
end
local there = load()
load_marks()
if there then
  note(drop_expired_delayed())
  note(expire_log(limit))
  local faded = call('ZRANGEBYSCORE', ax, '-inf', now, 'LIMIT', 0, STEPS)
  for i = 1, #faded do unname(faded[i]) end
  note(#faded < STEPS, #faded)
  local stale = call('ZRANGEBYSCORE', kx, '-inf', now, 'LIMIT', 0, STEPS)
  for i = 1, #stale do
    call('HDEL', k, stale[i])
    call('ZREM', kx, stale[i])
  end
  note(#stale < STEPS, #stale)
  if lease and leased() == 0 then
    abandon()
    note(false, 0)
  end
end
note(expire_subs(STEPS))
if not lease then
  note(expire_outbox(limit))
  trim()
end
local leaving = call('HLEN', g)
age_mark, marked = 0, true
local function first_of(index)
  local t = call('ZRANGE', index, 0, 0, 'WITHSCORES')[2]
  if t then age_at(tonumber(t)) end
end
first_of(de); first_of(x); first_of(ax); first_of(kx); first_of(ux); first_of(wx)
if leaving > 0 or lease then age_at(now) end
due_mark = next_due()
save_marks()
if not there and age_mark == 0 and due_mark == 0 and readers == 0 then call('UNLINK', m) end
return reply(there and 'ok' or 'queue', removed, done and 1 or 0, leaving)
