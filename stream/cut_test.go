package stream_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/streamtest"
)

// claims runs over what is in the log and returns the plans committed, without
// the closing one.
func (w *world) claims(cfg stream.Config) []stream.Plan {
	w.t.Helper()
	var plans []stream.Plan
	w.log.SetFaults(streamtest.Faults{Committed: func(_ uint16, p stream.Plan) error {
		if p.To > p.From {
			p.Fold = 0
			plans = append(plans, p)
		}
		return nil
	}})
	p := w.begin(cfg, nil)
	p.visible()
	require.NoError(w.t, p.end())
	w.requireExact(1)
	return plans
}

func TestBatchesAreCutExactly(t *testing.T) {
	t.Parallel()
	plans := func(offsets ...int64) (all []stream.Plan) {
		for i := 1; i < len(offsets); i++ {
			all = append(all, stream.Plan{From: offsets[i-1], To: offsets[i]})
		}
		return all
	}
	months := func(first, n int) (m []message) {
		for i := range n {
			at := time.Date(1990, time.Month(1+first+i), 15, 0, 0, 0, 0, time.UTC)
			m = append(m, message{visitor: "v", id: fmt.Sprint("month", first+i), time: at})
		}
		return m
	}
	tests := []struct {
		name   string
		change func(*stream.Config)
		fill   func(*world)
		want   []stream.Plan
	}{
		{"rows", func(c *stream.Config) { c.MaxRows = 10 }, func(w *world) {
			for _, n := range []int{4, 6, 5, 5, 1, 11, 1} {
				w.append(0, "shop", w.clicks(n)...)
			}
		}, plans(0, 2, 4, 5, 6, 7)},
		{"duplicates are not rows", func(c *stream.Config) { c.MaxRows = 10 }, func(w *world) {
			for range 20 {
				w.append(0, "shop", message{visitor: "v", id: "same"})
			}
		}, plans(0, 20)},
		{"bytes", func(c *stream.Config) { c.MaxBytes = 1000 }, func(w *world) {
			for range 9 {
				w.append(0, "shop", w.clicks(10)...)
			}
		}, plans(0, 2, 4, 6, 8, 9)},
		{"log time", func(c *stream.Config) {}, func(w *world) {
			for range 5 {
				w.append(0, "shop", w.clicks(1)...)
				time.Sleep(5 * time.Minute)
			}
		}, plans(0, 3, 5)},
		{"64 months", func(c *stream.Config) {}, func(w *world) {
			for i := range 10 {
				w.append(0, "shop", months(12*i, 12)...)
			}
		}, plans(0, 5, 10)},
		{"64 months in all, then one more", func(c *stream.Config) {}, func(w *world) {
			for i := range 16 {
				w.append(0, "shop", months(4*i, 4)...)
			}
			w.append(0, "shop", append(w.clicks(1), months(10, 2)...)...)
			w.append(0, "shop", months(2, 1)...) // a duplicate
			w.append(0, "shop", w.clicks(3)...)
		}, plans(0, 16, 19)},
		{"a silo has months of its own", func(c *stream.Config) { c.MaxParts = 4 }, func(w *world) {
			for i := range 3 {
				w.append(0, "shop", months(i, 1)...)
				w.append(0, "own-silo", months(i, 1)...)
			}
		}, plans(0, 4, 6)},
		{"a record is never cut", func(c *stream.Config) { c.MaxRows, c.MaxParts = 3, 2 }, func(w *world) {
			w.append(0, "shop", w.clicks(7)...)
			w.append(0, "shop", months(0, 5)...)
			w.append(0, "shop", w.clicks(1)...)
		}, plans(0, 1, 2, 3)},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, 1, func(w *world) {
				cfg := w.config()
				tc.change(&cfg)
				tc.fill(w)
				require.Equal(t, tc.want, w.claims(cfg))
			})
		})
	}
}

// TestSizes holds the sizes that nobody set to what an insert, the memory of a
// process and the door's records were made for.
func TestSizes(t *testing.T) {
	t.Parallel()
	w := &world{t: t, log: streamtest.NewMemory(1), store: newClerk()}
	r, err := stream.New(w.config())
	require.NoError(t, err)
	cfg := r.Settings()
	require.Equal(t, 100_000, cfg.MaxRows)
	require.Equal(t, 64<<20, cfg.MaxBytes)
	require.Equal(t, 10*time.Minute, cfg.MaxSpan)
	require.Equal(t, 64, cfg.MaxParts)
	require.Equal(t, 5, cfg.Attempts)
	require.Equal(t, 500*time.Millisecond, cfg.UpsertEvery)
}

func TestBatchesGrowWhileTheStoreIsBusy(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		release := make(chan struct{})
		w.store.insert = func(*footfall.Batch, int) fate {
			<-release
			return fine
		}
		p := w.begin(w.config(), nil)
		for range 100 {
			w.append(0, "shop", w.clicks(1)...)
			time.Sleep(50 * time.Millisecond)
		}
		s, err := p.Status(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 100, s.Lag.Events)
		w.requireLedger(p)
		close(release)
		p.visible()
		require.NoError(t, p.end())
		calls := w.store.calls()
		require.Len(t, calls, 2, "the second batch waited for the first")
		require.Equal(t, 100, calls[0].rows+calls[1].rows)
		require.LessOrEqual(t, calls[0].rows, 5)
	})
}

func TestTheOldestRecordWaitsForFlushAge(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		var cut []time.Duration
		begun := time.Now()
		w.log.SetFaults(streamtest.Faults{Commit: func(uint16, stream.Plan) error {
			cut = append(cut, time.Since(begun))
			return nil
		}})
		p := w.begin(w.config(), nil)
		for range 3 {
			w.append(0, "shop", w.clicks(1)...)
			time.Sleep(150 * time.Millisecond)
		}
		time.Sleep(500 * time.Millisecond)
		require.NoError(t, p.end())
		require.Equal(t, []time.Duration{200 * time.Millisecond, 500 * time.Millisecond}, cut[:2])
	})
}
