package stream_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/internal/fold"
)

func TestNewNamesEveryMistake(t *testing.T) {
	t.Parallel()
	_, err := stream.New(stream.Config{MaxRows: -1, FlushAge: -time.Second, NextEpoch: true})
	require.EqualError(t, err, "stream: Config.FlushAge is negative\nstream: Config.Log is required\n"+
		"stream: Config.MaxRows is negative\nstream: Config.NextEpoch demands Config.Recover\nstream: Config.Store is required")
}

func TestRunnerMakesEventsVisible(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		p := w.begin(w.config(), nil)
		for i := range 20 {
			w.append(0, "shop", message{visitor: "v", id: "same"}, message{visitor: "v", id: fmt.Sprint(i), user: "u"})
			if i%3 == 0 {
				w.append(0, "club", w.clicks(5)...)
			}
			begun := time.Now()
			p.visible()
			require.Less(t, time.Since(begun), 500*time.Millisecond)
			w.requireExact(1)
			w.requireLedger(p)
		}
		s, err := p.Status(t.Context())
		require.NoError(t, err)
		require.True(t, s.Ready)
		require.Equal(t, stream.Lag{}, s.Lag)
		require.Equal(t, stream.Ledger{Accepted: 40, Stored: 21, Duplicate: 19}, s.Ledger["shop"])
		require.Len(t, s.Partitions, 1)
		part := s.Partitions[0]
		require.EqualValues(t, 27, part.From)
		require.EqualValues(t, 27, part.To)
		require.EqualValues(t, 27, part.End)
		require.Positive(t, part.Visitors)
		require.Equal(t, 21+35, part.IDs, "of both tenants")
		for _, c := range w.store.calls() {
			require.Zero(t, c.attempt)
		}
		require.NoError(t, p.end())
	})
}

func TestRunnerDrains(t *testing.T) {
	t.Parallel()
	inBubble(t, 2, func(w *world) {
		p := w.begin(w.config(), nil)
		for i := range 50 {
			w.append(uint16(i%2), "shop", w.clicks(30)...)
		}
		require.NoError(t, p.end())
		w.requireExact(2)
		for i := range uint16(2) {
			plan, ok := w.log.Plan(i)
			require.True(t, ok)
			require.Equal(t, stream.Plan{From: 25, To: 25, Written: 25, Fold: fold.Version}, plan)
			require.Equal(t, []int64{25}, w.log.SnapshotOffsets(i)[fold.Version])
		}
		s, err := p.Status(t.Context())
		require.NoError(t, err)
		require.False(t, s.Ready)
		require.EqualValues(t, stream.Unknown, s.Lag.Events)
	})
}

func TestDrainHasAnEnd(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		w.store.insert = func(*footfall.Batch, int) fate { return unheard }
		p := w.begin(w.config(), nil)
		w.append(0, "shop", w.clicks(3)...)
		begun := time.Now()
		require.ErrorContains(t, p.end(), "time is up")
		require.Equal(t, 30*time.Second, time.Since(begun))

		w.store.insert = nil
		p = w.begin(w.config(), nil)
		p.visible()
		w.requireExact(1)
		require.NoError(t, p.end())
	})
}

func TestRunnerRunsOnceAtATime(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		p := w.begin(w.config(), nil)
		require.ErrorContains(t, p.Run(t.Context()), "running already")
		require.NoError(t, p.end())
	})
}

func TestSnapshotsBoundTheReplay(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		p := w.begin(w.config(), nil)
		for range 300 {
			w.append(0, "shop", w.clicks(2)...)
			time.Sleep(time.Second)
			plan, _ := w.log.Plan(0)
			offsets := w.log.SnapshotOffsets(0)[fold.Version]
			for _, o := range offsets {
				require.LessOrEqual(t, o, plan.From, "every snapshot is of use")
			}
		}
		offsets := w.log.SnapshotOffsets(0)[fold.Version]
		require.Len(t, offsets, 3)
		require.Greater(t, offsets[2], int64(200))

		w.log.Trim(0, offsets[2]) // a restart needs nothing before it
		w.log.Fence(0)
		w.append(0, "shop", w.clicks(2)...)
		p.visible()
		require.NoError(t, p.end())
		require.Len(t, w.store.Rows(), 602)
		require.Len(t, w.store.Sessions(), 1)
		require.EqualValues(t, 602, w.store.Sessions()[0].Events)
	})
}

