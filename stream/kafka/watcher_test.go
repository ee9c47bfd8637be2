package kafka

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
)

// owning calls fn with partition 0 until it returns.
func owning(t *testing.T, l *Log, fn func(context.Context, stream.Partition)) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	err := l.Own(ctx, func(ctx context.Context, p stream.Partition) error {
		defer stop()
		fn(ctx, p)
		return nil
	})
	require.NoError(t, err)
}

// TestWatcher looks at a processor through another connection: what it has
// written down is what questions may rely on, and no more.
func TestWatcher(t *testing.T) {
	t.Parallel()
	cfg := configOf(t, broker(t).Addrs())
	l, other := open(t, cfg), open(t, cfg)
	w := other.NewWatcher()
	ctx := t.Context()

	begun := time.Now()
	require.Equal(t, "7/0:0:0 ", w.Version(ctx))
	require.WithinRange(t, w.Watermark(ctx), begun, time.Now(), "there is nothing to wait for")
	require.NoError(t, w.Settle(ctx))

	require.NoError(t, l.Append(ctx, []footfall.Record{rec(0, "shop", "a"), rec(0, "shop", "b")}))
	appended := time.Now()
	require.Equal(t, "7/0:0:0 ", w.Version(ctx))
	require.False(t, w.Watermark(ctx).After(appended), "what was appended is in no table yet")
	waits, stopWaiting := context.WithTimeout(ctx, 300*time.Millisecond)
	require.ErrorIs(t, w.Settle(waits), context.DeadlineExceeded)
	stopWaiting()

	settled := make(chan error, 1)
	go func() { settled <- other.NewWatcher().Settle(ctx) }()
	owning(t, l, func(ctx context.Context, p stream.Partition) {
		assert.True(t, l.Joined())
		n, err := other.Members(ctx)
		assert.NoError(t, err)
		assert.Equal(t, 1, n)
		assert.NoError(t, p.Commit(ctx, stream.Plan{From: 2, To: 2, Written: 1, Fold: 3}))
		assert.Equal(t, "7/0:2:1 ", w.Version(ctx), "each question looks anew")
		assert.False(t, w.Watermark(ctx).After(appended), "sessions and erasures are not there yet")
		select {
		case err := <-settled:
			assert.Fail(t, "settled too early", err)
		default:
		}
		assert.NoError(t, p.Commit(ctx, stream.Plan{From: 2, To: 2, Written: 2, Fold: 3}))
	})
	require.NoError(t, <-settled)
	require.Equal(t, "7/0:2:2 ", w.Version(ctx))
	require.True(t, w.Watermark(ctx).After(appended))
	require.False(t, l.Joined())
	n, err := other.Members(ctx)
	require.NoError(t, err)
	require.Zero(t, n)
}

// TestWatermarkFollows shows that under steady traffic the watermark follows at
// the distance of the processor, without a moment at which nothing waits.
func TestWatermarkFollows(t *testing.T) {
	t.Parallel()
	w := (&Log{}).NewWatcher()
	begun := time.Unix(1_000_000, 0)
	at := func(i int) time.Time { return begun.Add(time.Duration(i) * time.Second) }
	for i := range 10_000 {
		// Of two partitions, one stands still after a while.
		w.note(sight{begun: at(i), ends: []int64{int64(i), min(int64(i), 7)}, plans: []stream.Plan{{Written: int64(max(i-3, 0))}, {Written: 7}}})
		require.Equal(t, at(max(i-3, 0)), w.watermark)
		require.LessOrEqual(t, len(w.sights), 3)
	}
	// The store is away for a long time: what is remembered stays bounded, and
	// the watermark goes on soon after it is back.
	for i := 10_000; i < 20_000; i++ {
		w.note(sight{begun: at(i), ends: []int64{int64(i), 7}, plans: []stream.Plan{{Written: 9996}, {Written: 7}}})
		require.Equal(t, at(9996), w.watermark)
		require.LessOrEqual(t, len(w.sights), sightsKept)
	}
	w.note(sight{begun: at(20_000), ends: []int64{20_000, 7}, plans: []stream.Plan{{Written: 19_998}, {Written: 7}}})
	require.WithinRange(t, w.watermark, at(19_000), at(19_998))
}

