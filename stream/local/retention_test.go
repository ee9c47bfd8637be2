package local

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/stream"
)

func TestRetention(t *testing.T) {
	t.Parallel()
	const week = 7 * 24 * time.Hour
	later := time.Now().Add(week + time.Hour)
	fill := func(t *testing.T, cfg Config) (*Log, *partition) {
		log := open(t, cfg)
		for i := range 40 {
			require.NoError(t, log.Append(t.Context(), records(fmt.Sprint(i, noise(64<<10)))))
		}
		p := &partition{log: log}
		log.setOwner(p)
		require.NoError(t, p.Commit(t.Context(), stream.Plan{From: 30, To: 35, Fold: 2}))
		log.trimmed = time.Time{} // the commit has looked
		return log, p
	}
	save := func(t *testing.T, p *partition, fold uint16, offset int64) {
		require.NoError(t, p.Snapshots().Save(t.Context(), fold, offset, strings.NewReader("state")))
	}
	t.Run("NoSnapshot", func(t *testing.T) {
		t.Parallel()
		log, p := fill(t, Config{})
		save(t, p, 1, 20) // of a fold that is no more
		log.retain(t.Context(), later)
		require.Len(t, whole(t, log), 40, "without a snapshot state needs all of them")
	})
	t.Run("Age", func(t *testing.T) {
		t.Parallel()
		log, p := fill(t, Config{})
		save(t, p, 1, 20)
		save(t, p, 2, 25)
		save(t, p, 2, 33)
		log.retain(t.Context(), time.Now().Add(week-time.Hour))
		require.Len(t, whole(t, log), 40, "not old enough")
		log.retain(t.Context(), later)
		require.Equal(t, int64(25), log.first)
		require.Len(t, log.snapshots, 2)
		_, err := p.Read(t.Context(), 24, 1)
		require.ErrorIs(t, err, stream.ErrTrimmed)
		log = reopen(t, log)
		require.Equal(t, int64(25), log.first)
		require.Len(t, log.snapshots, 2)
		require.Equal(t, stream.Plan{From: 30, To: 35, Fold: 2}, log.places.plan)
		require.Len(t, whole(t, log), 15)
	})
	t.Run("WaitsForNoFollower", func(t *testing.T) {
		t.Parallel()
		log, p := fill(t, Config{})
		save(t, p, 2, 10)
		require.NoError(t, p.Follower("late").Move(t.Context(), 15))
		for _, at := range []int64{20, 21, 22, 23} {
			save(t, p, 2, at)
		}
		require.Len(t, log.snapshots, 4, "the follower's is kept")
		log.retain(t.Context(), later)
		require.Equal(t, int64(21), log.first)
		require.Len(t, log.snapshots, 3)
		_, err := p.Follower("late").Read(t.Context(), 15, 1)
		require.ErrorIs(t, err, stream.ErrTrimmed)
		at, ok, err := p.Follower("late").Cursor(t.Context())
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, int64(15), at, "it is not moved over what is gone")
	})
	t.Run("PlanBehindSnapshots", func(t *testing.T) {
		t.Parallel()
		log, p := fill(t, Config{})
		save(t, p, 2, 33)
		log.retain(t.Context(), later)
		require.Equal(t, int64(30), log.first, "a claim is formed again from its records")
		require.Equal(t, int64(30), whole(t, log)[0].Offset)
	})
	t.Run("All", func(t *testing.T) {
		t.Parallel()
		log, p := fill(t, Config{})
		require.NoError(t, p.Commit(t.Context(), stream.Plan{From: 40, To: 40, Fold: 2}))
		save(t, p, 2, 40)
		log.trimmed = time.Time{}
		clock := log.clock
		log.retain(t.Context(), later)
		log = reopen(t, log)
		require.Equal(t, int64(40), log.end, "offsets are never given out again")
		require.Equal(t, clock, log.clock)
		next := records("next")
		require.NoError(t, log.Append(t.Context(), next))
		require.Equal(t, int64(40), next[0].Offset)
	})
	t.Run("Bytes", func(t *testing.T) {
		t.Parallel()
		log, p := fill(t, Config{MaxBytes: 15 * 64 << 10})
		require.NoError(t, log.engine.db.Flush())
		save(t, p, 2, 30)
		log.retain(t.Context(), time.Now())
		require.InDelta(t, 25, log.first, 2)
		stats, err := log.Stats()
		require.NoError(t, err)
		require.Equal(t, log.first, stats.First)
	})
}

// TestReadWhileTrimmed reads the oldest records while retention takes them: a
// reader gets them or learns that they are gone, never a gap.
func TestReadWhileTrimmed(t *testing.T) {
	t.Parallel()
	log := open(t, Config{TailBytes: 1})
	for i := range 300 {
		require.NoError(t, log.Append(t.Context(), records(fmt.Sprint(i))))
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			p := &partition{log: log}
			for ctx.Err() == nil {
				first, _, _ := p.Bounds(t.Context())
				recs, err := p.Read(t.Context(), first, 1000)
				if err == nil && recs[0].Offset != first || err != nil && !errors.Is(err, stream.ErrTrimmed) {
					t.Errorf("read at %d: %v", first, err)
					return
				}
			}
		})
	}
	for before := int64(1); before < 300; before += 5 {
		require.NoError(t, log.trim(t.Context(), log.engine, before))
	}
	cancel()
	wg.Wait()
}
