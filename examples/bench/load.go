package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// sender posts events to a server. One load runs at a time.
type sender struct {
	url    string
	key    string
	client *http.Client
	runs   uint64 // so that no two loads send the same message ids
	hot    bool   // half of all events are of one visitor
}

func newSender(url, key string, connections int) *sender {
	return &sender{url: url, key: key, client: &http.Client{
		Timeout:   30 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections, DisableCompression: true},
	}}
}

// post sends one body and returns how many of its events were accepted. A
// refusal is an error: the corpus has nothing to refuse.
func (s *sender) post(ctx context.Context, path string, body []byte) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+path, bytes.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("make request: %w", err)
	}
	req.SetBasicAuth(s.key, "")
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, fmt.Errorf("send: %w", err)
	}
	defer resp.Body.Close()
	if err := turnedAway(resp); err != nil {
		return 0, err
	}
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, fmt.Errorf("read answer: %w", err)
	}
	var reply struct {
		Accepted int `json:"accepted"`
	}
	if resp.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("send: %s: %s", resp.Status, answer)
	}
	if err := json.Unmarshal(answer, &reply); err != nil {
		return 0, fmt.Errorf("read answer: %w", err)
	}
	return reply.Accepted, nil
}

// closedLoop sends batches of 100 on each of the connections, one after the
// other, for a while, and returns the number of accepted events.
func (s *sender) closedLoop(ctx context.Context, connections int, d time.Duration) (int64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.runs++
	var accepted atomic.Int64
	var first error
	var once sync.Once
	var wg sync.WaitGroup
	end := time.Now().Add(d)
	for c := range connections {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(c), s.runs<<8|1))
			visitors := newVisits(rng, crowd)
			bodies := make([]*body, 32)
			for i := range bodies {
				bodies[i] = newBody(rng, 100, false)
			}
			for i := 0; time.Now().Before(end) && ctx.Err() == nil; i++ {
				n, err := s.post(ctx, "/v1/batch", bodies[i%len(bodies)].stamp(visitors, time.Now()))
				if err != nil {
					once.Do(func() { first = err; cancel() })
					return
				}
				accepted.Add(int64(n))
			}
		})
	}
	wg.Wait()
	return accepted.Load(), first
}

// openLoop starts requests of n events at a fixed rate, whatever the answers
// take, and returns for each the time from when it was due to its answer: a
// server that stalls is charged for every request that had to wait.
func (s *sender) openLoop(ctx context.Context, events, n int, d time.Duration, answered func(time.Time)) (latencies, int64, error) {
	type job struct{ due time.Time }
	s.runs++
	perSecond := events / n
	total := int(d.Seconds() * float64(perSecond))
	step := time.Second / time.Duration(perSecond)
	jobs := make(chan job, total)
	results := make(latencies, total)
	var next, accepted atomic.Int64
	var first error
	var once sync.Once
	var wg sync.WaitGroup
	for c := range 64 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(c), s.runs<<8|2))
			visitors := newVisits(rng, crowd)
			visitors.hot = s.hot
			bodies := make([]*body, 8)
			for i := range bodies {
				bodies[i] = newBody(rng, n, n == 1)
			}
			path := "/v1/batch"
			if n == 1 {
				path = "/v1/track"
			}
			for i := 0; ; i++ {
				j, ok := <-jobs
				if !ok {
					return
				}
				k, err := s.post(ctx, path, bodies[i%len(bodies)].stamp(visitors, time.Now()))
				if err != nil {
					once.Do(func() { first = err })
				}
				accepted.Add(int64(k))
				now := time.Now()
				results[next.Add(1)-1] = now.Sub(j.due)
				if answered != nil {
					answered(now)
				}
			}
		})
	}
	start := time.Now()
	for i := range total {
		if ctx.Err() != nil {
			break
		}
		due := start.Add(time.Duration(i) * step)
		waitUntil(due)
		jobs <- job{due}
	}
	close(jobs)
	wg.Wait()
	return results[:next.Load()], accepted.Load(), first
}

// waitUntil sleeps until a moment, by the kernel's timer: the runtime's own
// wakes up to a millisecond late on an idle machine, which would be charged to
// the server.
func waitUntil(t time.Time) {
	for {
		d := time.Until(t)
		if d <= 0 {
			return
		}
		left := unix.NsecToTimespec(d.Nanoseconds())
		_ = unix.Nanosleep(&left, nil)
	}
}

// latencies is a list of durations of which quantiles are asked.
type latencies []time.Duration

// at returns the q-quantile by nearest rank, 0 if there are none.
func (l latencies) at(q float64) time.Duration {
	if len(l) == 0 {
		return 0
	}
	slices.Sort(l)
	return l[min(len(l)-1, int(q*float64(len(l))))]
}
