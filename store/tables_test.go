package store_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/store/chdb/chdbtest"
	"github.com/footfall-go/footfall/store/clickhouse"
	"github.com/footfall-go/footfall/tenant"
)

// What stands here is what delivery exactly once demands of ClickHouse,
// written down a second time and read back from the engine: a table or an
// INSERT that goes by a default loses rows in silence.

// wire is a transport that shows each request to hear, which may refuse it.
type wire struct {
	http.RoundTripper
	hear func(*http.Request) error
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if w.hear != nil {
		if err := w.hear(r); err != nil {
			return nil, err
		}
	}
	return w.RoundTripper.RoundTrip(r)
}

// open returns a store that is not migrated, in a database of its own.
func open(t *testing.T, hear func(*http.Request) error) (*clickhouse.Store, driver.Conn) {
	t.Helper()
	database := chdbtest.Database(t)
	s, err := clickhouse.New(clickhouse.Config{
		Transport: &wire{chdbtest.Engine(t).Transport(), hear}, Database: database,
	})
	require.NoError(t, err)
	return s, chdbtest.Conn(t, database)
}

func TestSettingsOfTables(t *testing.T) {
	t.Parallel()
	s, conn := open(t, nil)
	require.NoError(t, s.Migrate(t.Context()))
	for _, table := range tables(t, conn) {
		var created string
		require.NoError(t, conn.QueryRow(t.Context(), "SHOW CREATE TABLE "+table).Scan(&created))
		_, text, found := strings.Cut(created, "SETTINGS ")
		require.True(t, found, table)
		got := map[string]string{}
		for setting := range strings.SplitSeq(text, ", ") {
			name, value, _ := strings.Cut(strings.TrimSpace(setting), " = ")
			got[name] = value
		}
		window := "0"
		if table == schema.Events {
			window = "10000"
		}
		for name, want := range map[string]string{
			"fsync_after_insert": "1", "fsync_part_directory": "1", "min_rows_to_fsync_after_merge": "1", "old_parts_lifetime": "480",
			"non_replicated_deduplication_window": window, "replicated_deduplication_window": window,
		} {
			require.Equal(t, want, got[name], "%s of %s", name, table)
		}
	}
	var views uint64
	require.NoError(t, conn.QueryRow(t.Context(),
		"SELECT count() FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%View%'").Scan(&views))
	require.Zero(t, views, "a view on the path of retries counts twice")
}

// tables returns the names of the tables of a database.
func tables(t *testing.T, conn driver.Conn) (names []string) {
	t.Helper()
	rows, err := conn.Query(t.Context(), "SELECT name FROM system.tables WHERE database = currentDatabase() ORDER BY name")
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		names = append(names, name)
	}
	require.NoError(t, rows.Err())
	return names
}

// TestSettingsOfInserts writes to every table and asks the engine which
// settings each INSERT ran with, and how many blocks it was sent in.
func TestSettingsOfInserts(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	inserts := map[string][]map[string]string{} // the settings, by table
	s, conn := open(t, func(r *http.Request) error {
		values := r.URL.Query()
		if after, ok := strings.CutPrefix(values.Get("query"), "INSERT INTO "); ok {
			table, _, _ := strings.Cut(after, " ")
			settings := map[string]string{}
			for name := range values {
				settings[name] = values.Get(name)
			}
			delete(settings, "query")
			delete(settings, "database")
			mu.Lock()
			defer mu.Unlock()
			inserts[table] = append(inserts[table], settings)
		}
		return nil
	})
	require.NoError(t, s.Migrate(t.Context()))
	shop, err := tenant.ParseID("shop")
	require.NoError(t, err)
	b := &footfall.Batch{From: 7, To: 5007}
	for i := range 5000 {
		b.Events = append(b.Events, footfall.Event{
			Tenant: shop, Type: footfall.Track, Name: "E", MessageID: fmt.Sprint(i), Visitor: schema.VisitorID(shop, "v"), Time: 1_700_000_000_000,
			Position: footfall.Position{Offset: 7 + int64(i)},
		})
	}
	for attempt := range 2 {
		require.NoError(t, s.Insert(t.Context(), b, attempt))
		b.Events = append(b.Events, b.Events[0]) // so that the second has something to do
		b.Events[len(b.Events)-1].MessageID = "more"
	}
	require.NoError(t, s.Upsert(t.Context(), &footfall.Upserts{
		Sessions: []footfall.Session{{Tenant: shop}}, Links: []footfall.Link{{Tenant: shop, Kind: footfall.LinkUser}},
		IDs: []footfall.IDText{{Tenant: shop, Kind: footfall.KindUser}}, Ledger: []footfall.LedgerRow{{Tenant: shop}},
		Rejected: []footfall.Rejected{{Tenant: shop}}, Erasures: []footfall.Erasure{{Tenant: shop, Name: "e", IDs: []footfall.ID{{1}}}},
	}))
	require.Equal(t, []string{schema.Erasures, schema.Events, schema.Identities, schema.Ledger, schema.Rejected, schema.Sessions, schema.IDs},
		slices.Sorted(maps.Keys(inserts)))
	for table, all := range inserts {
		for attempt, settings := range all {
			want := map[string]string{
				"async_insert": "0", "deduplicate_blocks_in_dependent_materialized_views": "0",
				"deduplicate_insert": "disable", "insert_deduplicate": "0",
			}
			if table == schema.Events {
				want["deduplicate_insert"], want["insert_deduplicate"] = "enable", "1"
				want["insert_deduplication_token"] = fmt.Sprintf("0/0/7-5007/%d", attempt)
				want["optimize_on_insert"] = "0"
			}
			for name, value := range want {
				require.Equal(t, value, settings[name], "%s of an INSERT into %s", name, table)
			}
			requireKnown(t, conn, settings)
		}
	}
	require.Len(t, inserts[schema.Events], 2)
}

