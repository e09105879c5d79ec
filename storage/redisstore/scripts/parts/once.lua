-- keys: k kx
-- uses: log
-- Idempotent posts: what a key, or a producer's sequence, is remembered for.
local once, key, sum, seq, until_, shape = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6], ARGV[7]
local posts = {}

-- stored_before answers a reply if the post is not to be stored.
local function stored_before()
  if once == '' then return end
  local kept = call('HGET', k, once .. key)
  local record = kept and tonumber(call('ZSCORE', kx, once .. key) or 0) > now and cmsgpack.unpack(kept)
  if once == 'k' then
    if not record then return end
    if record[1] ~= sum then return reply('reused') end
    return reply('repeated', epoch, record[2], record[3], record[4])
  end
  local last = 0
  if record then last, posts = record[1], record[2] end
  if seq ~= last + 1 and string.find(shape, ',') then return reply('apart') end
  if seq <= last and seq > 0 then
    local p = posts[#posts - (last - seq)]
    if p then return reply('repeated', epoch, p[1], p[2], p[3]) end
    return reply('repeated', epoch)
  end
  if seq ~= last + 1 then return reply('order', str(last + 1)) end
end

local function remember(tail_before, delays_before)
  if once == '' then return end
  if once == 'k' then
    call('HSET', k, once .. key, cmsgpack.pack({sum, str(tail_before), str(delays_before), shape}))
  else
    local last = seq - 1
    for one in string.gmatch(shape, '[^,]+') do -- several posts have no delayed messages
      if #posts == 64 then table.remove(posts, 1) end
      posts[#posts + 1] = {str(tail_before), str(delays_before), one}
      tail_before, last = tail_before + (tonumber(string.match(one, '^(%d+)i$')) or 0), last + 1
    end
    call('HSET', k, once .. key, cmsgpack.pack({last, posts}))
  end
  call('ZADD', kx, until_, once .. key)
  age_at(tonumber(until_))
end
