-- keys: marks due ages
-- mark (of the register): queue, version, when there is something to deliver and
-- when something ends, 0 for never. An older version changes nothing, so it does
-- not matter in which order marks arrive; and one that is lost is told again when
-- the queue is next swept.
local had = redis.call('HGET', marks, ARGV[1])
if had and tonumber(had) > tonumber(ARGV[2]) then return {'old'} end
local function set(index, t)
  if t == '0' then
    redis.call('ZREM', index, ARGV[1])
  else
    redis.call('ZADD', index, t, ARGV[1])
  end
end
set(due, ARGV[3])
set(ages, ARGV[4])
if ARGV[3] == '0' and ARGV[4] == '0' then
  redis.call('HDEL', marks, ARGV[1])
else
  redis.call('HSET', marks, ARGV[1], ARGV[2])
end
return {'ok'}