// requireKnown runs a query with the settings of an INSERT and has the engine
// say what it makes of them.
func requireKnown(t *testing.T, conn driver.Conn, settings map[string]string) {
	t.Helper()
	var clause, names []string
	for name, value := range settings {
		names = append(names, "'"+name+"'")
		if name != "wait_end_of_query" {
			clause = append(clause, name+" = '"+value+"'")
		}
	}
	rows, err := conn.Query(t.Context(), "SELECT name, value FROM system.settings WHERE name IN ("+strings.Join(names, ", ")+") SETTINGS "+strings.Join(clause, ", "))
	require.NoError(t, err)
	defer rows.Close()
	got := map[string]string{}
	for rows.Next() {
		var name, value string
		require.NoError(t, rows.Scan(&name, &value))
		got[name] = value
	}
	require.NoError(t, rows.Err())
	require.Equal(t, settings, got)
}

// TestMigrationResumes cuts a migration off before each of its requests and
// lets the next one finish it.
func TestMigrationResumes(t *testing.T) {
	t.Parallel()
	var left atomic.Int64
	cut := errors.New("killed")
	s, conn := open(t, func(*http.Request) error {
		if left.Add(-1) < 0 {
			return cut
		}
		return nil
	})
	seen := map[int]bool{} // how many tables there were when it was cut off
	for n := int64(0); ; n++ {
		left.Store(n)
		err := s.Migrate(t.Context())
		if err == nil {
			break
		}
		require.ErrorIs(t, err, cut)
		seen[len(tables(t, conn))] = true
		require.Less(t, n, int64(100))
	}
	require.Len(t, tables(t, conn), len(schema.Tables)+1)
	require.Greater(t, len(seen), len(schema.Tables), "it was cut off between any two tables")
	var versions, newest uint64
	left.Store(100)
	require.NoError(t, s.Migrate(t.Context()), "it may be repeated")
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(), toUInt64(max(version)) FROM "+schema.Migrations).Scan(&versions, &newest))
	require.Equal(t, []uint64{1, schema.Version}, []uint64{versions, newest})
}

// TestMigrationsAtOnce has several processes start on one new database.
func TestMigrationsAtOnce(t *testing.T) {
	t.Parallel()
	s, conn := open(t, nil)
	errs := make(chan error, 4)
	for range cap(errs) {
		go func() { errs <- s.Migrate(t.Context()) }()
	}
	for range cap(errs) {
		require.NoError(t, <-errs)
	}
	require.Len(t, tables(t, conn), len(schema.Tables)+1)
}

func TestNewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	s, conn := open(t, nil)
	require.NoError(t, s.Migrate(t.Context()))
	require.NoError(t, conn.Exec(t.Context(), fmt.Sprintf("INSERT INTO %s (version) VALUES (%d)", schema.Migrations, schema.Version+1)))
	require.NoError(t, conn.Exec(t.Context(), "DROP TABLE "+schema.Traits)) // perhaps the newer one has none
	err := s.Migrate(t.Context())
	require.ErrorIs(t, err, clickhouse.ErrNewerSchema)
	require.ErrorContains(t, err, fmt.Sprintf("version %d", schema.Version+1))
	require.NotContains(t, tables(t, conn), schema.Traits, "nothing was touched")
}