// TestWaiting counts what waits from outside, from wherever it is asked.
func TestWaiting(t *testing.T) {
	t.Parallel()
	cfg := configOf(t, broker(t).Addrs())
	l := open(t, cfg)
	w := open(t, cfg).NewWaiting()
	t.Cleanup(w.Close)
	ctx := t.Context()
	waits, err := w.Since(ctx, 0, 0, 0)
	require.NoError(t, err)
	require.Empty(t, waits.Events)
	require.Zero(t, waits.Oldest)
	for i := range 5 {
		r := rec(0, "shop", "a")
		r.Events = uint32(i + 1)
		require.NoError(t, l.Append(ctx, []footfall.Record{r, rec(0, "club", "b")}))
	}
	for _, from := range []int64{0, 4, 10, 2, 0} {
		waits, err = w.Since(ctx, 0, from, 10)
		require.NoError(t, err)
		shop := uint64(0)
		for i := from / 2; i < 5; i++ {
			shop += uint64(i + 1)
		}
		require.Equal(t, shop, waits.Events["shop"], from)
		require.EqualValues(t, (10-from)/2, waits.Events["club"], from)
		require.False(t, waits.Estimated)
	}
}

// TestWaitingEstimates has more wait than is worth reading: what is read stands
// for the rest, and each question reads on.
func TestWaitingEstimates(t *testing.T) {
	t.Parallel()
	const n = mostCounted + 30_000
	cfg := configOf(t, broker(t).Addrs())
	l, ctx := open(t, cfg), t.Context()
	w := open(t, cfg).NewWaiting()
	t.Cleanup(w.Close)
	for at := 0; at < n; at += 5000 {
		batch := make([]footfall.Record, 5000)
		for i := range batch {
			// Records differ, and those to come are larger on average.
			batch[i] = footfall.Record{Events: uint32(i%4 + (at+i)/(n/2)), Tenant: []string{"shop", "shop", "club"}[i%3], Header: make([]byte, 100)}
		}
		require.NoError(t, l.Append(ctx, batch))
	}
	exact := func(from int64) (all uint64) {
		for i := from; i < n; i++ {
			all += uint64(i%5000%4 + i/(n/2))
		}
		return all
	}
	for _, from := range []int64{0, 17} {
		waits, err := w.Since(ctx, 0, from, n)
		require.NoError(t, err)
		require.True(t, waits.Estimated)
		require.InEpsilon(t, exact(from), waits.Events["shop"]+waits.Events["club"], 0.3)
		require.InEpsilon(t, 2*waits.Events["club"], waits.Events["shop"], 0.1)
		require.Positive(t, waits.Oldest)
	}
	for range 1000 {
		waits, err := w.Since(ctx, 0, 17, n)
		require.NoError(t, err)
		if !waits.Estimated {
			require.Equal(t, exact(17), waits.Events["shop"]+waits.Events["club"])
			return
		}
	}
	require.Fail(t, "it never comes to the end")
}

// TestForget removes what an erasure made superfluous, and nothing that somebody
// needs.
func TestForget(t *testing.T) {
	t.Parallel()
	cfg := configOf(t, broker(t).Addrs())
	l := open(t, cfg)
	ctx := t.Context()
	for range 10 {
		require.NoError(t, l.Append(ctx, []footfall.Record{rec(0, "shop", "a")}))
	}
	needed := func(why string) {
		t.Helper()
		// Long enough for a first look at a busy broker, and the end falls
		// into any moment of later ones.
		soon, cancel := context.WithTimeout(ctx, 3*time.Second)
		defer cancel()
		err := l.Forget(soon, map[uint16]int64{0: 5})
		require.ErrorIs(t, err, ErrNeeded)
		require.ErrorContains(t, err, why)
	}
	needed("the plan is at 0")
	owning(t, l, func(ctx context.Context, p stream.Partition) {
		assert.NoError(t, p.Follower("tap").Move(ctx, 4))
		assert.NoError(t, p.Commit(ctx, stream.Plan{From: 9, To: 9, Fold: 3}))
	})
	needed("no snapshot")
	save := func(offset int64) {
		require.NoError(t, cfg.Snapshots.WriteSnapshot(ctx, 7, 0, 3, offset, strings.NewReader("state")))
	}
	save(2)
	save(6)
	needed("by the follower tap at 4")
	owning(t, l, func(ctx context.Context, p stream.Partition) { assert.NoError(t, p.Follower("tap").Move(ctx, 6)) })
	require.NoError(t, l.Forget(ctx, map[uint16]int64{0: 5}))
	require.NoError(t, l.Forget(ctx, map[uint16]int64{0: 5}), "it may be repeated")
	held, err := cfg.Snapshots.Snapshots(ctx, 7, 0, 3)
	require.NoError(t, err)
	require.Equal(t, []int64{6}, held)
	owning(t, l, func(ctx context.Context, p stream.Partition) {
		first, end, err := p.Bounds(ctx)
		assert.NoError(t, err)
		assert.Equal(t, []int64{5, 10}, []int64{first, end})
	})
}
