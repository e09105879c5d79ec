-- keys: k kx g u
-- uses: begin
-- deletequeue
if not load() then return reply('queue') end
load_marks()
call('UNLINK', q, s, h, o, c, b, v, d, de, dm, a, ax, x, k, kx, w, wx)
local orphans = call('EXISTS', g) == 1
if orphans then
  age_at(now)
elseif call('EXISTS', u) == 0 then
  due_mark, age_mark, marked = 0, 0, true
end
save_marks()
if age_mark == 0 and due_mark == 0 and readers == 0 then call('UNLINK', m) end
epoch = '00000000'
tell('0', '0', '0', '0')
return reply('ok')
