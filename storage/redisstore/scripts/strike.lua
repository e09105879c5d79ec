-- keys: doubts names
-- strike (of the register): a queue, its name
redis.call('SADD', doubts, ARGV[1])
redis.call('ZREM', names, ARGV[2])
return {'ok'}
