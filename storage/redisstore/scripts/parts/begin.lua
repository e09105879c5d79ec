-- uses: delayed holds
-- begin opens a script: all that time has brought about happens first. It answers
-- a reply if there is no more to be done now.
local function begin()
  if not load() then return reply('queue') end
  local busy = settle_due()
  if busy then return busy end
  if not settle_held() then
    save()
    return reply('again')
  end
  if entered > 0 then save() end
end
