-- keys: kept
-- format (of the register): that of the data, '' if there were none: they have the
-- one named from now on
return {redis.call('SET', kept, ARGV[1], 'NX', 'GET') or ''}
