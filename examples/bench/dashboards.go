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

// panels are the questions of a dashboard; %[1]s is its filter, and how old answers may be.
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
// what the events wait for beside the same without anybody who looks: until they
// are accepted, and, to another tenant, until a question of its own counts them.
func (b *bench) dashboards(ctx context.Context) error {
	return b.with(ctx, b.footfall, func(s *server) error {
		if err := b.history(ctx, s); err != nil {
			return err
		}
		alone, err := panelsAlone(ctx, s)
		if err != nil {
			return err
		}
		load := newSender(s.url, writeKey, 64)
		other := owner{otherWriteKey, otherReadKey}
		before := ingesting{}
		if before.seen, before.accepted, err = visibility(ctx, s, load, liveRate, b.d, other, inEvents); err != nil {
			return err
		}
		if _, err := s.settled(ctx); err != nil {
			return err
		}
		for _, maxAge := range []string{"", "10s", "30s"} {
			if err := b.watched(ctx, s, load, maxAge, alone, before); err != nil {
				return err
			}
		}
		return nil
	})
}

// ingesting is what events waited for.
type ingesting struct{ seen, accepted latencies }

// watched measures it with dashboards whose answers may be so old.
func (b *bench) watched(ctx context.Context, s *server, load *sender, maxAge string, alone []time.Duration, before ingesting) error {
	looking, stop := context.WithCancel(ctx)
	defer stop()
	seen := make([]looks, len(panels))
	var failed atomic.Int64
	var all sync.WaitGroup
	for d := range dashboards {
		all.Go(func() { look(looking, s, d, maxAge, seen, &failed) })
	}
	var beside ingesting
	var err error
	beside.seen, beside.accepted, err = visibility(ctx, s, load, liveRate, 3*b.d, owner{otherWriteKey, otherReadKey}, inEvents)
	stop()
	all.Wait()
	if err != nil {
		return err
	}
	after, err := s.settled(ctx)
	if err != nil {
		return err
	}
	rows, err := s.count(ctx, readKey, "60d", "")
	if err != nil {
		return err
	}
	if want := after.Ledger[tenantID].Accepted; rows != want {
		return fmt.Errorf("%d events accepted, %d rows", want, rows)
	}
	age := "that have all that can be seen"
	if maxAge != "" {
		age = "that may be " + maxAge + " old"
	}
	b.table.section(fmt.Sprintf("%d dashboards, answers %s, over %d events while %d/s arrive:", dashboards, age, rows, liveRate))
	for i, p := range panels {
		l := &seen[i]
		b.table.row(p.name+", p50 / p99", ms(l.waits.at(0.5))+" / "+ms(l.waits.at(0.99)), "", "",
			fmt.Sprintf("%d answers, %d of them had by another question; alone and before %s", len(l.waits), l.cached, ms(alone[i])))
	}
	b.table.row("questions that failed", fmt.Sprint(failed.Load()), "0", "", "in 10 s, the time a question has")
	b.table.row("accept p50 / p99 with dashboards", ms(beside.accepted.at(0.5))+" / "+ms(beside.accepted.at(0.99)), "", "",
		fmt.Sprintf("20 events a request, open loop; without %s / %s; %d rows = accepted", ms(before.accepted.at(0.5)), ms(before.accepted.at(0.99)), rows))
	b.table.row("accepted → in a query of another tenant, p50 / p99", ms(beside.seen.at(0.5))+" / "+ms(beside.seen.at(0.99)), "", "",
		fmt.Sprintf("without dashboards %s / %s, %d / %d marked events", ms(before.seen.at(0.5)), ms(before.seen.at(0.99)), len(beside.seen), len(before.seen)))
	return nil
}

// panelsAlone asks each panel some times, with nothing else going on, and
// returns the medians.
func panelsAlone(ctx context.Context, s *server) ([]time.Duration, error) {
	medians := make([]time.Duration, len(panels))
	for i := range panels {
		var waits latencies
		for n := range categories {
			began := time.Now()
			if _, err := ask(ctx, s, i, n, ""); err != nil {
				return nil, err
			}
			waits = append(waits, time.Since(began))
		}
		medians[i] = waits.at(0.5)
	}
	return medians, nil
}

// ask asks a panel of a dashboard, and reports whether somebody else had had the
// answer.
func ask(ctx context.Context, s *server, panel, dashboard int, maxAge string) (cached bool, err error) {
	rest := fmt.Sprintf(`"filter":{"property":"event.category","op":"eq","value":%q}`, categories[dashboard%len(categories)])
	if maxAge != "" {
		rest += fmt.Sprintf(`,"max_age":%q`, maxAge)
	}
	var answer struct {
		Stats struct {
			Cached bool `json:"cached"`
		} `json:"stats"`
	}
	err = s.ask(ctx, http.MethodPost, "/api/v1/query", readKey, fmt.Appendf(nil, panels[panel].question, rest), &answer)
	return answer.Stats.Cached, err
}

// look is somebody before a dashboard.
func look(ctx context.Context, s *server, number int, maxAge string, seen []looks, failed *atomic.Int64) {
	rng := rand.New(rand.NewPCG(uint64(number), 9))
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(5*time.Second + time.Duration(rng.Int64N(int64(5*time.Second)))):
		}
		var all sync.WaitGroup
		for i := range panels {
			all.Go(func() {
				began := time.Now()
				cached, err := ask(ctx, s, i, number, maxAge)
				switch {
				case err == nil:
					seen[i].add(time.Since(began), cached)
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
			// So few at once that each stays for about an hour.
			visitors := newVisits(rng, 50)
			const requests = historyEvents / lanes / batch
			for i := range requests {
				left := historyDays * 24 * time.Hour / requests * time.Duration(requests-i)
				body := newBody(rng, batch, false)
				text := body.stamp(visitors, time.Now().Add(-left))
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
