package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

// The neighbour that floods: held to floodLimit events a second, it sends
// twenty times that in batches.
const (
	floodKey   = "wk_flood"
	floodLimit = 500
	floodTimes = 20
	floodBatch = 20
)

// calmRate is how many single events a second the one beside it sends.
const calmRate = 200

// turns is how often a load alternates with the one it is compared to. What
// counts is the median turn of each: a disk that stands still for a moment
// spoils one turn and says nothing of either load.
const turns = 8

// neighbours measures what the events of one tenant wait for while another
// floods, and what all wait for while half of all events are of one visitor,
// each beside the same load alone.
func (b *bench) neighbours(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "footfall-bench-config-")
	if err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "footfall.yaml")
	config := fmt.Sprintf("tenants:\n  - {id: %s, write_keys: [%s], read_keys: [%s]}\n  - {id: flood, write_keys: [%s], limits: {rate: %d, burst: %d}}\n",
		tenantID, writeKey, readKey, floodKey, floodLimit, floodLimit)
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	return b.with(ctx, append(b.footfall, "--config", file), func(s *server) error {
		calm := newSender(s.url, writeKey, 64)
		flood := &flood{sender: newSender(s.url, floodKey, 32)}
		if err := b.compare(ctx, s, fmt.Sprintf("accept p99 beside a flood at %d× its limit / alone", floodTimes), calm, calmRate, func(ctx context.Context, on bool) {
			if on {
				flood.run(ctx)
			}
		}, func() string {
			return fmt.Sprintf("of the flood %d events, %d requests turned away", flood.accepted.Load(), flood.refused.Load())
		}); err != nil {
			return err
		}
		return b.compare(ctx, s, "accept p99, half of all events of one visitor / of nobody in particular", calm, 752, func(_ context.Context, on bool) { calm.hot = on },
			func() string { return "single events, open loop" })
	})
}

// compare sends single events at a rate with and without a disturbance, in
// turns. All of them must be accepted.
func (b *bench) compare(ctx context.Context, s *server, name string, send *sender, rate int, disturb func(ctx context.Context, on bool), note func() string) error {
	if _, _, err := send.openLoop(ctx, rate, 1, b.d/8, nil); err != nil { // warm-up
		return err
	}
	var waits, ends [2]latencies // of all events, and the p99 of each turn
	for i := range 2 * turns {
		on := i%2 == 1
		turn, end := context.WithCancel(ctx)
		over := make(chan struct{})
		if on {
			go func() { disturb(turn, true); close(over) }()
		} else {
			disturb(turn, false)
			close(over)
		}
		lat, accepted, err := send.openLoop(ctx, rate, 1, b.d/turns, nil)
		end()
		<-over
		if err != nil {
			return err
		}
		if accepted != int64(len(lat)) {
			return fmt.Errorf("%d of %d events were accepted", accepted, len(lat))
		}
		waits[i%2] = append(waits[i%2], lat...)
		ends[i%2] = append(ends[i%2], lat.at(0.99))
		if _, err := s.settled(ctx); err != nil {
			return err
		}
	}
	alone, beside := ends[0].at(0.5), ends[1].at(0.5)
	b.table.row(name, fmt.Sprintf("%.2f×", float64(beside)/float64(alone)), "2×", "",
		fmt.Sprintf("%s / %s; p50 %s / %s; all %d events accepted, median of %d turns each; %s", ms(beside), ms(alone), ms(waits[1].at(0.5)), ms(waits[0].at(0.5)), len(waits[0])+len(waits[1]), turns, note()))
	return nil
}

// flood sends at a pace that nobody allowed.
type flood struct {
	*sender
	accepted, refused atomic.Int64
}

func (f *flood) run(ctx context.Context) {
	const every = time.Second * floodBatch / (floodLimit * floodTimes)
	due := make(chan struct{}, 1024)
	for c := range 16 {
		go func() {
			rng := rand.New(rand.NewPCG(uint64(c), 7))
			visitors, body := newVisits(rng, crowd), newBody(rng, floodBatch, false)
			for range due {
				n, err := f.post(ctx, "/v1/batch", body.stamp(visitors, time.Now()))
				if f.accepted.Add(int64(n)); errors.Is(err, errTurnedAway) {
					f.refused.Add(1)
				}
			}
		}()
	}
	defer close(due)
	for next := time.Now(); ctx.Err() == nil; next = next.Add(every) {
		waitUntil(next)
		select {
		case due <- struct{}{}:
		default: // the flood is at its own limit
		}
	}
}

// errTurnedAway is a 429.
var errTurnedAway = errors.New("turned away")

// turnedAway reads the rest of an answer that tells to come back.
func turnedAway(resp *http.Response) error {
	if resp.StatusCode != http.StatusTooManyRequests {
		return nil
	}
	_, _ = io.Copy(io.Discard, resp.Body) // so that the connection can be used again
	return errTurnedAway
}
