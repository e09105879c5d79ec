package pebblestore

import (
	"github.com/cockroachdb/pebble/v2"
)

// tx is what one call writes, and what everybody may see once it is durable. The
// locks of all slots that it is about are held until it is submitted.
type tx struct {
	e     *engine
	batch *pebble.Batch
	then  []func()
	value []byte // room to write a value in
}

// keptValue is how much room of a tx is worth keeping for the next.
const keptValue = 64 << 10

func (e *engine) begin() *tx {
	t, used := e.txs.Get().(*tx)
	if !used {
		t = &tx{e: e}
	}
	t.batch = e.db.NewBatch()
	return t
}

// free gives back a tx that is over.
func (t *tx) free() {
	clear(t.then)
	t.batch, t.then = nil, t.then[:0]
	if cap(t.value) <= keptValue {
		t.e.txs.Put(t)
	}
}

// The errors of a batch that has no index are those of its deferred operations:
// there are none.

func (t *tx) set(key, value []byte) { _ = t.batch.Set(key, value, nil) }
func (t *tx) delete(key []byte)     { _ = t.batch.Delete(key, nil) }

// deleteAll deletes what begins with prefix.
func (t *tx) deleteAll(prefix []byte) { t.deleteRange(prefix, after(prefix)) }

func (t *tx) deleteRange(from, to []byte) { _ = t.batch.DeleteRange(from, to, nil) }

// visible says what is to happen when the writes are durable. It takes the locks
// it needs itself.
func (t *tx) visible(f func()) { t.then = append(t.then, f) }

func (t *tx) empty() bool { return t.batch.Empty() && len(t.then) == 0 }

// drop gives back a tx that is not needed.
func (t *tx) drop() {
	_ = t.batch.Close()
	t.free()
}

// submit hands the writes to the committer. It returns nil if there are none.
func (t *tx) submit() *group {
	if t.empty() {
		t.drop()
		return nil
	}
	return t.e.committer.submit(t)
}

// finish shows what is durable, and is the end of the tx.
func (t *tx) finish() {
	for _, f := range t.then {
		f()
	}
	t.free()
}
