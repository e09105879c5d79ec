package storagetest_test

import (
	"errors"
	"reflect"
	"sync"
	"testing"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/memstore"
	"github.com/stackforge/marconi/storage/storagetest"
)

// A Faulty that is not told to fail is the driver it wraps.
func TestFaultyPassesOn(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	asked := map[string]bool{}
	storagetest.Run(t, func(*testing.T) storage.Driver {
		return storagetest.Faulty(memstore.New(memstore.Config{}), func(op string) error {
			mu.Lock()
			defer mu.Unlock()
			asked[op] = true
			return nil
		})
	})
	t.Cleanup(func() {
		for method := range reflect.TypeFor[storage.Driver]().Methods() {
			if !asked[method.Name] {
				t.Errorf("%s was never asked for", method.Name)
			}
		}
	})
}

// Every method asks by its own name, answers the error and nothing else, and
// leaves the driver below alone: there is none.
func TestFaultyFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for method := range reflect.TypeFor[storage.Driver]().Methods() {
		t.Run(method.Name, func(t *testing.T) {
			t.Parallel()
			var asked []string
			d := storagetest.Faulty(nil, func(op string) error {
				asked = append(asked, op)
				return broken
			})
			call := reflect.ValueOf(d).MethodByName(method.Name)
			results := call.Call(zeros(call.Type()))
			if len(asked) != 1 || asked[0] != method.Name {
				t.Errorf("asked for %q", asked)
			}
			if p, started := results[0].Interface().(storage.Pending); started {
				results = reflect.ValueOf(p.Wait).Call([]reflect.Value{reflect.ValueOf(t.Context())})
			}
			last := len(results) - 1
			if err, _ := results[last].Interface().(error); !errors.Is(err, broken) {
				t.Errorf("answered %v", results[last])
			}
			for _, result := range results[:last] {
				if !result.IsZero() {
					t.Errorf("answered %v besides the error", result)
				}
			}
		})
	}
}

func zeros(method reflect.Type) []reflect.Value {
	arguments := make([]reflect.Value, method.NumIn())
	for i := range arguments {
		arguments[i] = reflect.Zero(method.In(i))
	}
	return arguments
}

// A driver may fail now and then; a call that failed was not made.
func TestFaultyNowAndThen(t *testing.T) {
	t.Parallel()
	fail := error(nil)
	d := storagetest.Faulty(memory(t), func(string) error { return fail })
	q := storage.Queue{ID: storage.QueueID{Project: "p", Name: "q"}, Epoch: 1}
	fail = storage.ErrFull
	if _, err := d.CreateQueue(t.Context(), q); !errors.Is(err, storage.ErrFull) {
		t.Errorf("CreateQueue answered %v", err)
	}
	fail = nil
	if created, err := d.CreateQueue(t.Context(), q); !created || err != nil {
		t.Errorf("CreateQueue answered %v, %v: the failed call had been made", created, err)
	}
}
