package stream_test

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/stream"
)

// BenchmarkRunner measures everything between the log and the store: reading,
// folding, cutting, claiming, and the hand-over; both ends cost nothing. One
// operation is 200,000 events in records of 100, of 20,000 visitors. Live taps
// are one that takes everything at once and one that never returns; with a
// durable one an operation ends when it has everything, too.
func BenchmarkRunner(b *testing.B) {
	swift := footfall.SinkFunc(func(context.Context, []footfall.Event) error { return nil })
	stuck := footfall.SinkFunc(func(ctx context.Context, _ []footfall.Event) error {
		<-ctx.Done()
		return ctx.Err()
	})
	b.Run("alone", func(b *testing.B) { benchmarkRunner(b, nil) })
	b.Run("live", func(b *testing.B) { benchmarkRunner(b, nil, stream.Tap{Name: "swift", Sink: swift}) })
	b.Run("stuck", func(b *testing.B) { benchmarkRunner(b, nil, stream.Tap{Name: "stuck", Sink: stuck}) })
	b.Run("durable", func(b *testing.B) {
		got := make(chan int, 1024)
		count := footfall.SinkFunc(func(_ context.Context, events []footfall.Event) error {
			got <- len(events)
			return nil
		})
		benchmarkRunner(b, got, stream.Tap{Name: "durable", Sink: count, Durable: true, MaxAge: time.Millisecond})
	})
}

func benchmarkRunner(b *testing.B, tapped <-chan int, taps ...stream.Tap) {
	b.Helper()
	l := newRing(b, 2000, 100, 20_000)
	s := &sieve{got: make(chan int, 1024)}
	r, err := stream.New(stream.Config{Log: l, Store: s, SnapshotEvery: time.Hour, SnapshotEvents: 1 << 40, Taps: taps, DrainTimeout: time.Second})
	require.NoError(b, err)
	ctx, stop := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	lap := func() {
		l.release()
		for rows := 0; rows < 200_000; {
			rows += <-s.got
		}
		for rows := 0; tapped != nil && rows < 200_000; {
			rows += <-tapped
		}
	}
	l.release() // one lap ahead, so that no batch waits to be filled
	lap()       // the first one builds the state
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu := cpuTime(b)
	b.ReportAllocs()
	for b.Loop() {
		lap()
	}
	cpu = cpuTime(b) - cpu
	runtime.ReadMemStats(&after)
	events := float64(b.N) * 200_000
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/events, "ns/event")
	b.ReportMetric(float64(cpu.Nanoseconds())/events, "cpu-ns/event")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/events, "allocs/event")
	stop()
	require.NoError(b, <-done)
}

// cpuTime returns the processor time of this process, collector and kernel
// included.
func cpuTime(tb testing.TB) time.Duration {
	var u syscall.Rusage
	require.NoError(tb, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// sieve is a store that counts rows and keeps none.
type sieve struct{ got chan int }

func (s *sieve) Insert(_ context.Context, b *footfall.Batch, _ int) error {
	s.got <- len(b.Events)
	return nil
}

func (s *sieve) Present(context.Context, uint16, uint16, int64, int64) ([]footfall.Coordinate, error) {
	return nil, nil
}

func (s *sieve) Disposed(context.Context, uint16, uint16, int64) (footfall.Disposed, error) {
	return footfall.Disposed{}, nil
}

func (s *sieve) Upsert(context.Context, *footfall.Upserts) error { return nil }

// ring is a log that gives out the same records again and again, hours later
// each time, so that they are no duplicates.
type ring struct {
	records []footfall.Record
	plan    stream.Plan

	mu    sync.Mutex
	end   int64
	grown chan struct{}
}

func newRing(tb testing.TB, records, events, visitors int) *ring {
	l := &ring{grown: make(chan struct{})}
	h := header(tb, "shop")
	properties := []byte(`{"product":"A-1000","price":19.99,"currency":"EUR","category":"shoes","path":"/c/shoes/a-1000"}`)
	about := []byte(`{"page":{"path":"/c/shoes/a-1000","referrer":"https://example.com/"},"library":{"name":"analytics.js"}}`)
	for i := range records {
		var e record.Encoder
		e.Reset(h)
		for j := range events {
			n := i*events + j
			e.Add(&record.Event{
				Type: footfall.Track, Name: []byte("Product Viewed"), MessageID: fmt.Appendf(nil, "ajs-next-%016x", n),
				Anonymous: fmt.Appendf(nil, "visitor-%08d", n*7919%visitors), Time: h.Received + footfall.Millis(j),
				Properties: properties, Context: about,
			})
		}
		l.records = append(l.records, e.Record(0))
	}
	return l
}

func (l *ring) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end += int64(len(l.records))
	close(l.grown)
	l.grown = make(chan struct{})
}

func (l *ring) Append(context.Context, []footfall.Record) error { return stream.ErrUnavailable }

func (l *ring) Own(ctx context.Context, fn func(context.Context, stream.Partition) error) error {
	return fn(ctx, l)
}

func (l *ring) ID() (epoch, partition uint16) { return 0, 0 }

func (l *ring) Plan(context.Context) (stream.Plan, bool, error) { return l.plan, l.plan.To > 0, nil }

func (l *ring) Commit(_ context.Context, p stream.Plan) error {
	l.plan = p
	return nil
}

func (l *ring) Raise(context.Context, stream.Plan, io.Reader) error { return nil }
func (l *ring) Bounds(context.Context) (first, end int64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return 0, l.end, nil
}

func (l *ring) Read(ctx context.Context, from int64, maxBytes int) ([]footfall.Record, error) {
	for {
		l.mu.Lock()
		end, grown := l.end, l.grown
		l.mu.Unlock()
		if from < end {
			n := int64(len(l.records))
			var out []footfall.Record
			for size := 0; from < end && size < maxBytes; from++ {
				rec := l.records[from%n]
				rec.Offset, rec.Time = from, footfall.Millis((from/n+1)*30*60*60*1000)
				size += len(rec.Value)
				out = append(out, rec)
			}
			return out, nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (l *ring) Pending(context.Context, int64) (map[string]uint64, footfall.Millis, error) {
	return nil, 0, nil
}

func (l *ring) Snapshots() stream.Snapshots { return none{} }

// none keeps no snapshots.
type none struct{}

func (none) Load(context.Context, uint16, int64) (int64, io.ReadCloser, error) { return 0, nil, nil }

func (none) Save(_ context.Context, _ uint16, _ int64, data io.Reader) error {
	_, err := io.Copy(io.Discard, data)
	return err
}

func (l *ring) Follower(string) stream.Follower { return &chaser{ring: l} }

func (l *ring) Followers(context.Context) (map[string]int64, error) { return nil, nil }

// chaser keeps its place in memory.
type chaser struct {
	*ring
	at int64
}

func (c *chaser) Cursor(context.Context) (int64, bool, error) { return c.at, true, nil }

func (c *chaser) Drop(context.Context) error { return nil }

func (c *chaser) Move(_ context.Context, offset int64) error {
	c.at = offset
	return nil
}
