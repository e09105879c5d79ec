package redisstore_test

import (
	"testing"

	"github.com/redis/go-redis/v9"
)

// bare is the store's layout without its duties: a stream of bodies, a cursor, and
// what is claimed by the end of its claim. Nothing expires but claims, nobody is
// told, anybody deletes, and a queue that is missing is made.
type bare struct {
	c                   *redis.Client
	keys                []string
	post, claim, remove *redis.Script
	bodies              []string
}

func newBare(c *redis.Client) *bare {
	return &bare{
		c:    c,
		keys: []string{"{bare}q", "{bare}s", "{bare}h"},
		post: redis.NewScript(`
local last = redis.call('HINCRBY', KEYS[1], 't', #ARGV)
for i = 1, #ARGV do redis.call('XADD', KEYS[2], last - #ARGV + i .. '-0', 'b', ARGV[i]) end
return last`),
		claim: redis.NewScript(`
local now, ends, limit = ARGV[1], ARGV[2], tonumber(ARGV[3])
local ids, bodies, held = {}, {}, {}
local function take(e)
  ids[#ids + 1], bodies[#bodies + 1] = e[1], e[2][2]
  held[#held + 1] = ends
  held[#held + 1] = e[1]
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, limit)) do
  local e = redis.call('XRANGE', KEYS[2], id, id)[1]
  if e then take(e) end
end
if #ids < limit then
  local cursor = redis.call('HGET', KEYS[1], 'u') or '0-0'
  local es = redis.call('XRANGE', KEYS[2], '(' .. cursor, '+', 'COUNT', limit - #ids)
  for i = 1, #es do take(es[i]) end
  if #es > 0 then redis.call('HSET', KEYS[1], 'u', es[#es][1]) end
end
if #ids == 0 then return {ids, bodies} end
redis.call('ZADD', KEYS[3], unpack(held))
return {ids, bodies}`),
		remove: redis.NewScript(`
redis.call('ZREM', KEYS[3], unpack(ARGV))
return redis.call('XDEL', KEYS[2], unpack(ARGV))`),
	}
}

func (h *bare) begin(b *testing.B, bodies []string) error {
	h.bodies = bodies
	return h.c.Del(b.Context(), h.keys...).Err()
}

func (h *bare) round(b *testing.B) error {
	ctx, now := b.Context(), benchTime.UnixMilli()
	args := make([]any, len(h.bodies))
	for i, body := range h.bodies {
		args[i] = body
	}
	if err := h.post.Run(ctx, h.c, h.keys, args...).Err(); err != nil {
		return err
	}
	found, err := h.claim.Run(ctx, h.c, h.keys, now, now+60_000, len(args)).Slice()
	if err != nil {
		return err
	}
	return h.remove.Run(ctx, h.c, h.keys, found[0].([]any)...).Err()
}
