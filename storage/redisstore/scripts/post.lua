-- uses: quickpost pieces
-- post: kind of once ('' 'k' 'p'), its name, sum, seq, until, shape of the post,
-- (of several of a producer, whose numbers follow each other: with commas between),
-- when the first of its delayed falls due (0: there is none), before which none of
-- the others ends, the lease of the pieces before ('' for none), drafts
local token = ARGV[10]
if token == '' then
  local busy = wait() or settle_due()
  if busy then return busy end
  if entered > 0 then save() end
  local before = stored_before()
  if before then return before end
end
local tail_before, delays_before = tail, delays
if token ~= '' then
  if not go_on(token) then return reply('lost') end
  entered, moved = tail - tail_before, true
  stored_before() -- for what it reads: nobody can have posted since the first piece
  if readers > 0 then due_at(now) end
  call('HDEL', q, 'l', 'pt', 'pn', 'pp')
end
local first_due = tonumber(ARGV[8])
store(11, first_due > 0, tonumber(ARGV[9]))
remember(tail_before, delays_before)
if first_due > 0 then
  if readers > 0 then due_at(first_due) end
  tell('0', '0', '0', ARGV[8])
end
save()
save_marks()
return reply('ok', epoch, str(tail_before), str(delays_before), shape)
