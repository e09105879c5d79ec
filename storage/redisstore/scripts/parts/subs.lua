-- keys: u un ux ul ud uc ur d
-- uses: outbox
-- Subscriptions.

-- A subscription's record begins with its subscriber: two bytes of length first, and
-- if these do not suffice four more.
local function subscriber_of(record)
  local n, first = struct.unpack('>I2', record)
  if n == 65535 then n, first = struct.unpack('>I4', record, first) end
  return string.sub(record, first, first + n - 1)
end

-- A durable subscription is in ud with how far it has come: cursor, not before,
-- the letter that was tried, how often, the lease, until when it holds, and the
-- places of the letters under it. It is in uc by its cursor, and in ur by the instant at which it is to be looked at next,
-- or, if it has heard all, by its cursor above IDLE: then it is to be looked at
-- once there is more. IDLE lies behind all instants that fit 48 bits.
local IDLE = 2 ^ 49

local function progress_of(id)
  local p = call('HGET', ud, id)
  return p and cmsgpack.unpack(p)
end

local function keep_progress(id, p, ready)
  call('HSET', ud, id, cmsgpack.pack(p))
  call('ZADD', uc, p[1], id)
  call('ZADD', ur, ready, id)
end

-- trim removes letters that every durable subscription is past. There may be
-- very many: a part is left to Sweep.
local function trim()
  local slowest = tonumber(call('ZRANGE', uc, 0, 0, 'WITHSCORES')[2])
  if not slowest then
    call('UNLINK', w, wx)
  elseif call('XTRIM', w, 'MINID', '~', at(slowest + 1), 'LIMIT', 5000) >= 5000 then
    age_at(now)
  else
    call('XTRIM', w, 'MINID', at(slowest + 1))
  end
end

local function switch_on(id)
  readers, moved = readers + 1, true
  keep_progress(id, {place, 0, 0, 0, '', 0}, IDLE + place)
  local soon = call('ZRANGE', d, 0, 0, 'WITHSCORES')[2]
  if soon then due_at(tonumber(soon)) end -- of what falls due, it is to hear too
end

local function switch_off(id)
  if call('HDEL', ud, id) == 0 then return end
  readers, moved = readers - 1, true
  call('ZREM', uc, id)
  call('ZREM', ur, id)
  trim()
end

local function unsubscribe(id)
  local record = call('HGET', u, id)
  if not record then return end
  local subscriber = subscriber_of(record)
  if call('HGET', un, subscriber) == id then call('HDEL', un, subscriber) end
  call('HDEL', u, id)
  call('ZREM', ux, id)
  call('ZREM', ul, id)
  switch_off(id)
end

-- expire_subs is false if there are more.
local function expire_subs(limit)
  local gone = call('ZRANGEBYSCORE', ux, '-inf', now, 'LIMIT', 0, limit)
  for i = 1, #gone do unsubscribe(gone[i]) end
  return #gone < limit, #gone
end

-- next_due is when there is next something to deliver, 0 if never.
local function next_due()
  if readers == 0 then return 0 end
  local next = 0
  local function sooner(t) if next == 0 or t < next then next = t end end
  local soon = call('ZRANGE', d, 0, 0, 'WITHSCORES')[2]
  if soon then sooner(tonumber(soon)) end
  local first = call('ZRANGE', ur, 0, 0, 'WITHSCORES')[2]
  if first then
    first = tonumber(first)
    if first < IDLE then
      sooner(math.max(first, now))
    elseif first < IDLE + place then
      sooner(now)
    end
  end
  -- Behind those that are to be looked at later may be some that heard of nothing.
  if #call('ZRANGEBYSCORE', ur, IDLE, '(' .. str(IDLE + place), 'LIMIT', 0, 1) > 0 then sooner(now) end
  return next
end

local function set_due(t)
  if t ~= due_mark then due_mark, marked = t, true end
end
