-- uses: once delayed
-- store puts drafts, from an argument on, behind the tail: each as the instant it
-- falls due ('' for at once) and the message.
local function store(first)
  for i = first, #ARGV, 2 do
    local due, packed = ARGV[i], ARGV[i + 1]
    if due == '' then
      enter(packed)
    else
      delays = delays + 1
      local n, expires = counter16(delays), expiry(packed)
      call('ZADD', d, due, n)
      call('ZADD', de, expires, n)
      call('HSET', dm, n, packed)
      name(delayed_id(n), 'd' .. str(tail), expires)
      age_at(expires)
    end
  end
end
