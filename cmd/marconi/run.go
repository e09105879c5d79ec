package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sync/errgroup"
)

// closing is what the rest of a stop may take once requests have been cut off.
const closing = 5 * time.Second

// run serves until a signal comes or something fails, and stops in order. A
// second signal, or a stop that takes too long, ends it where it is.
func (s *service) run(signals <-chan os.Signal) error {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- s.serve(ctx) }()

	select {
	case err := <-ended:
		return err
	case signal := <-signals:
		s.log.Info("stopping", "signal", signal.String(), "timeout", s.config.stopTimeout)
	}
	start := time.Now()
	stop()
	hopeless := time.NewTimer(s.config.stopTimeout + closing)
	defer hopeless.Stop()
	select {
	case err := <-ended:
		if took := time.Since(start); took >= s.config.stopTimeout {
			return cut(errors.Join(fmt.Errorf("stopping took %s and stop_timeout is %s", took.Round(time.Millisecond), s.config.stopTimeout), err))
		}
		s.log.Info("stopped")
		return err
	case signal := <-signals:
		return cut(fmt.Errorf("ended at once by a second signal (%s)", signal))
	case <-hopeless.C:
		return cut(fmt.Errorf("stopping did not come to an end within stop_timeout (%s)", s.config.stopTimeout))
	}
}

func cut(err error) error { return &exitError{exitCut, err} }

// serve runs all there is until ctx is done or something fails: first the doors
// end, then what they need, then the store.
func (s *service) serve(ctx context.Context) error {
	inside, endInside := context.WithCancel(context.WithoutCancel(ctx))
	defer endInside()
	ctx, closeDoors := context.WithCancel(ctx)
	defer closeDoors()

	var within errgroup.Group
	start := func(run func(context.Context) error) {
		within.Go(func() error {
			defer closeDoors() // without it the doors are of no use
			return run(inside)
		})
	}
	start(s.broker.Run)
	if s.admin != nil {
		start(s.admin.Serve)
	}
	doors, ctx := errgroup.WithContext(ctx)
	for _, door := range s.doors {
		doors.Go(func() error { return door.Serve(ctx) })
	}
	err := doors.Wait()
	endInside()
	return errors.Join(err, within.Wait(), s.store.Close())
}
