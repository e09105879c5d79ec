-- uses: subs
-- unsubscribe: ID
load_marks()
unsubscribe(ARGV[2])
save_marks()
return reply('ok')
