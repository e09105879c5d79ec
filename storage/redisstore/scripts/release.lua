-- uses: begin
-- release: ID, until when its messages rest
local not_now = begin()
if not_now then return not_now end
local record, visible = call('HGET', c, ARGV[2]), tonumber(ARGV[3])
if not record then return reply('ok') end
local positions, rests = {}, {}
for i = 13, #record, 7 do
  local p = str(struct.unpack('>I7', record, i))
  positions[#positions + 1] = p
  rests[#rests + 1] = visible
  rests[#rests + 1] = p
end
if visible > now then
  bulk('HDEL', o, positions)
  bulk('ZADD', h, rests)
  call('HDEL', c, ARGV[2])
else
  free(positions, {ARGV[2]})
end
tell('0', '0', '1', '0')
return reply('ok')
