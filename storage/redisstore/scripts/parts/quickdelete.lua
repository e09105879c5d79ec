-- keys: s c o a v
-- uses: rest
-- quick_delete takes away all that one claim holds. It is false if this is not what
-- is to be deleted, or an ID might be somebody else's.
local function quick_delete(id, of, places)
  local record = of == epoch and call('HGET', c, id)
  if not record or string.sub(record, 13) ~= places then return false end
  local texts = {unpack(ARGV, 8)}
  call('XDEL', s, unpack(texts))
  call('ZREM', h, unpack(texts))
  call('HDEL', o, unpack(texts))
  call('HDEL', c, id)
  return true
end

if ARGV[3] == '1' and #ARGV < 1000 and at_rest(a, v) and quick_delete(ARGV[4], ARGV[5], ARGV[7]) then return reply('ok') end
