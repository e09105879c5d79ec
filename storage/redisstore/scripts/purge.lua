-- uses: begin
-- purge
if not load() then return reply('queue') end
local busy = wait()
if busy then return busy end
local ns = call('ZRANGE', de, 0, STEPS - 1)
for i = 1, #ns do drop_delayed(ns[i]) end
if #ns == STEPS then return reply('again') end
call('UNLINK', s, h, o, c, b, v, x)
cursor = tail
save()
return reply('ok')
