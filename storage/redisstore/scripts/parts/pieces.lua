-- uses: store
-- A post of very many messages comes in pieces, so that no script takes long.
-- Under a lease they are put behind the tail, and behind that of the outbox, where
-- nobody looks; the last piece moves the tails. Until then whatever would move
-- them waits. Who finds that the lease has ended clears away what is there.
local function take_lease(token)
  call('HSET', q, 'l', token .. ' ' .. str(clock() + LEASE), 'pt', str(tail), 'pn', str(delays), 'pp', str(place))
end

-- go_on moves to behind what came before. It is false if the lease was lost.
local function go_on(token)
  if not lease or string.match(lease, '^%S+') ~= token then return false end
  local f = call('HMGET', q, 'pt', 'pn', 'pp')
  tail, delays, place = tonumber(f[1]), tonumber(f[2]), tonumber(f[3])
  return true
end
