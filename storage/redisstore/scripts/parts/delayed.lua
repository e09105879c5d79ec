-- keys: d de dm
-- uses: log alias
-- Delayed messages.
local function delayed_id(n) return epoch .. '-d' .. n end -- n in 16 digits

-- drop_delayed removes a message that has not fallen due.
local function drop_delayed(n)
  call('ZREM', d, n)
  call('ZREM', de, n)
  call('HDEL', dm, n)
  unname(delayed_id(n))
end

-- drop_expired_delayed is false if there are more.
local function drop_expired_delayed()
  local gone = call('ZRANGEBYSCORE', de, '-inf', ARGV[1], 'LIMIT', '0', MOST)
  for i = 1, #gone do drop_delayed(gone[i]) end
  return #gone < STEPS, #gone
end

local LEASE = 5000 -- milliseconds by the clock of this server

local function clock()
  local t = call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end

-- leased is how long the lease of a post that comes in pieces still holds;
-- nothing if there is none. One that would hold for longer than it was given is of
-- a clock that was ahead: it has ended.
local function leased()
  if not lease then return end
  local left = tonumber(string.match(lease, ' (%d+)$')) - clock()
  return left > LEASE and 0 or math.max(0, left)
end

-- abandon takes back a part of what a post left that never came to its end. From
-- the first part on it cannot go on: the lease is nobody's.
local function abandon()
  local f = call('HMGET', q, 'pn', 'pp')
  local gone = 0
  local function clear(stream, last)
    local es = call('XRANGE', stream, '(' .. at(last), '+', 'COUNT', STEPS)
    for i = 1, #es do call('XDEL', stream, es[i][1]) end
    if stream == s then call('HINCRBY', q, 'pt', str(-#es)) end -- for who counts the others
    gone = gone + #es
    if #es == 0 and call('EXISTS', stream) == 1 then call('XSETID', stream, at(last)) end
  end
  load_marks()
  clear(s, tail)
  if f[2] then clear(w, place) end
  local last = tonumber(f[1] or 0)
  while last > delays and gone < STEPS do
    drop_delayed(counter16(last))
    last, gone = last - 1, gone + 1
  end
  call('HSET', q, 'pn', str(last), 'l', '- 0')
  if gone == 0 then call('HDEL', q, 'l', 'pt', 'pn', 'pp') end
end

-- wait is the reply to who has to wait for such a post, or to try again after
-- having cleared away a part of it.
local function wait()
  local left = leased()
  if not left then return end
  if left > 0 then return reply('wait', left) end
  abandon()
  return reply('again')
end

-- settle_due lets messages enter the log that have fallen due. It answers a reply
-- if there is no more to be done now.
local function settle_due()
  if delays == 0 then return end
  if not drop_expired_delayed() then return reply('again') end
  local due = call('ZRANGEBYSCORE', d, '-inf', ARGV[1], 'LIMIT', '0', MOST)
  if #due == 0 then return end
  local busy = wait()
  if busy then return busy end
  load_marks()
  for i = 1, #due do
    local n = due[i]
    local packed = call('HGET', dm, n)
    local expires = expiry(packed)
    enter(packed, delayed_id(n))
    ends_at(expires)
    call('ZREM', d, n)
    call('ZREM', de, n)
    call('HDEL', dm, n)
    name(delayed_id(n), 'p' .. str(tail), expires)
  end
  if #due == STEPS then
    save()
    return reply('again')
  end
end
