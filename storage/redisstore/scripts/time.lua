-- keys: format
return redis.call('TIME')
