-- keys: m
-- uses: values
-- What the register, which lies in another slot, has to know of a queue: when
-- there is next something to deliver, and when something ends that Sweep removes
-- (0: never). A change is given a version and is answered, for Go to tell the
-- register, which takes the highest version whatever the order they arrive in. So
-- a mark that was set is never covered by an older one. Versions are instants of
-- this server, in microseconds, or one more than the last: they go on when the
-- record was dropped, and after a failover that lost a part.
local due_mark, age_mark, version
local place, readers -- of the outbox: its tail, and how many subscriptions read it
local marked, moved  -- what was changed: the marks, the outbox

local function load_marks()
  if version then return end
  local f = call('HMGET', m, 'd', 'e', 'v', 'p', 'r')
  due_mark, age_mark, version = tonumber(f[1] or 0), tonumber(f[2] or 0), tonumber(f[3] or 0)
  place, readers = tonumber(f[4] or 0), tonumber(f[5] or 0)
end

local function due_at(t)
  if due_mark == 0 or t < due_mark then due_mark, marked = t, true end
end

local function age_at(t)
  if age_mark == 0 or t < age_mark then age_mark, marked = t, true end
end

local function told() return table.concat({str(version), str(due_mark), str(age_mark)}, ' ') end

local function save_marks()
  if marked then
    local t = call('TIME')
    version = math.max(version + 1, tonumber(t[1]) * 1000000 + tonumber(t[2]))
    call('HSET', m, 'd', str(due_mark), 'e', str(age_mark), 'v', str(version), 'p', str(place), 'r', str(readers))
    mark = told()
  elseif moved then
    call('HSET', m, 'p', str(place), 'r', str(readers))
  end
  marked, moved = false, false
end
