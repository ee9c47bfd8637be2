package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"
)

// takeovers measures how long the partitions of a processor that was killed
// stand still, with small and large states.
func (s *scale) takeovers(ctx context.Context) error {
	for _, visitors := range []int{100_000, 1_000_000} {
		if err := s.with(ctx, 10*time.Second, func(f *fleet) error { return s.takeover(ctx, f, visitors) }); err != nil {
			return err
		}
	}
	return nil
}

func (s *scale) takeover(ctx context.Context, f *fleet, visitors int) error {
	if err := f.grow(ctx, 2); err != nil {
		return err
	}
	if err := fill(ctx, f, visitors, 100, true); err != nil {
		return err
	}
	if err := f.settled(ctx, 5*time.Minute); err != nil {
		return err
	}
	// Whoever leaves saves its state, as everybody does once a minute.
	if err := f.shrink(); err != nil {
		return err
	}
	if err := f.grow(ctx, 2); err != nil {
		return err
	}
	sending, stop := context.WithCancel(ctx)
	defer stop()
	sent := make(chan error, 1)
	go func() {
		_, _, err := newSender(f.door.url, writeKey, 64).openLoop(sending, 752, 4, 2*time.Minute, nil)
		sent <- err
	}()
	var ends []int64
	if err := f.until(ctx, time.Minute, func(st *status) bool { // all of them are at work
		ends = ends[:0]
		all := true
		for _, p := range st.Log.Partitions {
			ends, all = append(ends, p.End), all && p.From > p.Snapshot
		}
		return all
	}); err != nil {
		return err
	}
	dead := f.processors[0]
	begun := time.Now()
	if err := dead.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		return err
	}
	_ = dead.cmd.Wait() // the status is that of the signal
	f.processors = f.processors[1:]
	st, err := f.status(ctx)
	if err != nil {
		return err
	}
	for i, p := range st.Log.Partitions {
		ends[i] = p.End
	}
	if err := f.until(ctx, 2*time.Minute, func(st *status) bool {
		for i, p := range st.Log.Partitions {
			if p.From <= ends[i] {
				return false
			}
		}
		return true
	}); err != nil {
		return err
	}
	took := time.Since(begun)
	s.table.row(fmt.Sprintf("takeover from a killed processor, %d visitors remembered", visitors), fmt.Sprintf("%.1f s", took.Seconds()), "", "",
		fmt.Sprintf("until events of all partitions are stored again; %.0f s of it is the session timeout; two processors, %d partitions, 752 events/s", f.session.Seconds(), fleetPartitions))
	stop()
	if err := <-sent; err != nil && !errors.Is(err, context.Canceled) { // it was told to end
		return err
	}
	if err := f.settled(ctx, time.Minute); err != nil {
		return err
	}
	return f.complete(ctx)
}
