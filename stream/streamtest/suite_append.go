package streamtest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
)

func (s *suite) appendRead(t *testing.T) {
	log := s.open(t)
	var written []footfall.Record
	for i := range 20 {
		var records []footfall.Record
		for j := range 1 + i%3 {
			r := rec(uint16(i%s.partitions), "shop", fmt.Sprintf("value %d.%d", i, j))
			r.Events = uint32(10*i + j)
			if i%2 == 1 { // both sides of any compression, and nothing at all
				r.Value = bytes.Repeat(r.Value, 1000)
			} else if j == 2 {
				r.Value, r.Header = nil, nil
			}
			records = append(records, r)
		}
		require.NoError(t, log.Append(t.Context(), records))
		written = append(written, records...)
	}
	for number := range uint16(s.partitions) {
		want := slices.DeleteFunc(slices.Clone(written), func(r footfall.Record) bool { return r.Partition != number })
		ownNumber(t, log, number, func(ctx context.Context, p stream.Partition) {
			first, end, err := p.Bounds(ctx)
			if !check(t, err) {
				return
			}
			assert.Equal(t, want[0].Offset, first)
			assert.Greater(t, end, want[len(want)-1].Offset)
			got, err := readAll(ctx, p, first, want[len(want)-1].Offset+1)
			check(t, err)
			equalRecords(t, want, got)
		})
	}
}

// equalRecords compares what was appended with what was read: both know the
// offsets and times, which ascend and do not go back.
func equalRecords(t *testing.T, want, got []footfall.Record) {
	t.Helper()
	if !assert.Len(t, got, len(want)) {
		return
	}
	for i := range want {
		w, g := want[i], got[i]
		assert.True(t, bytes.Equal(w.Value, g.Value), "value of record %d", i)
		assert.True(t, bytes.Equal(w.Header, g.Header), "header of record %d", i)
		w.Value, g.Value, w.Header, g.Header = nil, nil, nil, nil
		assert.Equal(t, w, g, "record %d", i)
		assert.Positive(t, g.Time)
		if i > 0 {
			assert.Greater(t, g.Offset, got[i-1].Offset)
			assert.GreaterOrEqual(t, g.Time, got[i-1].Time)
		}
	}
}

func (s *suite) appendAllOrNone(t *testing.T) {
	log := s.open(t)
	records := []footfall.Record{rec(0, "a", "1"), rec(uint16(s.partitions), "a", "no such partition")}
	require.Error(t, log.Append(t.Context(), records))
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_ = log.Append(gone, []footfall.Record{rec(0, "b", "1"), rec(0, "b", "2"), rec(0, "b", "3")})
	require.NoError(t, log.Append(t.Context(), []footfall.Record{rec(0, "c", "1")}))
	own(t, log, func(ctx context.Context, p stream.Partition) {
		first, end, err := p.Bounds(ctx)
		check(t, err)
		counts, _, err := p.Pending(ctx, first)
		check(t, err)
		assert.NotContains(t, counts, "a")
		assert.Contains(t, []uint64{0, 3}, counts["b"])
		assert.Equal(t, uint64(1), counts["c"])
		got, err := readAll(ctx, p, first, end)
		check(t, err)
		assert.Len(t, got, int(counts["b"]+counts["c"]))
	})
}

func (s *suite) appendConcurrent(t *testing.T) {
	log := s.open(t)
	const appenders, each = 8, 25
	var wg sync.WaitGroup
	for a := range appenders {
		wg.Go(func() {
			last := int64(-1)
			for i := range each {
				records := []footfall.Record{rec(0, fmt.Sprint(a), fmt.Sprint(2*i)), rec(0, fmt.Sprint(a), fmt.Sprint(2*i+1))}
				if !check(t, log.Append(t.Context(), records)) {
					return
				}
				assert.Greater(t, records[0].Offset, last)
				assert.Greater(t, records[1].Offset, records[0].Offset)
				last = records[1].Offset
			}
		})
	}
	wg.Wait()
	own(t, log, func(ctx context.Context, p stream.Partition) {
		first, end, err := p.Bounds(ctx)
		check(t, err)
		got, err := readAll(ctx, p, first, end)
		check(t, err)
		assert.Len(t, got, 2*appenders*each)
		next := map[string]int{}
		for i, r := range got {
			assert.Equal(t, fmt.Sprint(next[r.Tenant]), string(r.Value), "records of one appender are in its order")
			next[r.Tenant]++
			if i > 0 {
				assert.Greater(t, r.Offset, got[i-1].Offset)
				assert.GreaterOrEqual(t, r.Time, got[i-1].Time)
			}
		}
	})
}

func (s *suite) reopens(t *testing.T) {
	if s.reopen == nil {
		t.Skip("the log was given no way to be reopened")
	}
	log := s.open(t)
	var want []footfall.Record
	plan := stream.Plan{Fold: 7}
	for round := range 3 {
		for i := range 5 {
			records := []footfall.Record{rec(0, "shop", fmt.Sprintf("%d.%d", round, i)), rec(0, "other", "x")}
			require.NoError(t, log.Append(t.Context(), records))
			want = append(want, records...)
		}
		plan.From, plan.To = want[0].Offset+int64(round), want[len(want)-1].Offset
		own(t, log, func(ctx context.Context, p stream.Partition) {
			check(t, p.Commit(ctx, plan))
			check(t, p.Snapshots().Save(ctx, 7, plan.From, bytes.NewReader([]byte{byte(round)})))
		})
		log = s.reopen(t, log)
		own(t, log, func(ctx context.Context, p stream.Partition) {
			got, ok, err := p.Plan(ctx)
			check(t, err)
			assert.True(t, ok)
			assert.Equal(t, plan, got)
			records, err := readAll(ctx, p, want[0].Offset, want[len(want)-1].Offset+1)
			check(t, err)
			equalRecords(t, want, records)
			counts, oldest, err := p.Pending(ctx, plan.To)
			check(t, err)
			assert.Equal(t, map[string]uint64{"other": 1}, counts)
			assert.Equal(t, want[len(want)-1].Time, oldest)
			assert.Equal(t, []byte{byte(round)}, load(ctx, t, p, 7, plan.To))
		})
	}
}
