-- uses: holds
-- expire_blocks removes what has expired from a stream, looking at blocks in
-- which there is some until limit entries were looked at. It is false if there is
-- more, and says how many it removed. What lies above last is not there yet.
local function expire_blocks(index, stream, last, limit, change_of, drop)
  local removed = 0
  while limit > 0 do
    local block = call('ZRANGEBYSCORE', index, '-inf', now, 'LIMIT', 0, 1)[1]
    if not block then return true, removed end
    local first = tonumber(block) * BLOCK
    local es = call('XRANGE', stream, at(math.max(first, 1)), at(first + BLOCK - 1))
    local next, gone = nil, {}
    for i = 1, #es do
      local p = place_of(es[i])
      local expires = expiry(es[i][2][2], change_of(p))
      if p > last then expires = math.max(expires, now + 1) end
      if expires <= now then
        gone[#gone + 1] = p
      elseif not next or expires < next then
        next = expires
      end
    end
    drop(gone)
    removed = removed + #gone
    if next then call('ZADD', index, next, block) else call('ZREM', index, block) end
    limit = limit - BLOCK
  end
  return call('ZCOUNT', index, '-inf', now) == 0, removed
end

local function expire_log(limit)
  local function change_of(p) return p <= cursor and call('HGET', v, str(p)) end
  return expire_blocks(x, s, tail, limit, change_of, remove)
end

local function expire_outbox(limit)
  local function drop(gone)
    for i = 1, #gone do call('XDEL', w, at(gone[i])) end
  end
  return expire_blocks(wx, w, place, limit, function() return false end, drop)
end
