package storagetest

import (
	"context"
	"testing"

	"github.com/stackforge/marconi/storage"
)

// T is what a case asks of a *testing.T. It is an interface so that a recorder
// can stand in where a case is meant to fail.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Context() context.Context
	Cleanup(func())
}

// Case is one promise of the contract.
type Case struct {
	Name string
	Why  string // told when the case fails
	Run  func(t T, d storage.Driver)
}

// Role is a list of cases about one thing.
type Role struct {
	Name   string
	Cases  []Case
	closes bool // the cases close their driver themselves
}

// Contract is every case there is.
func Contract() []Role {
	return []Role{
		{Name: "queue", Cases: queueCases()},
		{Name: "life", Cases: lifeCases()},
		{Name: "names", Cases: nameCases()},
		{Name: "post", Cases: postCases()},
		{Name: "once", Cases: onceCases()},
		{Name: "sequence", Cases: sequenceCases()},
		{Name: "pipeline", Cases: pipelineCases()},
		{Name: "delay", Cases: delayCases()},
		{Name: "message", Cases: messageCases()},
		{Name: "delete", Cases: deleteCases()},
		{Name: "list", Cases: listCases()},
		{Name: "paging", Cases: pagingCases()},
		{Name: "marker", Cases: markerCases()},
		{Name: "alias", Cases: aliasCases()},
		{Name: "claim", Cases: claimCases()},
		{Name: "keep", Cases: keepCases()},
		{Name: "renew", Cases: renewCases()},
		{Name: "release", Cases: releaseCases()},
		{Name: "dead letters", Cases: deadLetterCases()},
		{Name: "stats", Cases: statsCases()},
		{Name: "wake", Cases: wakeCases()},
		{Name: "subscription", Cases: subscriptionCases()},
		{Name: "delivery", Cases: deliveryCases()},
		{Name: "outbox", Cases: outboxCases()},
		{Name: "feed", Cases: feedCases()},
		{Name: "sweep", Cases: sweepCases()},
		{Name: "context", Cases: contextCases()},
		{Name: "close", Cases: closeCases(), closes: true},
	}
}

// Run holds the driver that open opens to the whole contract, a parallel
// subtest a case.
func Run(t *testing.T, open func(t *testing.T) storage.Driver) {
	for _, role := range Contract() {
		t.Run(role.Name, func(t *testing.T) {
			t.Parallel()
			role.run(t, open)
		})
	}
}

func (r Role) run(t *testing.T, open func(t *testing.T) storage.Driver) {
	for _, c := range r.Cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			d := open(t)
			t.Cleanup(func() { r.finish(t, c, d) })
			c.Run(t, d)
		})
	}
}

func (r Role) finish(t *testing.T, c Case, d storage.Driver) {
	if err := d.Close(); err != nil && !r.closes {
		t.Errorf("Close: %v", err)
	}
	if t.Failed() {
		t.Logf("why: %s", c.Why)
	}
}
