package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// soakRate is 65 million events a day.
const soakRate = 752

// endure sends at a steady rate, ten times that for the middle tenth, and
// compares memory before and after, waits for the lag to go, and counts.
func (s *scale) endure(ctx context.Context) error {
	return s.with(ctx, 10*time.Second, func(f *fleet) error {
		if err := f.grow(ctx, 2); err != nil {
			return err
		}
		send := newSender(f.door.url, writeKey, 64)
		// What is there once, such as pools and caches, is there after a burst.
		if _, _, err := send.openLoop(ctx, 10*soakRate, 40, s.soak/10, nil); err != nil {
			return err
		}
		watching, stop := context.WithCancel(ctx)
		defer stop()
		watched := make(chan []sample, 1)
		begun := time.Now()
		go func() { watched <- f.watch(watching) }()
		var accepted int64
		var recovered time.Duration
		for _, leg := range []struct {
			rate, each int
			d          time.Duration
		}{{soakRate, 4, s.soak * 45 / 100}, {10 * soakRate, 40, s.soak / 10}, {soakRate, 4, s.soak * 45 / 100}} {
			_, n, err := send.openLoop(ctx, leg.rate, leg.each, leg.d, nil)
			if err != nil {
				return err
			}
			if accepted += n; leg.rate > soakRate {
				over := time.Now()
				if err := f.until(ctx, 5*time.Minute, func(st *status) bool { return st.Lag.Seconds < 2 }); err != nil {
					return err
				}
				recovered = time.Since(over)
			}
		}
		stop()
		samples := <-watched
		if err := f.settled(ctx, time.Minute); err != nil {
			return err
		}
		if err := f.complete(ctx); err != nil {
			return err
		}
		for i, name := range []string{"2 processors", "ingest", "query", "engine"} {
			third := len(samples) / 3
			first, last := mean(samples[:third], i), mean(samples[len(samples)-third:], i)
			s.table.row("memory of "+name+", last third of a soak / first", fmt.Sprintf("%.2f×", last/first), "1.2×", "",
				fmt.Sprintf("%.0f MB / %.0f MB", last/1e6, first/1e6))
		}
		s.table.row(fmt.Sprintf("soak at %d events/s, a tenth of it at ten times that", soakRate), "nothing lost", "", "",
			fmt.Sprintf("%d events accepted in %.0f s, as many rows; the lag was below 2 s again %.1f s after the burst", accepted, time.Since(begun).Seconds(), recovered.Seconds()))
		return nil
	})
}

// sample is what the processes have in memory at one moment: the processors
// together, the door, the one that answers, the engine.
type sample [4]int64

// watch takes samples until ctx ends.
func (f *fleet) watch(ctx context.Context) (all []sample) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return all
		case <-tick.C:
		}
		now := sample{1: f.door.memory(), 2: f.answers.memory(), 3: f.engine.memory()}
		for _, p := range slices.Clone(f.processors) {
			now[0] += p.memory()
		}
		all = append(all, now)
	}
}

func mean(all []sample, i int) float64 {
	total := 0.0
	for _, s := range all {
		total += float64(s[i])
	}
	return total / float64(max(len(all), 1))
}
