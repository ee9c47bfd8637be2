package streamtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
)

func (s *suite) readSizes(t *testing.T) {
	log := s.open(t)
	value := strings.Repeat("0123456789", 100)
	var records []footfall.Record
	for range 20 {
		records = append(records, rec(0, "shop", value))
	}
	require.NoError(t, log.Append(t.Context(), records))
	own(t, log, func(ctx context.Context, p stream.Partition) {
		one, err := p.Read(ctx, records[3].Offset, 0)
		check(t, err)
		assert.NotEmpty(t, one, "at least one record, however small the bound")
		some, err := p.Read(ctx, records[0].Offset, 5*len(value))
		check(t, err)
		assert.Less(t, len(some), 15, "about as many bytes as asked for")
		one[0].Tenant, some[0].Value = "mine", nil // the records are the caller's
		again, err := p.Read(ctx, records[3].Offset, 0)
		check(t, err)
		assert.Equal(t, "shop", again[0].Tenant)
		assert.Equal(t, records[3].Offset, again[0].Offset)
	})
}

func (s *suite) readWaits(t *testing.T) {
	log := s.open(t)
	require.NoError(t, log.Append(t.Context(), []footfall.Record{rec(0, "shop", "0")}))
	own(t, log, func(ctx context.Context, p stream.Partition) {
		_, end, err := p.Bounds(ctx)
		check(t, err)

		waiting, cancel := context.WithCancelCause(ctx)
		failed := make(chan error)
		go func() {
			_, err := p.Read(waiting, end, 1<<20)
			failed <- err
		}()
		cancel(errors.New("enough"))
		wantError(t, <-failed, context.Canceled)

		for i := range 10 {
			got := make(chan []footfall.Record)
			go func() {
				records, err := p.Read(ctx, end, 1<<20)
				check(t, err)
				got <- records
			}()
			appended := []footfall.Record{rec(0, "shop", fmt.Sprint(i))}
			check(t, log.Append(ctx, appended))
			records := <-got
			if assert.Len(t, records, 1) {
				assert.Equal(t, fmt.Sprint(i), string(records[0].Value))
				assert.Equal(t, appended[0].Offset, records[0].Offset)
				end = records[0].Offset + 1
			}
		}
	})
}

func (s *suite) readTrimmed(t *testing.T) {
	if s.trim == nil {
		t.Skip("the log was given no way to be trimmed")
	}
	log := s.open(t)
	var records []footfall.Record
	for i := range 10 {
		one := []footfall.Record{rec(0, "shop", fmt.Sprint(i))}
		require.NoError(t, log.Append(t.Context(), one))
		records = append(records, one...)
	}
	keep := records[6].Offset
	own(t, log, func(ctx context.Context, p stream.Partition) {
		check(t, p.Snapshots().Save(ctx, 0, keep, strings.NewReader("state")))
		check(t, p.Commit(ctx, stream.Plan{From: keep, To: keep}))
	})
	s.trim(t, log, keep)
	own(t, log, func(ctx context.Context, p stream.Partition) {
		first, end, err := p.Bounds(ctx)
		check(t, err)
		assert.Greater(t, first, records[0].Offset)
		assert.LessOrEqual(t, first, keep)
		_, err = p.Read(ctx, records[0].Offset, 1<<20)
		wantError(t, err, stream.ErrTrimmed)
		got, err := readAll(ctx, p, keep, end)
		check(t, err)
		equalRecords(t, records[6:], got)
	})
}

func (s *suite) pending(t *testing.T) {
	log := s.open(t)
	var records []footfall.Record
	for i := range 12 {
		r := rec(0, []string{"a", "b", "c"}[i%3], "v")
		r.Events = uint32(i)
		one := []footfall.Record{r}
		require.NoError(t, log.Append(t.Context(), one))
		records = append(records, one...)
	}
	own(t, log, func(ctx context.Context, p stream.Partition) {
		for from := range records {
			want := map[string]uint64{}
			for _, r := range records[from:] {
				if r.Events > 0 {
					want[r.Tenant] += uint64(r.Events)
				}
			}
			counts, oldest, err := p.Pending(ctx, records[from].Offset)
			check(t, err)
			assert.Equal(t, want, counts)
			assert.Equal(t, records[from].Time, oldest)
		}
		_, end, err := p.Bounds(ctx)
		check(t, err)
		counts, oldest, err := p.Pending(ctx, end)
		check(t, err)
		assert.Empty(t, counts)
		assert.Zero(t, oldest)
	})
}
