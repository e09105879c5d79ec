-- keys: q ev
-- uses: values
-- The state of a queue.
local epoch, tail, cursor, delays -- once loaded
local lease                       -- of a post that comes in pieces, or false
local entered = 0                 -- how many entered the log

-- load is false if there is no queue.
local function load()
  if epoch == nil then
    local f = call('HMGET', q, 'e', 't', 'u', 'n', 'l')
    epoch, tail, cursor, delays, lease = f[1], tonumber(f[2]), tonumber(f[3]), tonumber(f[4]), f[5]
  end
  return epoch
end

-- tell tells the followers. The channel is in the slot of the queue: another one
-- would fail after the writes.
local function tell(first, last, freed, due)
  call('SPUBLISH', ev, table.concat({epoch, first, last, freed, due}, ' '))
end
