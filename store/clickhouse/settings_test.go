package clickhouse_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
)

// What was asked for when the tables were made is what the engine goes by.
func TestTableSettings(t *testing.T) {
	t.Parallel()
	_, conn := setup(t)
	for i := range schema.Tables {
		table := &schema.Tables[i]
		var create string
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT create_table_query FROM system.tables WHERE database = currentDatabase() AND name = ?", table.Name).Scan(&create))
		window := 0
		if table.Name == schema.Events {
			window = 10_000
		}
		require.Equal(t, window, table.Dedup)
		for _, setting := range []string{
			fmt.Sprintf("non_replicated_deduplication_window = %d", window), fmt.Sprintf("replicated_deduplication_window = %d", window),
			"fsync_after_insert = 1", "fsync_part_directory = 1", "min_rows_to_fsync_after_merge = 1", "old_parts_lifetime = 480",
			"min_level_for_wide_part = 1", "auto_statistics_types = ''", "merge_selector_base = 10",
			"min_age_to_force_merge_seconds = 86400", "min_age_to_force_merge_on_partition_only = 1",
		} {
			require.Contains(t, strings.ReplaceAll(create, "SETTINGS", ",")+",", ", "+setting+",", table.Name)
		}
	}
}

// The files of a part that is inserted are synced while somebody waits.
func TestInsertedPartsAreCompact(t *testing.T) {
	t.Parallel()
	store, conn := setup(t)
	b := claim(t, 0, 100_000)
	for i := range b.Events {
		b.Events[i].Properties = `{"text":"` + strings.Repeat("x", 200) + `"}`
	}
	require.NoError(t, store.Insert(t.Context(), b, 0))
	var kind string
	var files uint64
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT part_type, files FROM system.parts WHERE active AND database = currentDatabase() AND table = 'events'").Scan(&kind, &files))
	require.Equal(t, "Compact", kind)
	require.Less(t, int(files), 30)
}

// The engine takes the token for what it is, also long after, and tells
// attempts and claims apart.
func TestTokens(t *testing.T) {
	t.Parallel()
	store, conn := setup(t)
	count := func() (n uint64) {
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT count() FROM events").Scan(&n))
		return n
	}
	require.NoError(t, conn.Exec(t.Context(), "ALTER TABLE events MODIFY SETTING max_bytes_to_merge_at_max_space_in_pool = 1, max_bytes_to_merge_at_min_space_in_pool = 1"))
	first := claim(t, 0, 10)
	require.NoError(t, store.Insert(t.Context(), first, 0))
	for i := range 50 {
		require.NoError(t, store.Insert(t.Context(), claim(t, 10+i, 11+i), 0))
	}
	require.Equal(t, 60, int(count()))
	require.NoError(t, store.Insert(t.Context(), first, 0))
	require.Equal(t, 60, int(count()), "the same token is dropped")
	half := *first
	half.Events = first.Events[:5]
	require.NoError(t, store.Insert(t.Context(), &half, 0))
	require.Equal(t, 60, int(count()), "the same token is dropped, whatever the rows")
	require.NoError(t, store.Insert(t.Context(), first, 1))
	require.Equal(t, 70, int(count()), "another attempt is written")
	require.NoError(t, store.Insert(t.Context(), first, 1))
	require.Equal(t, 70, int(count()), "the same token is dropped")
}

// Contents are no tokens: after a newer row or a delete the same row counts.
func TestUpsertsAreNotComparedByContent(t *testing.T) {
	t.Parallel()
	store, conn := setup(t)
	shop, err := owner("shop")
	require.NoError(t, err)
	row := &footfall.Upserts{IDs: []footfall.IDText{{Tenant: shop, ID: footfall.ID{1}, Kind: footfall.KindUser, Text: "u"}}}
	count := func() (n uint64) {
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT count() FROM visitors FINAL").Scan(&n))
		return n
	}
	for range 2 {
		require.NoError(t, store.Upsert(t.Context(), row))
		require.Equal(t, 1, int(count()))
		require.NoError(t, store.Upsert(t.Context(), &footfall.Upserts{Erasures: []footfall.Erasure{{Tenant: shop, Name: "e", IDs: []footfall.ID{{1}}}}}))
		require.Equal(t, 0, int(count()))
	}
	require.NoError(t, store.Upsert(t.Context(), row))
	require.Equal(t, 1, int(count()))
}

// One INSERT is one part of each partition that it touches, however large.
func TestAnInsertIsOneBlock(t *testing.T) {
	t.Parallel()
	store, conn := setup(t)
	require.NoError(t, conn.Exec(t.Context(), "ALTER TABLE events MODIFY SETTING max_bytes_to_merge_at_max_space_in_pool = 1, max_bytes_to_merge_at_min_space_in_pool = 1"))
	large := claim(t, 0, 150_000)
	for i := range large.Events {
		large.Events[i].Properties = `{"text":"` + strings.Repeat("x", 500) + `"}`
	}
	require.NoError(t, store.Insert(t.Context(), large, 0))
	var parts, rows uint64
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(), sum(rows) FROM system.parts WHERE active AND database = currentDatabase() AND table = 'events'").Scan(&parts, &rows))
	require.Equal(t, 150_000, int(rows))
	require.Equal(t, 1, int(parts))
}

func TestTooManyPartitions(t *testing.T) {
	t.Parallel()
	store, conn := setup(t)
	b := claim(t, 0, 130)
	u := &footfall.Upserts{}
	for i := range b.Events {
		e := &b.Events[i]
		e.Time = footfall.MillisOf(e.Time.Time().AddDate(0, -i, 0))
		u.Sessions = append(u.Sessions, footfall.Session{Tenant: e.Tenant, Visitor: e.Visitor, Session: uint64(i), Opened: e.Time, Start: e.Time, Last: e.Time, Version: 1})
	}
	// Bisecting cures it, so it must be told from parts that wait for merges.
	err := store.Insert(t.Context(), b, 0)
	require.Error(t, err)
	require.True(t, footfall.IsPermanent(err), "%v", err)
	present, err := store.Present(t.Context(), 0, 0, 0, 200)
	require.NoError(t, err)
	require.Empty(t, present, "a block that is refused leaves nothing")
	// Sessions of one second may be of any age, and are cut here.
	require.NoError(t, store.Upsert(t.Context(), u))
	var n uint64
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT count() FROM sessions FINAL").Scan(&n))
	require.Equal(t, 130, int(n))
}
