package local

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/tenant"
)

// shop makes records such as the door writes for a shop: about 400 bytes an
// event, of a few visitors each.
type shop struct {
	*rand.Rand
	header record.Header
}

func newShop(tb testing.TB) *shop {
	tb.Helper()
	id, err := tenant.ParseID("shop")
	require.NoError(tb, err)
	t := &tenant.Tenant{ID: id, Settings: tenant.Settings{}.WithDefaults()}
	return &shop{rand.New(rand.NewPCG(1, 2)), record.HeaderOf(t, record.Events, time.Now())}
}

func (s *shop) uuid() string {
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x",
		s.Uint32(), s.Uint32()&0xffff, s.Uint32()&0xfff, s.Uint32()&0x3fff|0x8000, s.Uint64()&0xffffffffffff)
}

func (s *shop) record(events int) footfall.Record {
	paths := []string{"/", "/products", "/cart", "/checkout", "/products/red-shoe", "/products/blue-shirt", "/about", "/search"}
	visitors := make([]string, max(1, events/8))
	for i := range visitors {
		visitors[i] = s.uuid()
	}
	var e record.Encoder
	e.Reset(s.header)
	for range events {
		path := paths[s.IntN(len(paths))]
		var name, props string
		switch s.IntN(3) {
		case 0:
			name = "$page"
			props = fmt.Sprintf(`{"path":%q,"url":"https://shop.example.com%s?utm_source=news&id=%d","title":"Shop %d","referrer":"https://shop.example.com%s"}`,
				path, path, s.IntN(100000), s.IntN(50), paths[s.IntN(len(paths))])
		case 1:
			name = "Product Viewed"
			props = fmt.Sprintf(`{"product_id":"p-%05d","name":"Item %d","category":"cat-%d","price":%d.%02d,"currency":"EUR","position":%d}`,
				s.IntN(5000), s.IntN(5000), s.IntN(20), s.IntN(300), s.IntN(100), s.IntN(30))
		default:
			name = "Product Added"
			props = fmt.Sprintf(`{"product_id":"p-%05d","cart_id":%q,"quantity":%d,"price":%d.%02d}`,
				s.IntN(5000), s.uuid()[:18], 1+s.IntN(4), s.IntN(300), s.IntN(100))
		}
		at := s.header.Received - footfall.Millis(s.IntN(60000))
		e.Add(&record.Event{
			Type: footfall.Track, Name: []byte(name), MessageID: []byte(s.uuid()),
			Anonymous: []byte(visitors[s.IntN(len(visitors))]), Time: at, Original: at, Sent: s.header.Received,
			Properties: []byte(props), Derived: []byte(`{"$browser":"Chrome","$os":"Linux","$country":"DE"}`),
			Context: fmt.Appendf(nil, `{"library":{"name":"analytics.js","version":"2.1.0"},"userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/%d.0 Safari/537.36","locale":"de-DE"}`,
				120+s.IntN(6)),
		})
	}
	return e.Record(0)
}

// sample returns distinct records, so that no compression sees one twice.
func (s *shop) sample(n, events int) []footfall.Record {
	out := make([]footfall.Record, n)
	for i := range out {
		out[i] = s.record(events)
	}
	return out
}

