package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
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
		total, err := s.count(ctx, readKey, "2d", "")
		if err != nil {
			return nil, err
		}
		if want := after.Ledger[tenantID].Accepted; total != want {
			return nil, fmt.Errorf("%d events accepted, %d rows", want, total)
		}
	}
	cpu := cpu1 - cpu0
	return &figure{
		events: accepted, wall: wall, cpu: cpu, peak: s.memory("VmHWM"),
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

// inEvents counts the views of a page with a marked path.
func inEvents(ctx context.Context, s *server, key, path string) (int64, error) {
	return s.count(ctx, key, "2d", fmt.Sprintf(`,"filter":{"property":"event.$path","op":"eq","value":%q}`, path))
}

// inSessions counts the sessions that began with a page of a marked path.
func inSessions(ctx context.Context, s *server, key, path string) (int64, error) {
	question := fmt.Sprintf(`{"kind":"sessions","range":{"last":"2d"},"interval":"total","filter":{"property":"session.entry","op":"eq","value":%q}}`, path)
	var answer struct {
		Result struct {
			Count []int64 `json:"count"`
		} `json:"result"`
	}
	if err := s.ask(ctx, http.MethodPost, "/api/v1/query", key, []byte(question), &answer); err != nil {
		return 0, err
	}
	total := int64(0)
	for _, n := range answer.Result.Count {
		total += n
	}
	return total, nil
}

// owner is a tenant as the benchmarks know it.
type owner struct{ writeKey, readKey string }

// visibility sends events at a rate and now and then the view of a marked page,
// by a visitor of its own and to a tenant that may be another one, and measures
// the time from the answer to the marked one until a question counts it; and what
// all the others waited for their answers.
func visibility(ctx context.Context, s *server, load *sender, rate int, d time.Duration, of owner, counted func(ctx context.Context, s *server, key, path string) (int64, error)) (seen, accepted latencies, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	n := 1
	if rate > 2000 {
		n = 20
	}
	background := make(chan error, 1)
	var waits latencies
	go func() {
		var err error
		waits, _, err = load.openLoop(ctx, rate, n, d, nil)
		background <- err
	}()
	marker := newSender(s.url, of.writeKey, 1)
	rng := rand.New(rand.NewPCG(uint64(rate), 3))
	end := time.Now().Add(d - time.Second)
	for i := 0; time.Now().Before(end); i++ {
		path := fmt.Sprintf("/marker/%d/%d/%d", rate, i, time.Now().UnixNano())
		body := fmt.Appendf(nil, `{"anonymousId":%q,"messageId":%q,"timestamp":%q,"properties":{"path":%q}}`,
			path, path, time.Now().UTC().Format(timeText), path)
		if _, err := marker.post(ctx, "/v1/page", body); err != nil {
			return nil, nil, err
		}
		start := time.Now()
		for {
			k, err := counted(ctx, s, of.readKey, path)
			if err != nil {
				return nil, nil, err
			}
			if k == 1 {
				break
			}
			if time.Since(start) > 30*time.Second {
				return nil, nil, fmt.Errorf("page %q accepted but not visible after 30 s", path)
			}
			time.Sleep(2 * time.Millisecond)
		}
		seen = append(seen, time.Since(start))
		time.Sleep(time.Duration(rng.IntN(200)) * time.Millisecond)
	}
	if err := <-background; err != nil {
		return nil, nil, err
	}
	return seen, waits, nil
}
