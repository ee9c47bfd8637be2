package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// What stands in the store before anybody looks, and what comes meanwhile.
const (
	historyEvents = 1_500_000
	historyDays   = 30
	liveRate      = 5_000
)

// dashboards is how many are looked at. Each is of one category, so that two or
// three show the same, and asks all its panels at once, every five to ten
// seconds.
const dashboards = 20

// panels are the questions of a dashboard; %[1]s is its filter.
var panels = []struct{ name, question string }{
	{"trend by a property", `{"kind":"trend","range":{"last":"30d"},"series":[{"event":"Product Viewed"}],"breakdown":{"property":"event.currency"},%[1]s}`},
	{"trend of persons", `{"kind":"trend","range":{"last":"30d"},"series":[{"event":"Product Viewed","measure":"persons"}],%[1]s}`},
	{"funnel of 4 steps", `{"kind":"funnel","range":{"last":"30d"},"steps":[{"event":"Product Viewed"},{"event":"Product Added"},{"event":"Checkout Started"},{"event":"Order Completed"}],%[1]s}`},
	{"retention, 4 weeks", `{"kind":"retention","range":{"last":"28d"},"interval":"week","periods":4,"start":{"event":"Product Viewed"},"return":{"event":"Product Viewed"},%[1]s}`},
	{"segment of 3 conditions", `{"kind":"segment","range":{"last":"30d"},"segment":{"and":[{"did":{"event":"Product Viewed"},"count":{"gte":2}},{"did":{"event":"Product Added"}},{"not":{"did":{"event":"Order Completed"}}}]},%[1]s}`},
	{"sessions", `{"kind":"sessions","range":{"last":"30d"},"interval":"day",%[1]s}`},
}

// looks is what was seen of one panel.
type looks struct {
	mu     sync.Mutex
	waits  latencies
	cached int
}

func (l *looks) add(d time.Duration, cached bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waits = append(l.waits, d)
	if cached {
		l.cached++
	}
}

// dashboards measures what those who look wait for while events arrive, and
// what the events wait for beside the same without anybody who looks.
func (b *bench) dashboards(ctx context.Context) error {
	return b.with(ctx, b.footfall, func(s *server) error {
		if err := b.history(ctx, s); err != nil {
			return err
		}
		load := newSender(s.url, writeKey, 64)
		aloneSeen, alone, err := visibility(ctx, s, load, liveRate, b.d, inEvents)
		if err != nil {
			return err
		}
		if _, err := s.settled(ctx); err != nil {
			return err
		}
		looking, stop := context.WithCancel(ctx)
		defer stop()
		seen := make([]looks, len(panels))
		var failed atomic.Int64
		var all sync.WaitGroup
		for d := range dashboards {
			all.Go(func() { look(looking, s, d, seen, &failed) })
		}
		besideSeen, beside, err := visibility(ctx, s, load, liveRate, 3*b.d, patiently)
		stop()
		all.Wait()
		if err != nil {
			return err
		}
		after, err := s.settled(ctx)
		if err != nil {
			return err
		}
		rows, err := s.count(ctx, "60d", "")
		if err != nil {
			return err
		}
		if want := after.Ledger[tenantID].Accepted; rows != want {
			return fmt.Errorf("%d events accepted, %d rows", want, rows)
		}
		b.table.section(fmt.Sprintf("%d dashboards over %d events while %d/s arrive:", dashboards, historyEvents, liveRate))
		for i, p := range panels {
			l := &seen[i]
			b.table.row(p.name+", p50 / p99", ms(l.waits.at(0.5))+" / "+ms(l.waits.at(0.99)), "", "", fmt.Sprintf("asked %d times, %d had the answer of another", len(l.waits), l.cached))
		}
		b.table.row("accept p99 with dashboards / without", ms(beside.at(0.99))+" / "+ms(alone.at(0.99)), "", "",
			fmt.Sprintf("20 events a request, open loop; p50 %s / %s; %d rows = accepted; %d questions failed", ms(beside.at(0.5)), ms(alone.at(0.5)), rows, failed.Load()))
		b.table.row("accepted → in a query, p99, with / without", ms(besideSeen.at(0.99))+" / "+ms(aloneSeen.at(0.99)), "", "",
			fmt.Sprintf("p50 %s / %s, %d / %d marked events", ms(besideSeen.at(0.5)), ms(aloneSeen.at(0.5)), len(besideSeen), len(aloneSeen)))
		return nil
	})
}

// patiently is inEvents for a server that may have no time for a question; the
// wait goes on then.
func patiently(ctx context.Context, s *server, path string) (int64, error) {
	n, err := inEvents(ctx, s, path)
	if err != nil && ctx.Err() == nil {
		return 0, nil
	}
	return n, err
}

// look is somebody before a dashboard.
func look(ctx context.Context, s *server, number int, seen []looks, failed *atomic.Int64) {
	rng := rand.New(rand.NewPCG(uint64(number), 9))
	filter := fmt.Sprintf(`"filter":{"property":"event.category","op":"eq","value":%q}`, categories[number%len(categories)])
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(5*time.Second + time.Duration(rng.Int64N(int64(5*time.Second)))):
		}
		var all sync.WaitGroup
		for i, p := range panels {
			all.Go(func() {
				var answer struct {
					Stats struct {
						Cached bool `json:"cached"`
					} `json:"stats"`
				}
				began := time.Now()
				err := s.ask(ctx, http.MethodPost, "/api/v1/query", readKey, fmt.Appendf(nil, p.question, filter), &answer)
				switch {
				case err == nil:
					seen[i].add(time.Since(began), answer.Stats.Cached)
				case ctx.Err() == nil:
					failed.Add(1)
				}
			})
		}
		all.Wait()
	}
}

// history sends what happened in the last days, in the order of time.
func (b *bench) history(ctx context.Context, s *server) error {
	const lanes, batch = 4, 100
	var all sync.WaitGroup
	errs := make([]error, lanes)
	for lane := range lanes {
		all.Go(func() {
			send := newSender(s.url, writeKey, 1)
			rng := rand.New(rand.NewPCG(uint64(lane), 11))
			crowd := newVisits(rng)
			const requests = historyEvents / lanes / batch
			for i := range requests {
				left := historyDays * 24 * time.Hour / requests * time.Duration(requests-i)
				body := newBody(rng, batch, false)
				text := body.stamp(crowd, time.Now().Add(-left))
				copy(text[body.times[batch]:], time.Now().UTC().Format(timeText)) // it is sent now
				if n, err := send.post(ctx, "/v1/batch", text); err != nil || n != batch {
					errs[lane] = fmt.Errorf("send the history: %d of %d events accepted: %w", n, batch, err)
					return
				}
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	_, err := s.settled(ctx)
	return err
}
