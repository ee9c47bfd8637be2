package store_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/store/chdb/chdbtest"
	"github.com/footfall-go/footfall/store/clickhouse"
	"github.com/footfall-go/footfall/tenant"
)

// wire is a transport that shows each request to hear.
type wire struct {
	http.RoundTripper
	hear func(*http.Request)
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.hear(r)
	return w.RoundTripper.RoundTrip(r)
}

// open returns a store that is not migrated, in a database of its own.
func open(t *testing.T, hear func(*http.Request)) (*clickhouse.Store, driver.Conn) {
	t.Helper()
	database := chdbtest.Database(t)
	s, err := clickhouse.New(clickhouse.Config{
		Transport: &wire{chdbtest.Engine(t).Transport(), hear}, Database: database,
	})
	require.NoError(t, err)
	return s, chdbtest.Conn(t, database)
}

// TestSettingsOfInserts writes to every table and asks the engine what it makes
// of the settings that came with each INSERT: one that goes by a default loses
// rows in silence.
func TestSettingsOfInserts(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	inserts := map[string][]map[string]string{} // the settings, by table
	s, conn := open(t, func(r *http.Request) {
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
		IDs: []footfall.IDText{{Tenant: shop, Kind: footfall.KindUser}}, Traits: []footfall.Trait{{Tenant: shop, Kind: footfall.TraitSet, Value: "1"}}, Ledger: []footfall.LedgerRow{{Tenant: shop}},
		Rejected: []footfall.Rejected{{Tenant: shop}}, Erasures: []footfall.Erasure{{Tenant: shop, Name: "e", IDs: []footfall.ID{{1}}}},
	}))
	require.NoError(t, s.WriteSnapshot(t.Context(), 0, 0, 1, 7, strings.NewReader("state")))
	require.Equal(t, []string{schema.Erasures, schema.Events, schema.Identities, schema.Ledger, schema.Rejected, schema.Sessions, schema.Snapshots, schema.Traits, schema.IDs},
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
