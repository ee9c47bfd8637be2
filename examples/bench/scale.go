package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// scale measures what more than one processor gain and cost.
type scale struct {
	binary string
	soak   time.Duration
	d      time.Duration
	table  *table
}

// run prints a row for each figure, part after part, also those after one that
// failed.
func (s *scale) run(ctx context.Context, only string) error {
	s.table.section("Several processes")
	var errs []error
	for _, part := range []struct {
		name string
		run  func(context.Context) error
	}{{"processors", s.throughput}, {"takeover", s.takeovers}, {"hot", s.hot}, {"soak", s.endure}} {
		if only != "" && only != part.name || ctx.Err() != nil {
			continue
		}
		if err := part.run(ctx); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", part.name, err))
		}
	}
	return errors.Join(errs...)
}

// with opens a fleet for a part.
func (s *scale) with(ctx context.Context, session time.Duration, f func(*fleet) error) error {
	fleet, err := openFleet(ctx, s.binary, session)
	if err != nil {
		return err
	}
	defer fleet.close()
	return f(fleet)
}

// throughput lets 1, 2 and 4 processors work off the same load, which came in
// while they stood still, so that the door takes nothing from them.
func (s *scale) throughput(ctx context.Context) error {
	return s.with(ctx, 10*time.Minute, func(f *fleet) error {
		var one float64
		for turn, n := range []int{1, 1, 2, 4} {
			if err := f.grow(ctx, n); err != nil {
				return err
			}
			rate, micros, note, err := drain(ctx, f, uint64(turn))
			if err != nil {
				return err
			}
			if one = cmp.Or(one, rate); turn == 0 {
				one = 0 // it warms the engine up
				continue
			}
			s.table.row(fmt.Sprintf("rows a second, processors on one topic: %d", n), fmt.Sprintf("%.0f", rate), "", "",
				fmt.Sprintf("%.2f× of one; %s", rate/one, note))
			s.table.row(fmt.Sprintf("CPU-µs/event, processors: %d", n), fmt.Sprintf("%.1f", micros), "", "", "user and system, of the processors alone")
			if err := f.shrink(); err != nil {
				return err
			}
		}
		return f.complete(ctx)
	})
}

// backlog is how many events wait in each measurement of throughput.
const backlog = 400_000

// drain measures how fast the processors work off what waits.
func drain(ctx context.Context, f *fleet, turn uint64) (rate, micros float64, note string, err error) {
	if err := f.freeze(); err != nil {
		return 0, 0, "", err
	}
	if err := fill(ctx, f, backlog, turn, false); err != nil {
		return 0, 0, "", err
	}
	before, err := cpuOf(f.processors...)
	if err != nil {
		return 0, 0, "", err
	}
	engine, err := cpuOf(f.engine)
	if err != nil {
		return 0, 0, "", err
	}
	begun := time.Now()
	if err := f.thaw(); err != nil {
		return 0, 0, "", err
	}
	if err := f.settled(ctx, 5*time.Minute); err != nil {
		return 0, 0, "", err
	}
	took := time.Since(begun)
	after, err := cpuOf(f.processors...)
	if err != nil {
		return 0, 0, "", err
	}
	stored, err := cpuOf(f.engine)
	if err != nil {
		return 0, 0, "", err
	}
	per := func(d time.Duration) float64 { return d.Seconds() * 1e6 / float64(backlog) }
	return float64(backlog) / took.Seconds(), per(after - before),
		fmt.Sprintf("%d events in %.1f s, the engine %.1f CPU-µs/event", backlog, took.Seconds(), per(stored-engine)), nil
}

// fill sends as many events, each of a visitor of its own or not. No two turns
// send the same.
func fill(ctx context.Context, f *fleet, events int, turn uint64, fresh bool) error {
	send := newSender(f.door.url, writeKey, connections)
	errs := make(chan error, connections)
	for c := range connections {
		go func() {
			rng := rand.New(rand.NewPCG(uint64(c), turn<<8|11))
			visitors, b := newVisits(rng, crowd), newBody(rng, 500, false)
			visitors.fresh = fresh
			for range events / connections / 500 {
				if _, err := send.post(ctx, "/v1/batch", b.stamp(visitors, time.Now())); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	var failure error
	for range connections {
		if err := <-errs; err != nil {
			failure = err
		}
	}
	return failure
}
