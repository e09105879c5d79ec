-- keys: projects names
-- forget (of the register): a project, if it has no queue
if redis.call('EXISTS', names) == 0 then redis.call('ZREM', projects, ARGV[1]) end
return {'ok'}
