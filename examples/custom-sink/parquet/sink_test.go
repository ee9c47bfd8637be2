package parquet

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/tenant"
)

// run returns the events of records [from, to) of a partition, three each.
func run(tb testing.TB, partition uint16, from, to int64) []footfall.Event {
	tb.Helper()
	shop, err := tenant.ParseID("shop")
	require.NoError(tb, err)
	var all []footfall.Event
	for offset := from; offset < to; offset++ {
		for i := range uint32(3) {
			all = append(all, footfall.Event{
				Tenant: shop, Position: footfall.Position{Epoch: 1, Partition: partition, Offset: offset, Index: i},
				Type: footfall.Page, Name: "$page", MessageID: fmt.Sprint(offset, ".", i), AnonymousID: "v",
				Visitor: footfall.ID{1, 2}, Session: 1<<63 + 1, Time: 1_700_000_000_000, Properties: `{"path":"/"}`,
			})
		}
	}
	return all
}

func open(tb testing.TB, dir string) *Sink {
	tb.Helper()
	s, err := Open(Config{Dir: dir})
	require.NoError(tb, err)
	return s
}

// read returns the rows of a folder, as any reader finds them.
func read(tb testing.TB, dir string) []Row {
	tb.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.parquet"))
	require.NoError(tb, err)
	var all []Row
	for _, name := range names {
		rows, err := parquet.ReadFile[Row](name)
		require.NoError(tb, err)
		all = append(all, rows...)
	}
	return all
}

func wanted(events ...[]footfall.Event) (rows []Row) {
	for _, some := range events {
		for i := range some {
			rows = append(rows, rowOf(&some[i]))
		}
	}
	return rows
}

func TestOpenMistakes(t *testing.T) {
	t.Parallel()
	_, err := Open(Config{})
	require.EqualError(t, err, "parquet: Config.Dir is required")
	_, err = Open(Config{Dir: t.TempDir(), GroupRows: -1})
	require.Error(t, err)
}

func TestWrite(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "made", "for", "it")
	s := open(t, dir)
	require.NoError(t, s.Write(t.Context(), nil))
	first, second, other := run(t, 0, 0, 1000), run(t, 0, 1000, 1001), run(t, 7, 500, 502)
	for _, some := range [][]footfall.Event{first, other, second} {
		require.NoError(t, s.Write(t.Context(), some))
	}
	require.Equal(t, wanted(first, second, other), read(t, dir))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 3)
	require.Equal(t, "1-7-000000000500.00000-000000000501.00002.parquet", entries[2].Name())
	rows := read(t, dir)
	require.Equal(t, footfall.Position{Epoch: 1, Partition: 7, Offset: 501, Index: 2}, rows[len(rows)-1].Position())
}

// TestComesAgain repeats what a crash may have left, cut in every other way.
func TestComesAgain(t *testing.T) {
	t.Parallel()
	all := run(t, 0, 0, 9)
	for name, again := range map[string][][2]int64{
		"the same":        {{5, 7}},
		"longer":          {{5, 9}},
		"shorter":         {{5, 6}, {6, 7}},
		"one too short":   {{5, 6}},
		"from long ago":   {{0, 9}},
		"erased, in part": {{6, 9}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := open(t, dir)
			for _, part := range [][2]int64{{0, 3}, {3, 5}, {5, 7}} {
				require.NoError(t, s.Write(t.Context(), run(t, 0, part[0], part[1])))
			}
			require.NoError(t, s.Write(t.Context(), run(t, 1, 0, 9)), "of another partition")
			require.NoError(t, os.WriteFile(filepath.Join(dir, "1-0-000000000005.00000-000000000006.00002.parquet.partial"), []byte("PAR1"), 0o600))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "other.txt"), nil, 0o600))
			s = open(t, dir)
			for _, part := range again {
				require.NoError(t, s.Write(t.Context(), run(t, 0, part[0], part[1])))
			}
			want := wanted(all[:3*again[len(again)-1][1]], run(t, 1, 0, 9))
			if name == "erased, in part" { // what stood before is not given any more
				want = wanted(all[:15], all[18:], run(t, 1, 0, 9))
			}
			require.Equal(t, want, read(t, dir))
			_, err := os.Stat(filepath.Join(dir, "other.txt"))
			require.NoError(t, err)
		})
	}
}

func TestFailedWriteLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	require.NoError(t, s.Write(t.Context(), run(t, 0, 0, 3)))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.Write(ended, run(t, 0, 2, 5)), context.Canceled)
	require.Equal(t, wanted(run(t, 0, 0, 3)), read(t, dir))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)

	require.NoError(t, os.RemoveAll(dir))
	require.Error(t, s.Write(t.Context(), run(t, 0, 3, 5)), "the disk is gone")
}

func TestNames(t *testing.T) {
	t.Parallel()
	sp := spanOf(run(t, 65535, 1<<50, 1<<50+2))
	back, ok := parseName(sp.name())
	require.True(t, ok)
	require.Equal(t, sp, back)
	for _, name := range []string{
		"", ".parquet", "part-0001.parquet", sp.name() + partial, "x" + sp.name(), "01-0-000000000005.00000-000000000006.00002.parquet",
		"1-0-5.0-6.2.parquet", "70000-0-000000000005.00000-000000000006.00002.parquet",
	} {
		_, ok := parseName(name)
		require.False(t, ok, name)
	}
}