func TestUpsertsFollowTheirEvents(t *testing.T) {
	t.Parallel()
	for name, months := range map[string]int{
		"one month":               1,
		"every record is a month": 2, // and is folded before it is known that it does not fit
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, 1, func(w *world) {
				writes := 0
				w.store.upsert = func(u *footfall.Upserts) error {
					writes++
					for _, l := range u.Links {
						require.Contains(t, positions(w.store.Rows()), l.Position, "a link is never ahead of its event")
					}
					return nil
				}
				w.store.insert = func(*footfall.Batch, int) fate {
					time.Sleep(700 * time.Millisecond)
					return fine
				}
				cfg := w.config()
				cfg.MaxParts = 1
				p := w.begin(cfg, nil)
				for i := range 60 {
					at := time.Now().AddDate(0, -(i % months), 0)
					w.append(0, "shop", message{visitor: fmt.Sprint("v", i), user: "u", id: fmt.Sprint(i), time: at})
					time.Sleep(100 * time.Millisecond)
				}
				if months == 1 {
					require.InDelta(t, 4, writes, 1, "once a second, when a batch is cut: every 1.4 s")
				}
				p.visible()
				require.NoError(t, p.end())
				w.requireExact(1)
				require.Len(t, w.store.Links(), 60)
			})
		})
	}
}

func TestErasureIsFinal(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		p := w.begin(w.config(), nil)
		w.append(0, "shop", message{visitor: "a", id: "1"}, message{visitor: "b", id: "2"})
		w.order(0, "shop", record.Order{Erase: &record.Erase{Name: "e1", Visitors: []string{"a"}}})
		w.append(0, "shop", message{visitor: "a", id: "3"})
		p.visible()
		require.Len(t, w.store.Rows(), 2)
		w.requireExact(1)

		// The claim is read back after the erasure: it must not come back.
		w.order(0, "shop", record.Order{Erase: &record.Erase{Name: "e2", Visitors: []string{"b"}}})
		p.visible() // a command alone is waited for, too
		require.Len(t, w.store.Rows(), 1)
		w.log.Fence(0)
		time.Sleep(time.Minute)
		require.Len(t, w.store.Rows(), 1)
		w.requireExact(1)
		w.requireLedger(p)
		require.NoError(t, p.end())
	})
}

// TestFlushAgeGrowsWithPartitions measures how long an event waits for others: a
// process makes at most twenty inserts a second out of slow partitions, however
// many it has, and as soon as it has fewer it waits less.
func TestFlushAgeGrowsWithPartitions(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		partitions int
		set, want  time.Duration
	}{
		{1, 0, 200 * time.Millisecond},
		{4, 0, 200 * time.Millisecond},
		{50, 0, 2500 * time.Millisecond},
		{50, 70 * time.Millisecond, 70 * time.Millisecond},
	} {
		t.Run(fmt.Sprint(tc.partitions, tc.set), func(t *testing.T) {
			t.Parallel()
			inBubble(t, tc.partitions, func(w *world) {
				var mu sync.Mutex
				var inserted []time.Duration
				var sent time.Time
				w.store.insert = func(*footfall.Batch, int) fate {
					mu.Lock()
					defer mu.Unlock()
					inserted = append(inserted, time.Since(sent))
					return fine
				}
				cfg := w.config()
				cfg.FlushAge = tc.set
				p := w.begin(cfg, nil)
				time.Sleep(time.Minute)
				sent = time.Now()
				for i := range tc.partitions {
					w.append(uint16(i), "shop", w.clicks(1)...)
				}
				p.visible()
				require.Len(t, inserted, tc.partitions)
				require.Equal(t, slices.Repeat([]time.Duration{tc.want}, tc.partitions), inserted)
				if tc.set > 0 || tc.partitions < 50 {
					require.NoError(t, p.end())
					return
				}
				// Another process takes most of them.
				other := w.begin(cfg, nil)
				for i := range uint16(48) {
					w.log.Fence(i)
				}
				time.Sleep(time.Minute)
				inserted, sent = nil, time.Now()
				w.append(49, "shop", w.clicks(1)...)
				p.visible()
				require.Equal(t, []time.Duration{200 * time.Millisecond}, inserted)
				require.NoError(t, p.end())
				require.NoError(t, other.end())
			})
		})
	}
}
