-- uses: find wake expire
-- stats
local not_now = begin()
if not_now then return not_now end
local pending = 0
if lease then
  local f = call('HMGET', q, 'pt', 'pn')
  pending = tonumber(f[1]) - tail
  if tonumber(f[2]) > delays then return wait() end
end
if not expire_log(2 * BLOCK) then return reply('again') end
local function of_log(e)
  if not e then return '' end
  local p = string.match(e[1], '^(%d+)')
  return item('p', p, e[2][2], e[2][4], call('HGET', o, p), call('HGET', v, p))
end
local function of_delayed(n)
  if not n then return '' end
  return item('d', n, call('HGET', dm, n), delayed_id(n))
end
local oldest = of_log(call('XRANGE', s, '-', at(tail), 'COUNT', 1)[1])
if oldest == '' then oldest = of_delayed(call('ZRANGE', d, 0, 0)[1]) end
local newest = of_delayed(call('ZRANGE', d, -1, -1)[1])
if newest == '' then newest = of_log(call('XREVRANGE', s, at(tail), '-', 'COUNT', 1)[1]) end
return reply('ok', epoch, str(tail), wake(), call('XLEN', s) - pending, call('ZCARD', h), call('HLEN', dm), oldest, newest)
