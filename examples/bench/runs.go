package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// connections is the number of clients of the closed-loop runs.
const connections = 8

// throughput measures how many events a second one core of the server takes,
// from the request to the row, by the server's own processor time. The figure
// counts only if the rows equal the accepted events.
func throughput(ctx context.Context, s *server, d time.Duration, rows bool) (*figure, error) {
	send := newSender(s.url, writeKey, connections)
	if _, err := send.closedLoop(ctx, connections, d/8); err != nil { // warm-up
		return nil, err
	}
	before, err := s.settled(ctx)
	if err != nil {
		return nil, err
	}
	cpu0, err := s.cpu()
	if err != nil {
		return nil, err
	}
	start := time.Now()
	accepted, err := send.closedLoop(ctx, connections, d)
	if err != nil {
		return nil, err
	}
	after, err := s.settled(ctx)
	if err != nil {
		return nil, err
	}
	wall := time.Since(start)
	cpu1, err := s.cpu()
	if err != nil {
		return nil, err
	}
	if got := after.Ledger[tenantID].Stored - before.Ledger[tenantID].Stored; got != accepted {
		return nil, fmt.Errorf("%d events accepted, %d stored by the ledger", accepted, got)
	}
	if rows {
		total, err := s.count(ctx, "")
		if err != nil {
			return nil, err
		}
		if want := after.Ledger[tenantID].Accepted; total != want {
			return nil, fmt.Errorf("%d events accepted, %d rows", want, total)
		}
	}
	cpu := cpu1 - cpu0
	return &figure{
		events: accepted, wall: wall, cpu: cpu, peak: s.peakMemory(),
		storeBytes: perEvent(after.Store.Bytes, after.Store.Rows["events"]),
		logBytes:   perEvent(after.Log.Bytes-before.Log.Bytes, accepted),
	}, nil
}

// figure is what a throughput run measured.
type figure struct {
	events               int64
	wall, cpu            time.Duration
	peak                 int64
	storeBytes, logBytes float64
}

func (f *figure) perCore() float64 { return float64(f.events) / f.cpu.Seconds() }
func (f *figure) micros() float64  { return f.cpu.Seconds() * 1e6 / float64(f.events) }
func (f *figure) perWall() float64 { return float64(f.events) / f.wall.Seconds() }

func perEvent(bytes, events int64) float64 {
	if events == 0 {
		return 0
	}
	return float64(bytes) / float64(events)
}

// visibility sends events at a rate and now and then a marked one, and measures
// the time from the answer to the marked one until a query counts it.
func visibility(ctx context.Context, s *server, rate int, d time.Duration) (latencies, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	n := 1
	if rate > 2000 {
		n = 20
	}
	background := make(chan error, 1)
	go func() {
		_, _, err := newSender(s.url, writeKey, 64).openLoop(ctx, rate, n, d, nil)
		background <- err
	}()
	marker := newSender(s.url, writeKey, 1)
	rng := rand.New(rand.NewPCG(uint64(rate), 3))
	var seen latencies
	end := time.Now().Add(d - time.Second)
	for i := 0; time.Now().Before(end); i++ {
		name := fmt.Sprintf("Marker %d %d", rate, i)
		body := fmt.Appendf(nil, `{"event":%q,"anonymousId":"marker","messageId":"%s","timestamp":%q}`, name, name, time.Now().UTC().Format(timeText))
		if _, err := marker.post(ctx, "/v1/track", body); err != nil {
			return nil, err
		}
		start := time.Now()
		for {
			k, err := s.count(ctx, fmt.Sprintf(`,"filter":{"property":"event.$name","op":"eq","value":%q}`, name))
			if err != nil {
				return nil, err
			}
			if k == 1 {
				break
			}
			if time.Since(start) > 30*time.Second {
				return nil, fmt.Errorf("event %q accepted but not visible after 30 s", name)
			}
			time.Sleep(2 * time.Millisecond)
		}
		seen = append(seen, time.Since(start))
		time.Sleep(time.Duration(rng.IntN(200)) * time.Millisecond)
	}
	if err := <-background; err != nil {
		return nil, err
	}
	return seen, nil
}
