-- uses: delayed holds
-- wake is when there may next be more to claim, '0' if never.
local function wake()
  local next = tonumber(call('ZRANGE', h, 0, 0, 'WITHSCORES')[2])
  local soon = call('ZRANGE', d, 0, 15, 'WITHSCORES')
  for i = 1, #soon, 2 do
    local due = tonumber(soon[i + 1])
    if due < tonumber(call('ZSCORE', de, soon[i])) or i == 31 then
      if not next or due < next then next = due end
      break
    end
  end
  return str(next or 0)
end
