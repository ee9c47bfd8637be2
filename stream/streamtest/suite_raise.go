package streamtest

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
)

// NextEpoch gives a function that closes a log whose epoch was ended, and opens
// it under the next one. By default it is the same log.
func NextEpoch(f func(testing.TB, stream.Log) stream.Log) Option {
	return func(s *suite) { s.nextEpoch = f }
}

// raises ends an epoch behind the second of three records.
func (s *suite) raises(t *testing.T) {
	log := s.open(t)
	records := []footfall.Record{rec(0, "shop", "0"), rec(0, "shop", "1"), rec(0, "shop", "2")}
	require.NoError(t, log.Append(t.Context(), records))
	at := records[2].Offset
	plan := stream.Plan{From: at, To: at, Written: at, Fold: 1}
	var before uint16
	own(t, log, func(ctx context.Context, p stream.Partition) {
		before, _ = p.ID()
		check(t, p.Commit(ctx, stream.Plan{From: at + 1, To: at + 1, Fold: 1}))
		check(t, p.Follower("tap").Move(ctx, at))
		for range 2 { // it may be repeated
			check(t, p.Raise(ctx, plan, strings.NewReader("state")))
		}
	})
	if s.nextEpoch != nil {
		log = s.nextEpoch(t, log)
	}
	look := func(log stream.Log) {
		own(t, log, func(ctx context.Context, p stream.Partition) {
			epoch, _ := p.ID()
			assert.Equal(t, before+1, epoch)
			got, ok, err := p.Plan(ctx)
			check(t, err)
			assert.True(t, ok)
			assert.Equal(t, plan, got)
			assert.Equal(t, at, offsetOf(ctx, t, p, 1, at))
			assert.Equal(t, "state", string(load(ctx, t, p, 1, at)))
			followers, err := p.Followers(ctx)
			check(t, err)
			assert.Equal(t, map[string]int64{"tap": at}, followers)
			read, err := p.Read(ctx, at, 1)
			if check(t, err) {
				assert.Equal(t, []int64{at, int64(epoch)}, []int64{read[0].Offset, int64(read[0].Epoch)})
			}
			check(t, p.Commit(ctx, plan))
		})
	}
	look(log)
	if s.reopen != nil {
		log = s.reopen(t, log)
		look(log)
	}
	more := []footfall.Record{rec(0, "shop", "3")}
	require.NoError(t, log.Append(t.Context(), more))
	require.Equal(t, before+1, more[0].Epoch)
	require.Equal(t, at+1, more[0].Offset)
}