// cpu is the time all cores spent on this process.
func cpu(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	require.NoError(tb, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkAppend reports what appending costs and how long it takes; the
// processor is played by a plan that confirms everything now and then.
func BenchmarkAppend(b *testing.B) {
	for _, appenders := range []int{1, 8, 64} {
		for _, events := range []int{1, 100} {
			b.Run(fmt.Sprintf("appenders=%d/events=%d", appenders, events), func(b *testing.B) {
				benchmarkAppend(b, appenders, events)
			})
		}
	}
}

func benchmarkAppend(b *testing.B, appenders, events int) {
	log := open(b, Config{})
	sample := newShop(b).sample(2000, events)
	p := &partition{log: log}
	log.setOwner(p)
	next := make(chan footfall.Record, appenders)
	took := make([][]time.Duration, appenders)
	var wg sync.WaitGroup
	for a := range appenders {
		wg.Go(func() {
			for r := range next {
				start := time.Now()
				if err := log.Append(context.Background(), []footfall.Record{r}); err != nil {
					b.Error(err)
				}
				took[a] = append(took[a], time.Since(start))
			}
		})
	}
	b.ReportAllocs()
	before, i := cpu(b), 0
	for b.Loop() {
		next <- sample[i%len(sample)]
		if i++; i%20000 == 0 {
			_, end, _ := log.bounds()
			require.NoError(b, p.Commit(b.Context(), plan(end)))
		}
	}
	close(next)
	wg.Wait()
	n := float64(i * events)
	b.ReportMetric(n/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64((cpu(b)-before).Nanoseconds())/1e3/n, "cpu-µs/event")
	all := slices.Concat(took...)
	slices.Sort(all)
	for name, q := range map[string]float64{"p50-µs": 0.5, "p99-µs": 0.99} {
		b.ReportMetric(float64(all[int(q*float64(len(all)-1))].Microseconds()), name)
	}
}

// BenchmarkRead reads records from memory and from disk.
func BenchmarkRead(b *testing.B) {
	for _, events := range []int{1, 100} {
		for name, tail := range map[string]int64{"memory": 1 << 30, "disk": 1} {
			b.Run(fmt.Sprintf("%s/events=%d", name, events), func(b *testing.B) {
				log := open(b, Config{TailBytes: tail})
				sample := newShop(b).sample(200000/events/10, events)
				for range 10 {
					for part := range slices.Chunk(sample, 50) {
						require.NoError(b, log.Append(b.Context(), slices.Clone(part)))
					}
				}
				require.NoError(b, log.engine.db.Flush())
				p := &partition{log: log}
				_, end, _ := log.bounds()
				b.ReportAllocs()
				before, n, from := cpu(b), 0, int64(0)
				for b.Loop() {
					recs, err := p.Read(b.Context(), from, 1<<20)
					require.NoError(b, err)
					n += len(recs) * events
					if from = recs[len(recs)-1].Offset + 1; from == end {
						from = 0
					}
				}
				b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
				b.ReportMetric(float64((cpu(b)-before).Nanoseconds())/1e3/float64(n), "cpu-µs/event")
			})
		}
	}
}

// BenchmarkAtRest reports how many bytes of disk an event takes once it is in
// a table, appended by several senders at once.
func BenchmarkAtRest(b *testing.B) {
	for _, events := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("events=%d", events), func(b *testing.B) {
			sample := newShop(b).sample(100000/events, events)
			raw := 0
			for _, r := range sample {
				raw += len(r.Value)
			}
			for b.Loop() {
				log := open(b, Config{})
				var wg sync.WaitGroup
				for part := range slices.Chunk(sample, len(sample)/16) {
					wg.Go(func() {
						for i := range part {
							if err := log.Append(b.Context(), []footfall.Record{part[i]}); err != nil {
								b.Error(err)
							}
						}
					})
				}
				wg.Wait()
				require.NoError(b, log.engine.db.Flush())
				size, err := log.engine.db.EstimateDiskUsage(logKey(0, 0), logKey(anyOffset, 0))
				require.NoError(b, err)
				b.ReportMetric(float64(raw)/100000, "raw-B/event")
				b.ReportMetric(float64(size)/100000, "disk-B/event")
				require.NoError(b, log.Close())
			}
		})
	}
}

// BenchmarkOpenBacklog opens a log with a million unprocessed events.
func BenchmarkOpenBacklog(b *testing.B) {
	log := open(b, Config{})
	sample := newShop(b).sample(100, 100)
	for range 100 {
		require.NoError(b, log.Append(b.Context(), slices.Clone(sample)))
	}
	for b.Loop() {
		log = reopen(b, log)
	}
}

// BenchmarkSnapshot saves and loads 64 MB.
func BenchmarkSnapshot(b *testing.B) {
	log := open(b, Config{})
	const size = 64 << 20
	b.SetBytes(size)
	for i := int64(0); b.Loop(); i++ {
		s := (&partition{log: log}).Snapshots()
		require.NoError(b, s.Save(b.Context(), 1, i, io.LimitReader(rand.NewChaCha8([32]byte{1}), size)))
		_, data, err := s.Load(b.Context(), 1, i)
		require.NoError(b, err)
		n, err := io.Copy(io.Discard, data)
		require.NoError(b, err)
		require.Equal(b, int64(size), n)
	}
}
