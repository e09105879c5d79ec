-- uses: once delayed
-- due_of is when a message falls due that is delayed.
local function due_of(packed)
  if bit.band(string.byte(packed), 2) ~= 0 then return (struct.unpack('>I6', packed, 14)) end
end

local function delay(packed, due)
  delays = delays + 1
  local n, expires = counter16(delays), expiry(packed)
  call('ZADD', d, due, n)
  call('ZADD', de, expires, n)
  call('HSET', dm, n, packed)
  name(delayed_id(n), 'd' .. str(tail), expires)
  age_at(expires)
end

-- store puts the drafts, from an argument on, behind the tail. Where some may be
-- delayed each is asked. Those that are not end at expires or later.
local function store(first, some_delayed, expires)
  for i = first, #ARGV do
    local due = some_delayed and due_of(ARGV[i])
    if due then delay(ARGV[i], due) else enter(ARGV[i]) end
  end
  if fresh then ends_at(expires) end
end
