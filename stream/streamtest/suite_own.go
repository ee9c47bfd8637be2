package streamtest

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
)

func (s *suite) planCommit(t *testing.T) {
	log := s.open(t)
	records := []footfall.Record{rec(0, "shop", "0"), rec(0, "shop", "1"), rec(0, "shop", "2")}
	require.NoError(t, log.Append(t.Context(), records))
	var plan stream.Plan
	own(t, log, func(ctx context.Context, p stream.Partition) {
		_, ok, err := p.Plan(ctx)
		check(t, err)
		assert.False(t, ok, "there never was a plan")
		for i := range records {
			plan = stream.Plan{From: records[0].Offset + int64(i), To: records[2].Offset + 1, Written: records[0].Offset + int64(i)/2, Fold: uint16(i)}
			for range 2 { // the same commit may be repeated
				check(t, p.Commit(ctx, plan))
				got, ok, err := p.Plan(ctx)
				check(t, err)
				assert.True(t, ok)
				assert.Equal(t, plan, got)
			}
		}
	})
	own(t, log, func(ctx context.Context, p stream.Partition) {
		got, ok, err := p.Plan(ctx)
		check(t, err)
		assert.True(t, ok)
		assert.Equal(t, plan, got, "the next owner sees the plan")
	})
}

func (s *suite) ownExclusive(t *testing.T) {
	log := s.open(t)
	records := []footfall.Record{rec(0, "shop", "0"), rec(0, "shop", "1")}
	require.NoError(t, log.Append(t.Context(), records))
	kept := stream.Plan{From: records[0].Offset, To: records[1].Offset}
	var old stream.Partition
	own(t, log, func(ctx context.Context, p stream.Partition) {
		old = p
		check(t, p.Commit(ctx, kept))
	})
	stale := stream.Plan{From: records[1].Offset, To: records[1].Offset}
	require.ErrorIs(t, old.Commit(t.Context(), stale), stream.ErrFenced, "nobody owns it")
	own(t, log, func(ctx context.Context, p stream.Partition) {
		wantError(t, old.Commit(t.Context(), stale), stream.ErrFenced)
		got, _, err := p.Plan(ctx)
		check(t, err)
		assert.Equal(t, kept, got, "a fenced commit changes nothing")
		check(t, p.Commit(ctx, kept))
	})
}

func (s *suite) ownError(t *testing.T) {
	log := s.open(t)
	boom := errors.New("boom")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := log.Own(ctx, func(ctx context.Context, p stream.Partition) error {
		if _, number := p.ID(); number == 0 {
			return boom
		}
		<-ctx.Done()
		return ctx.Err()
	})
	require.ErrorIs(t, err, boom)
	own(t, log, func(context.Context, stream.Partition) {}) // it is free again
}

func (s *suite) ownSecondLog(t *testing.T) {
	if s.second == nil {
		t.Skip("the log was given no way to be opened twice")
	}
	log := s.open(t)
	records := []footfall.Record{rec(0, "shop", "0")}
	require.NoError(t, log.Append(t.Context(), records))
	second, err := s.second(t, log)
	if err != nil {
		own(t, log, func(context.Context, stream.Partition) {}) // the first is unharmed
		return
	}
	var old stream.Partition
	own(t, log, func(_ context.Context, p stream.Partition) { old = p })
	own(t, second, func(ctx context.Context, p stream.Partition) {
		wantError(t, old.Commit(t.Context(), stream.Plan{}), stream.ErrFenced)
		check(t, p.Commit(ctx, stream.Plan{From: records[0].Offset, To: records[0].Offset}))
	})
}
