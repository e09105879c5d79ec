-- keys: s x
-- uses: state outbox
-- The log. Redis ends a block of a stream by the lengths of names and values,
-- without what it adds to each entry, so that the last one may tip the block into
-- the next size of the allocator. The name, which is stored once a block but
-- counted with each entry, is as long as what is added: 12 bytes.
local NAME = 'message-body'
local fresh    -- the first position that entered and is not yet in the index
local earliest -- before which nothing that entered expires

local function ends_at(expires)
  if not earliest or expires < earliest then earliest = expires end
end

-- enter puts a message at the end of the log, and of the outbox if somebody is
-- to be told. An id is given to those whose ID does not spell their position. When
-- it ends is said beside.
local function enter(packed, id)
  tail = tail + 1
  entered = entered + 1
  fresh = fresh or tail
  if id then
    call('XADD', s, at(tail), NAME, packed, 'i', id)
  else
    call('XADD', s, format('%d', tail), NAME, packed)
  end
  if readers > 0 then
    append_letter(packed, id or epoch .. '-' .. counter16(tail), tail)
    due_at(now)
  end
end

local function entry(p)
  local e = call('XRANGE', s, at(p), at(p))[1]
  if e then return e[2][2], e[2][4] end
end

local function save_entered()
  if fresh then
    for block = math.floor(fresh / BLOCK), math.floor(tail / BLOCK) do
      call('ZADD', x, 'LT', str(earliest), str(block))
    end
    age_at(earliest)
    fresh, earliest = nil, nil
  end
  save_outbox()
end

-- save keeps the state, and tells of what entered.
local function save()
  call('HSET', q, 't', str(tail), 'u', str(cursor), 'n', str(delays))
  if entered > 0 then
    save_entered()
    save_marks()
    tell(str(tail - entered + 1), str(tail), '0', '0')
    entered = 0
  end
end
