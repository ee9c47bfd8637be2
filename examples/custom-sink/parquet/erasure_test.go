package parquet

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
)

// erased returns the rows of all erasures.
func erased(tb testing.TB, dir string) (all []ErasedRow) {
	tb.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "erasures", "*.parquet"))
	require.NoError(tb, err)
	for _, name := range names {
		rows, err := parquet.ReadFile[ErasedRow](name)
		require.NoError(tb, err)
		all = append(all, rows...)
	}
	return all
}

// TestErase has a reader leave out who was erased, however often that was told.
func TestErase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	events := run(t, 0, 0, 4)
	for i := range events {
		if i%2 == 0 {
			events[i].User = footfall.ID{9}
		}
	}
	require.NoError(t, s.Write(t.Context(), events))
	e := &footfall.Erasure{
		Tenant: events[0].Tenant, Name: "er_1", IDs: []footfall.ID{{9}, {8}}, Time: 1_700_000_000_000,
		Before: footfall.Position{Epoch: 1, Partition: 0, Offset: 2},
	}
	require.NoError(t, s.Erase(t.Context(), e))
	require.NoError(t, s.Erase(t.Context(), e))
	s = open(t, dir)
	require.NoError(t, s.Erase(t.Context(), e), "again after a start")
	gone := erased(t, dir)
	require.Len(t, gone, 2)
	left := 0
	for _, row := range read(t, dir) {
		out := false
		for _, g := range gone {
			who := row.User
			if who == "" {
				who = row.Visitor
			}
			before := footfall.Position{Epoch: uint16(g.Epoch), Partition: uint16(g.Partition), Offset: g.Offset, Index: uint32(g.Index)}
			out = out || g.Tenant == row.Tenant && g.ID == who && row.Partition == g.Partition && row.Position().Compare(before) < 0
		}
		if !out {
			left++
		}
	}
	want := 0
	for i := range events {
		if events[i].Position.Compare(e.Before) >= 0 || !e.Concerns(&events[i]) {
			want++
		}
	}
	require.Equal(t, want, left)
	require.Less(t, want, len(events))

	e.IDs, e.Before.Offset = nil, 9
	require.NoError(t, s.Erase(t.Context(), e))
	require.Len(t, erased(t, dir), 3)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	e.Before.Offset = 10
	require.ErrorIs(t, s.Erase(ended, e), context.Canceled)
	require.Len(t, erased(t, dir), 3)
}
