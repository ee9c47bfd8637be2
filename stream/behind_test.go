package stream_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/streamtest"
)

// losses are the ways in which a log of 200 processed records comes to have
// fewer than its store. before is asked when it has 120.
func losses() map[string]struct {
	lose func(w *world, before *streamtest.Memory)
	plan bool // that is ahead of what is left
} {
	return map[string]struct {
		lose func(w *world, before *streamtest.Memory)
		plan bool
	}{
		"an older backup":                    {func(w *world, before *streamtest.Memory) { w.log = before }, false},
		"brokers lost the end":               {func(w *world, _ *streamtest.Memory) { w.log.Cut(0, 150) }, true},
		"brokers lost all, and kept offsets": {func(w *world, _ *streamtest.Memory) { w.log.Cut(0, 0) }, true},
		"made anew":                          {func(w *world, _ *streamtest.Memory) { w.log = streamtest.NewMemory(1) }, false},
	}
}

// past makes 200 processed records, and returns a backup of the log from when
// there were 120.
func (w *world) past() (before *streamtest.Memory) {
	w.t.Helper()
	p := w.begin(w.config(), nil)
	for i := range 200 {
		if i == 120 {
			before = w.log.Backup()
		}
		w.append(0, "shop", w.clicks(2)...)
		time.Sleep(time.Second)
	}
	require.NoError(w.t, p.end())
	return before
}

// TestLogBehindStore has a log that lacks what the store has, and may have been
// appended to since, less than was lost or more. No process starts on it, and
// the store stays as it is.
func TestLogBehindStore(t *testing.T) {
	t.Parallel()
	for name, loss := range losses() {
		for _, since := range []int{0, 10, 300} {
			t.Run(fmt.Sprint(name, since), func(t *testing.T) {
				t.Parallel()
				inBubble(t, 1, func(w *world) {
					before := w.past()
					rows, sessions, ledger := w.store.Rows(), w.store.Sessions(), w.store.Ledger()
					loss.lose(w, before)
					for range since {
						w.append(0, "shop", w.clicks(2)...)
					}
					err := w.run(w.config(), false)
					require.ErrorIs(t, err, stream.ErrLogLacks)
					switch {
					case since == 300:
						require.ErrorContains(t, err, "event 1 of offset 199 is another in the log than in the store")
					case loss.plan:
						require.ErrorContains(t, err, "plan (200, 200) is ahead of the log, which ends at")
					default:
						require.ErrorContains(t, err, "the store has event 1 of offset 199")
					}
					require.Equal(t, rows, w.store.Rows())
					require.Equal(t, sessions, w.store.Sessions())
					require.Equal(t, ledger, w.store.Ledger())
				})
			})
		}
	}
}

// TestLogBehindStoreControl has a store that cannot tell what it has: what is
// accepted into the log that lacks records is swallowed, so the test above can fail.
func TestLogBehindStoreControl(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		before := w.past()
		w.log = before
		for range 50 {
			w.append(0, "shop", w.clicks(2)...)
		}
		rows := len(w.store.Rows())
		cfg := w.config()
		cfg.Store = struct{ footfall.Store }{w.store}
		require.NoError(t, w.run(cfg, false))
		require.Less(t, len(w.store.Rows()), rows+100)
	})
}

// shortsighted is a log that tells an end that others have passed for a while, as
// a broker does that does not know yet that it leads no more.
type shortsighted struct {
	stream.Log
	until time.Time
}

func (s shortsighted) Own(ctx context.Context, f func(context.Context, stream.Partition) error) error {
	return s.Log.Own(ctx, func(ctx context.Context, p stream.Partition) error { return f(ctx, shortPartition{p, s.until}) })
}

type shortPartition struct {
	stream.Partition
	until time.Time
}

func (p shortPartition) Bounds(ctx context.Context) (first, end int64, err error) {
	first, end, err = p.Partition.Bounds(ctx)
	if time.Now().Before(p.until) {
		end -= 5
	}
	return first, end, err
}

// TestOldLeader starts while a broker that led once answers: that is no lost log.
func TestOldLeader(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		w.history()
		cfg := w.config()
		cfg.Log = shortsighted{w.log, time.Now().Add(3 * time.Second)}
		require.NoError(t, w.run(cfg, true))
		cfg.Log = shortsighted{w.log, time.Now().Add(time.Hour)}
		require.ErrorIs(t, w.run(cfg, true), stream.ErrLogLacks)
	})
}

// TestOlderLog restores a backup of the log that was made somewhere in the middle
// of all the faults of [TestChaos]. The store is newer than it: no process starts
// on it, whatever was appended since.
func TestOlderLog(t *testing.T) {
	t.Parallel()
	for seed := range seeds(t) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			inBubble(t, 2, func(w *world) {
				c := newChaos(w, seed)
				c.backupAt = 40 + c.draw(100)
				since := []int{0, 5, 200}[seed%3]
				c.run(nil)
				w.log = c.older
				for range since {
					for partition := range uint16(2) {
						w.append(partition, "shop", w.clicks(2)...)
					}
				}
				require.ErrorIs(t, w.run(w.config(), false), stream.ErrLogLacks)
			})
		})
	}
}
