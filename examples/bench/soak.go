package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// soakRate is 65 million events a day.
const soakRate = 752

// endure sends at a steady rate, ten times that for the middle tenth. It fails
// unless the lag goes, every event is there once, and memory stays flat.
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
		if err := f.caughtUp(ctx); err != nil {
			return err
		}
		watching, stop := context.WithCancel(ctx)
		defer stop()
		var seen []*watched
		looked := make(chan error, 1)
		begun := time.Now()
		go func() {
			var err error
			seen, err = f.watch(watching)
			looked <- err
		}()
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
				if err := f.caughtUp(ctx); err != nil {
					return err
				}
				recovered = time.Since(over)
			}
		}
		stop()
		if err := <-looked; err != nil {
			return err
		}
		if err := f.settled(ctx, time.Minute); err != nil {
			return fmt.Errorf("the lag did not go to zero: %w", err)
		}
		if err := f.complete(ctx); err != nil {
			return err
		}
		s.table.row(fmt.Sprintf("soak at %d events/s, a tenth of it at ten times that", soakRate), "nothing lost", "", "",
			fmt.Sprintf("%d events accepted in %.0f s, as many rows; the lag was below 2 s again %.1f s after the burst", accepted, time.Since(begun).Seconds(), recovered.Seconds()))
		return s.memories(seen)
	})
}

// caughtUp waits until the lag of a burst is gone.
func (f *fleet) caughtUp(ctx context.Context) error {
	if err := f.until(ctx, 5*time.Minute, func(st *status) bool { return st.Lag.Seconds < 2 }); err != nil {
		return fmt.Errorf("the lag did not go after the burst: %w", err)
	}
	return nil
}

// memories prints what happened to the memory of each process, and fails if it
// grew too much.
func (s *scale) memories(seen []*watched) error {
	var errs []error
	for _, w := range seen {
		if len(w.samples) < 30 {
			return fmt.Errorf("%d looks at the memory of %s tell nothing: soak for longer", len(w.samples), w.name)
		}
		first, last, remembered, times := w.growth()
		note := fmt.Sprintf("%.0f MB / %.0f MB, resident at most %.0f MB", float64(last)/1e6, float64(first)/1e6, float64(w.s.memory("VmHWM"))/1e6)
		if remembered != 0 {
			note += fmt.Sprintf("; left out are %.0f MB for what is remembered for a while and has come meanwhile", float64(remembered)/1e6)
		}
		s.table.row("memory of "+w.name+", the least in the last third of a soak / in the first", fmt.Sprintf("%.2f×", times), fmt.Sprintf("%.1f×", flat), "", note)
		if times > flat {
			errs = append(errs, fmt.Errorf("the memory of %s grew %.2f times, more than %.1f", w.name, times, flat))
		}
	}
	return errors.Join(errs...)
}
