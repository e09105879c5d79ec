package redisstore_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/storagetest"
)

// leastRights are those that a store needs, as docs/storage.md has them.
const leastRights = `~{* &{* -@all
	+hello +select +ping +info +eval +evalsha +multi +exec +wait +ssubscribe +sunsubscribe +cluster|slots +asking
	+set +exists +unlink +time +spublish
	+hset +hget +hmget +hdel +hlen +hexists +hincrby +hrandfield
	+zadd +zrem +zscore +zrank +zcard +zcount +zrange +zrangebyscore +zrangebylex
	+sadd +srem +srandmember
	+xadd +xlen +xrange +xrevrange +xdel +xtrim +xsetid`

// TestLeastRights plays the contract as a user who may do no more.
func TestLeastRights(t *testing.T) {
	shared := startShared(t)
	args := []any{"acl", "setuser", "marconi", "on", ">secret"}
	for _, right := range strings.Fields(leastRights) {
		args = append(args, right)
	}
	must(t, shared.client(t).Do(t.Context(), args...).Err())
	t.Run("contract", func(t *testing.T) {
		storagetest.Run(t, func(t *testing.T) storage.Driver {
			return open(t, strings.Replace(shared.next(t), "redis://", "redis://marconi:secret@", 1))
		})
	})
	for _, right := range strings.Fields(leastRights)[3:] {
		if !strings.Contains(clusterRights, right) && shared.used(t, strings.TrimPrefix(right, "+")) == 0 {
			t.Errorf("nothing needs the right %s", right)
		}
	}
}

// clusterRights are needed with replicas, in a cluster or where a broker failed.
const clusterRights = "+wait +cluster|slots +asking +xsetid +hrandfield"

// used is how often a command was called.
func (d *databases) used(t *testing.T, command string) int {
	t.Helper()
	stats := d.client(t).Info(t.Context(), "commandstats").Val()
	_, rest, found := strings.Cut(stats, fmt.Sprintf("cmdstat_%s:calls=", command))
	n := 0
	if found {
		_, err := fmt.Sscanf(rest, "%d", &n)
		must(t, err)
	}
	return n
}
