package core_test

import (
	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/storagetest"
)

// tapped is a store at which a test listens: before each call it is told the
// method's name, and if it answers with an error, the call answers with that and
// does not happen.
type tapped struct {
	storage.Driver
	below  storage.Driver // without the tap
	before func(method string) error
}

func tap(d storage.Driver) *tapped {
	s := &tapped{below: d, before: func(string) error { return nil }}
	s.Driver = storagetest.Faulty(d, func(method string) error { return s.before(method) })
	return s
}

// fail lets calls of a method fail from now on.
func (s *tapped) fail(method string, err error) {
	s.before = func(called string) error {
		if called == method {
			return err
		}
		return nil
	}
}

// once calls something before the next call of a method, and then no more.
func (s *tapped) once(method string, something func()) {
	s.before = func(called string) error {
		if called == method {
			s.before = func(string) error { return nil }
			something()
		}
		return nil
	}
}

// count counts calls by method from now on.
func (s *tapped) count() map[string]int {
	counts := map[string]int{}
	s.before = func(called string) error {
		counts[called]++
		return nil
	}
	return counts
}
