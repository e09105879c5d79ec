-- uses: held
-- getclaim: ID
local not_now = begin()
if not_now then return not_now end
local record = call('HGET', c, ARGV[2])
if not record then return reply('noclaim') end
return reply('ok', epoch, answer_claim(ARGV[2], record))
