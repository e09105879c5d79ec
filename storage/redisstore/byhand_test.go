package redisstore_test

import (
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"
)

// byHand is what somebody would write who needs to post, claim and delete and
// nothing else: no delay, no idempotency, no subscription, no marker. What it
// shares with the store are the duties of these three: order, claims that end,
// messages that expire and are found by it, and followers that are told.
type byHand struct {
	c                   *redis.Client
	keys                []string
	post, claim, remove *redis.Script
	bodies              []string
}

func newByHand(c *redis.Client) *byHand {
	h := &byHand{c: c}
	for _, k := range []string{"q", "s", "x", "h", "o", "c", "b", "ev"} {
		h.keys = append(h.keys, "{by-hand}"+k)
	}
	h.post = redis.NewScript(`
local tail = tonumber(redis.call('HGET', KEYS[1], 't'))
if not tail then return redis.error_reply('no queue') end
local first = tail + 1
for i = 3, #ARGV do
  tail = tail + 1
  redis.call('XADD', KEYS[2], string.format('%.0f-0', tail), '', ARGV[i])
end
for block = math.floor(first / 128), math.floor(tail / 128) do redis.call('ZADD', KEYS[3], 'LT', ARGV[2], block) end
redis.call('HSET', KEYS[1], 't', string.format('%.0f', tail))
redis.call('SPUBLISH', KEYS[8], string.format('%.0f %.0f', first, tail))
return {first, tail}`)
	h.claim = redis.NewScript(settleByHand + `
if redis.call('HEXISTS', KEYS[6], ARGV[2]) == 1 then return redis.error_reply('known') end
local limit = tonumber(ARGV[4])
local found = {}
for _, p in ipairs(redis.call('ZRANGEBYSCORE', KEYS[7], '-inf', '+inf', 'LIMIT', 0, limit)) do
  local e = redis.call('XRANGE', KEYS[2], p .. '-0', p .. '-0')[1]
  if e then found[#found + 1] = e end
  redis.call('ZREM', KEYS[7], p)
end
local state = redis.call('HMGET', KEYS[1], 'u', 't')
local es = redis.call('XRANGE', KEYS[2], '(' .. state[1] .. '-0', state[2] .. '-0', 'COUNT', limit - #found)
for i = 1, #es do found[#found + 1] = es[i] end
local held, holders, record, items = {}, {}, {}, {}
for i = 1, #found do
  local p = string.match(found[i][1], '^%d+')
  if struct.unpack('>I6', found[i][2][2]) > tonumber(ARGV[1]) then
    held[#held + 1] = ARGV[3]
    held[#held + 1] = p
    holders[#holders + 1] = p
    holders[#holders + 1] = ARGV[2]
    record[#record + 1] = p
    items[#items + 1] = {p, found[i][2][2]}
  end
  if i > #found - #es then state[1] = p end
end
redis.call('ZADD', KEYS[4], unpack(held))
redis.call('HSET', KEYS[5], unpack(holders))
redis.call('HSET', KEYS[6], ARGV[2], table.concat(record, ' '))
redis.call('HSET', KEYS[1], 'u', state[1])
return items`)
	h.remove = redis.NewScript(settleByHand + `
local positions = {unpack(ARGV, 3)}
local holders = redis.call('HMGET', KEYS[5], unpack(positions))
for i = 1, #holders do
  if holders[i] and holders[i] ~= ARGV[2] then return redis.error_reply('claimed') end
end
local ids, mine = {}, {}
for i = 1, #positions do
  ids[i] = positions[i] .. '-0'
  mine[positions[i]] = true
end
redis.call('XDEL', KEYS[2], unpack(ids))
redis.call('ZREM', KEYS[4], unpack(positions))
redis.call('HDEL', KEYS[5], unpack(positions))
local left = {}
for p in string.gmatch(redis.call('HGET', KEYS[6], ARGV[2]) or '', '%d+') do
  if not mine[p] then left[#left + 1] = p end
end
if #left == 0 then
  redis.call('HDEL', KEYS[6], ARGV[2])
else
  redis.call('HSET', KEYS[6], ARGV[2], table.concat(left, ' '))
end
return #positions`)
	return h
}

// settleByHand lets claims end.
const settleByHand = `
if redis.call('EXISTS', KEYS[1]) == 0 then return redis.error_reply('no queue') end
for _, p in ipairs(redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', ARGV[1], 'LIMIT', 0, 256)) do
  redis.call('HDEL', KEYS[6], redis.call('HGET', KEYS[5], p) or '')
  redis.call('HDEL', KEYS[5], p)
  redis.call('ZREM', KEYS[4], p)
  redis.call('ZADD', KEYS[7], p, p)
end`

func (h *byHand) begin(b *testing.B, bodies []string) error {
	h.bodies = bodies
	if err := h.c.Del(b.Context(), h.keys...).Err(); err != nil {
		return err
	}
	return h.c.HSet(b.Context(), h.keys[0], "t", 0, "u", 0).Err()
}

func (h *byHand) round(b *testing.B) error {
	ctx, now := b.Context(), benchTime.UnixMilli()
	expires := now + 3_600_000
	args := []any{now, expires}
	for _, body := range h.bodies {
		packed := make([]byte, 0, 6+len(body))
		for shift := 40; shift >= 0; shift -= 8 {
			packed = append(packed, byte(expires>>shift))
		}
		args = append(args, append(packed, body...))
	}
	if err := h.post.Run(ctx, h.c, h.keys, args...).Err(); err != nil {
		return err
	}
	order := fmt.Sprint("order-of-a-length-like-a-uuid-", orders.Add(1))
	items, err := h.claim.Run(ctx, h.c, h.keys, now, order, now+60_000, len(h.bodies)).Slice()
	if err != nil {
		return err
	}
	args = []any{now, order}
	for _, one := range items {
		args = append(args, one.([]any)[0])
	}
	return h.remove.Run(ctx, h.c, h.keys, args...).Err()
}
