package streamtest

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
)

// numbered appends n records, one after the other.
func numbered(t *testing.T, log stream.Log, n int) (last int64) {
	t.Helper()
	for i := range n {
		records := []footfall.Record{rec(0, "shop", fmt.Sprint(i))}
		require.NoError(t, log.Append(t.Context(), records))
		last = records[0].Offset
	}
	return last
}

func (s *suite) followerCursor(t *testing.T) {
	log := s.open(t)
	last := numbered(t, log, 3)
	at := func(ctx context.Context, p stream.Partition, name string, want int64, known bool) {
		offset, ok, err := p.Follower(name).Cursor(ctx)
		check(t, err)
		assert.Equal(t, known, ok, name)
		assert.Equal(t, want, offset, name)
	}
	plan := stream.Plan{From: 1, To: 2, Fold: 7}
	own(t, log, func(ctx context.Context, p stream.Partition) {
		at(ctx, p, "a", 0, false)
		check(t, p.Follower("a").Move(ctx, 0))
		at(ctx, p, "a", 0, true)
		_, ok, err := p.Plan(ctx)
		check(t, err)
		assert.False(t, ok, "a follower's place is no plan")
		check(t, p.Follower("a").Move(ctx, 2))
		check(t, p.Follower("b").Move(ctx, 1))
		check(t, p.Commit(ctx, plan))
		at(ctx, p, "a", 2, true)
		at(ctx, p, "b", 1, true)
		at(ctx, p, "c", 0, false)
		check(t, p.Follower("b").Move(ctx, last+1))
	})
	if s.reopen != nil {
		log = s.reopen(t, log)
	}
	own(t, log, func(ctx context.Context, p stream.Partition) {
		at(ctx, p, "a", 2, true)
		at(ctx, p, "b", last+1, true)
		at(ctx, p, "c", 0, false)
		got, ok, err := p.Plan(ctx)
		check(t, err)
		assert.True(t, ok)
		assert.Equal(t, plan, got, "nor does it change one")
	})
}

func (s *suite) followerFenced(t *testing.T) {
	log := s.open(t)
	last := numbered(t, log, 2)
	var old stream.Follower
	own(t, log, func(ctx context.Context, p stream.Partition) {
		old = p.Follower("a")
		check(t, old.Move(ctx, last))
	})
	require.ErrorIs(t, old.Move(t.Context(), last+1), stream.ErrFenced, "nobody owns it")
	own(t, log, func(ctx context.Context, p stream.Partition) {
		wantError(t, old.Move(t.Context(), last+1), stream.ErrFenced)
		offset, _, err := p.Follower("a").Cursor(ctx)
		check(t, err)
		assert.Equal(t, last, offset, "a fenced move changes nothing")
	})
}

// followerDropped shows that a place is gone for good, and others are not.
func (s *suite) followerDropped(t *testing.T) {
	log := s.open(t)
	last := numbered(t, log, 70)
	places := func(ctx context.Context, p stream.Partition, want map[string]int64) {
		got, err := p.Followers(ctx)
		check(t, err)
		assert.Equal(t, want, maps.Collect(maps.All(got)))
	}
	var old stream.Follower
	own(t, log, func(ctx context.Context, p stream.Partition) {
		places(ctx, p, map[string]int64{})
		old = p.Follower("only")
		check(t, old.Drop(ctx)) // there is none yet
		check(t, old.Move(ctx, 1))
		places(ctx, p, map[string]int64{"only": 1})
		check(t, old.Drop(ctx))
		places(ctx, p, map[string]int64{})
	})
	if s.reopen != nil {
		log = s.reopen(t, log)
	}
	own(t, log, func(ctx context.Context, p stream.Partition) {
		_, ok, err := p.Plan(ctx)
		check(t, err)
		assert.False(t, ok, "without a place there is still no plan")
		places(ctx, p, map[string]int64{})
		check(t, p.Snapshots().Save(ctx, 1, 10, strings.NewReader("10")))
		check(t, p.Follower("late").Move(ctx, 15))
		check(t, p.Follower("b").Move(ctx, last))
		check(t, p.Follower("late").Drop(ctx))
		for offset := int64(20); offset <= 60; offset += 10 {
			check(t, p.Snapshots().Save(ctx, 1, offset, strings.NewReader("later")))
		}
		assert.Equal(t, int64(-1), offsetOf(ctx, t, p, 1, 39), "nothing is kept for it")
	})
	if s.reopen != nil {
		log = s.reopen(t, log)
	}
	require.ErrorIs(t, old.Drop(t.Context()), stream.ErrFenced)
	own(t, log, func(ctx context.Context, p stream.Partition) {
		places(ctx, p, map[string]int64{"b": last})
		_, ok, err := p.Follower("late").Cursor(ctx)
		check(t, err)
		assert.False(t, ok, "who takes the name is new")
	})
}

// followerReads shows that followers read beside the owner and behind its plan.
func (s *suite) followerReads(t *testing.T) {
	const n = 50
	log := s.open(t)
	last := numbered(t, log, n)
	own(t, log, func(ctx context.Context, p stream.Partition) {
		first, _, err := p.Bounds(ctx)
		check(t, err)
		all, err := readAll(ctx, p, first, last+1)
		check(t, err)
		assert.Len(t, all, n)
		check(t, p.Commit(ctx, stream.Plan{From: last + 1, To: last + 1}))
		done := make(chan []footfall.Record)
		for _, name := range []string{"a", "b"} {
			go func() {
				var got []footfall.Record
				f := p.Follower(name)
				for from := first; from <= last; {
					records, err := f.Read(ctx, from, 100)
					if !check(t, err) {
						break
					}
					got = append(got, records...)
					from = got[len(got)-1].Offset + 1
				}
				done <- got
			}()
		}
		assert.Equal(t, all, <-done)
		assert.Equal(t, all, <-done)
	})
}

func (s *suite) snapshotKeptForFollower(t *testing.T) {
	log := s.open(t)
	numbered(t, log, 70)
	own(t, log, func(ctx context.Context, p stream.Partition) {
		save := func(offset int64) {
			check(t, p.Snapshots().Save(ctx, 1, offset, strings.NewReader(fmt.Sprint(offset))))
		}
		save(10)
		check(t, p.Follower("late").Move(ctx, 15))
		for offset := int64(20); offset <= 60; offset += 10 {
			save(offset)
		}
		for limit, want := range map[int64]int64{9: -1, 39: 10, 40: 40, 60: 60} {
			assert.Equal(t, want, offsetOf(ctx, t, p, 1, limit), "newest at or before %d", limit)
		}
		assert.Equal(t, "10", string(load(ctx, t, p, 1, 15)))
		check(t, p.Follower("late").Move(ctx, 33))
		save(33) // as a follower does that is too far behind the others'
		assert.Equal(t, int64(33), offsetOf(ctx, t, p, 1, 39))
		assert.Equal(t, int64(-1), offsetOf(ctx, t, p, 1, 32), "nobody needs the older one now")
		check(t, p.Follower("late").Move(ctx, 65))
		save(70)
		assert.Equal(t, int64(-1), offsetOf(ctx, t, p, 1, 49))
		assert.Equal(t, int64(50), offsetOf(ctx, t, p, 1, 59))
	})
}
