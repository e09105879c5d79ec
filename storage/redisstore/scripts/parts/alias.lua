-- keys: a ax
-- uses: values
-- Aliases: where a message is or was whose ID does not spell its position.
local function name(id, value, expires)
  call('HSET', a, id, value)
  call('ZADD', ax, expires, id)
end

local function unname(id)
  call('HDEL', a, id)
  call('ZREM', ax, id)
end

-- alias_of is where the message with an ID is or was, until it would have expired.
local function alias_of(id)
  local alias = call('HGET', a, id)
  if alias and tonumber(call('ZSCORE', ax, id)) > now then return alias end
end
