package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/kafka/kafkatest"
	"github.com/footfall-go/footfall/stream/streamtest"
)

// TestChaosThreeBrokers runs the suite on three brokers with three replicas, and
// then kills one while records are appended and partitions owned. With
// FOOTFALL_CHAOS_BROKERS it kills one after the other, that many times, and
// freezes one as often.
func TestChaosThreeBrokers(t *testing.T) {
	kills := 1
	if n, err := strconv.Atoi(os.Getenv("FOOTFALL_CHAOS_BROKERS")); err == nil {
		kills = n
	}
	cluster := kafkatest.Start(t, kafkatest.Config{Brokers: 3})
	t.Run("Suite", func(t *testing.T) {
		streamtest.Run(t, func(tb testing.TB) stream.Log {
			cfg := configOf(tb, cluster.Addrs())
			cfg.Replication = 3
			return open(tb, cfg)
		}, suiteOptions(1)...)
	})
	t.Run("Kills", func(t *testing.T) {
		cfg := configOf(t, cluster.Addrs())
		cfg.Partitions, cfg.Replication = 3, 3
		cfg.SessionTimeout = 3 * time.Second
		l := open(t, cfg)
		w := &writers{t: t, log: l, outcome: map[string]bool{}, end: map[uint16]int64{}}
		w.start(6)
		r := reading(t, l)
		looked := look(t, cfg, w, r)
		w.progress(100)
		for i := range kills {
			started := time.Now()
			cluster.Kill(i % 3)
			w.progress(100)
			r.progress(t)
			t.Logf("broker %d killed: %v until all went on", i%3, time.Since(started).Round(time.Millisecond))
			cluster.Revive(t, i%3)
			w.progress(100)
			if i == 0 && kills == 1 {
				break // a freeze takes as long again
			}
			started = time.Now()
			require.NoError(t, cluster.Freeze((i+1)%3))
			w.progress(100)
			r.progress(t)
			t.Logf("broker %d frozen: %v until all went on", (i+1)%3, time.Since(started).Round(time.Millisecond))
			require.NoError(t, cluster.Thaw((i+1)%3))
			w.progress(100)
		}
		looked()
		w.stop()
		r.check(t, w)
	})
}

// goesOn is how long it may take until all goes on, on a busy machine: far less
// than if somebody waited for a frozen broker again and again.
const goesOn = time.Minute

// writers append values that nobody appends twice.
type writers struct {
	t       *testing.T
	log     *Log
	working sync.WaitGroup
	done    context.CancelFunc

	mu      sync.Mutex
	acked   int
	failed  int
	end     map[uint16]int64 // after what was acknowledged
	outcome map[string]bool  // of each value: whether it was acknowledged
}

func (w *writers) start(n int) {
	var ctx context.Context
	ctx, w.done = context.WithCancel(w.t.Context())
	for writer := range n {
		w.working.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				var records []footfall.Record
				for j := range 1 + rand.IntN(4) {
					records = append(records, rec(uint16(rand.IntN(3)), "shop", fmt.Sprintf("%d.%d.%d", writer, i, j)))
				}
				err := w.log.Append(context.WithoutCancel(ctx), records)
				if err != nil && !errors.Is(err, stream.ErrUnavailable) {
					w.t.Errorf("append: %v", err)
					return
				}
				w.mu.Lock()
				for _, r := range records {
					w.outcome[string(r.Value)] = err == nil
					if err == nil {
						w.end[r.Partition] = max(w.end[r.Partition], r.Offset+1)
					}
				}
				if err == nil {
					w.acked++
				} else {
					w.failed++
				}
				w.mu.Unlock()
			}
		})
	}
}

func (w *writers) ends() map[uint16]int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.end)
}

// progress waits until some more appends were acknowledged.
func (w *writers) progress(n int) {
	w.t.Helper()
	count := func() int {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.acked
	}
	from := count()
	require.Eventually(w.t, func() bool { return count() >= from+n }, goesOn, 5*time.Millisecond)
}

func (w *writers) stop() {
	w.done()
	w.working.Wait()
	w.t.Logf("%d appends acknowledged, %d refused", w.acked, w.failed)
}

// processor reads everything once, in the way of a processor: from where the
// plan is, which moves with what was read.
type processor struct {
	mu   sync.Mutex
	seen map[uint16][]footfall.Record
	hand map[uint16][]footfall.Record // being committed
	stop context.CancelFunc
	end  chan error
}

func reading(t *testing.T, l *Log) *processor {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &processor{seen: map[uint16][]footfall.Record{}, hand: map[uint16][]footfall.Record{}, stop: cancel, end: make(chan error, 1)}
	go func() { r.end <- l.Own(ctx, r.own) }()
	return r
}

// own reads and commits until the partition is lost. What another claim of the
// same partition read after the last commit is read again.
func (r *processor) own(ctx context.Context, p stream.Partition) error {
	_, n := p.ID()
	var plan stream.Plan
	for ctx.Err() == nil {
		got, _, err := p.Plan(ctx)
		if errors.Is(err, stream.ErrUnavailable) {
			continue
		}
		if err != nil {
			return err
		}
		plan = got
		break
	}
	r.mu.Lock()
	if plan.From > int64(len(r.seen[n])) { // the commit was made, and its answer lost
		r.seen[n] = append(r.seen[n], r.hand[n]...)
	}
	r.mu.Unlock()
	for ctx.Err() == nil {
		records, err := p.Read(ctx, plan.From, 1<<16)
		if errors.Is(err, stream.ErrUnavailable) {
			continue
		}
		if err != nil {
			return err
		}
		next := stream.Plan{From: records[len(records)-1].Offset + 1}
		next.To = next.From
		r.mu.Lock()
		r.hand[n] = records
		r.mu.Unlock()
		for {
			err = p.Commit(ctx, next)
			if !errors.Is(err, stream.ErrUnavailable) {
				break
			}
		}
		if err != nil {
			return err
		}
		r.mu.Lock()
		r.seen[n] = append(r.seen[n], records...)
		r.mu.Unlock()
		plan = next
	}
	return ctx.Err()
}

// plans returns what was committed for certain.
func (r *processor) plans() map[uint16]int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	plans := map[uint16]int64{}
	for n, records := range r.seen {
		plans[n] = int64(len(records))
	}
	return plans
}

func (r *processor) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, records := range r.seen {
		n += len(records)
	}
	return n
}

func (r *processor) progress(t *testing.T) {
	t.Helper()
	from := r.count()
	require.Eventually(t, func() bool { return r.count() > from }, goesOn, 5*time.Millisecond)
}

// check compares what was read with what was appended: what was acknowledged is
// there once, what was refused at most once, and nothing else.
func (r *processor) check(t *testing.T, w *writers) {
	t.Helper()
	positions, err := w.log.Positions(t.Context())
	require.NoError(t, err)
	all := 0
	for _, p := range positions {
		all += int(p.End)
	}
	require.Eventually(t, func() bool { return r.count() >= all }, time.Minute, 10*time.Millisecond)
	r.stop()
	require.NoError(t, <-r.end)
	times := map[string]int{}
	for _, records := range r.seen {
		for i, rec := range records {
			times[string(rec.Value)]++
			assert.Equal(t, int64(i), rec.Offset, "each offset is read once, in order")
		}
	}
	for value, acked := range w.outcome {
		if acked {
			assert.Equal(t, 1, times[value], "%s was acknowledged", value)
		} else {
			assert.LessOrEqual(t, times[value], 1, "%s was refused", value)
		}
		delete(times, value)
	}
	assert.Empty(t, times, "nobody appended these")
}
