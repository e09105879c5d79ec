-- keys: d
-- uses: log
-- Most posts are stored here, before the script has defined what they do not need,
-- which would take longer than a message: no key, nothing delayed, no lease.
if not load() then return reply('queue') end
load_marks()
if ARGV[2] == '' and ARGV[8] == '0' and ARGV[10] == '' and not lease and call('EXISTS', d) == 0 then
  local before = str(tail)
  ends_at(tonumber(ARGV[9]))
  for i = 11, #ARGV do enter(ARGV[i]) end
  save()
  return reply('ok', epoch, before, str(delays), ARGV[7])
end
