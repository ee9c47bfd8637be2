package clickhouse_test

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/store/chdb/chdbtest"
	"github.com/footfall-go/footfall/store/clickhouse"
)

func TestMigrateAgain(t *testing.T) {
	t.Parallel()
	store, conn, config := setupIn(t)
	require.NoError(t, store.Insert(t.Context(), claim(t, 0, 5), 0))
	for range 2 {
		again, err := clickhouse.New(config)
		require.NoError(t, err)
		require.NoError(t, again.Migrate(t.Context()))
	}
	stats, err := store.Stats(t.Context())
	require.NoError(t, err)
	require.Equal(t, schema.Version, stats.Schema)
	require.Equal(t, 5, int(stats.Rows[schema.Events]))
	var n uint64
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT count() FROM schema_migrations").Scan(&n))
	require.Equal(t, schema.Version, int(n))
}

// dying passes on some requests and then none, like a process that is killed
// between two statements.
type dying struct {
	next http.RoundTripper
	mu   sync.Mutex
	left int
}

var errKilled = errors.New("killed")

func (d *dying) RoundTrip(r *http.Request) (*http.Response, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.left--; d.left < 0 {
		r.Body.Close()
		return nil, errKilled
	}
	return d.next.RoundTrip(r)
}

func TestMigrateResumes(t *testing.T) {
	t.Parallel()
	engine := chdbtest.Engine(t)
	config := clickhouse.Config{Database: chdbtest.Database(t)}
	for left := 0; ; left++ {
		require.Less(t, left, 100)
		config.Transport = &dying{next: engine.Transport(), left: left}
		store, err := clickhouse.New(config)
		require.NoError(t, err)
		if err = store.Migrate(t.Context()); err == nil {
			require.Greater(t, left, 4, "a migration that was done must be quick")
			break
		}
		require.ErrorIs(t, err, errKilled)
	}
	var tables uint64
	require.NoError(t, chdbtest.Conn(t, config.Database).QueryRow(t.Context(), "SELECT count() FROM system.tables WHERE database = currentDatabase()").Scan(&tables))
	require.Equal(t, len(schema.Tables)+2, int(tables)) // and those of versions and shards
}

// TestMigrateAddsKeyEvents brings a database of version 2 forward that has a
// session, which goes on.
func TestMigrateAddsKeyEvents(t *testing.T) {
	t.Parallel()
	store, conn, config := setupIn(t)
	for _, statement := range []string{
		"ALTER TABLE sessions DROP COLUMN key_event", "TRUNCATE TABLE schema_migrations", "INSERT INTO schema_migrations (version) VALUES (1), (2)",
		"INSERT INTO sessions (tenant, silo, visitor, session, opened, start, last, events, views, version) SELECT 'shop', '', 7, number, 1700000000, 1700000000, 1700000000, 1, 1, 1 FROM numbers(2)",
	} {
		require.NoError(t, conn.Exec(t.Context(), statement))
	}
	row := footfall.Session{
		Tenant: claim(t, 0, 1).Events[0].Tenant, Visitor: footfall.ID{7}, Session: 1,
		Opened: 1_700_000_000_000, Start: 1_700_000_000_000, Last: 1_700_000_000_000, Events: 2, Views: 1, KeyEvent: true, Version: 2,
	}
	require.Error(t, store.Upsert(t.Context(), &footfall.Upserts{Sessions: []footfall.Session{row}}), "there is no such column")
	for range 2 {
		again, err := clickhouse.New(config)
		require.NoError(t, err)
		require.NoError(t, again.Migrate(t.Context()))
		require.NoError(t, again.Upsert(t.Context(), &footfall.Upserts{Sessions: []footfall.Session{row}}))
	}
	old := row
	old.Session, old.Events, old.KeyEvent, old.Version = 0, 1, false, 1
	sessions, err := reader{conn: conn}.Sessions(t.Context())
	require.NoError(t, err)
	require.ElementsMatch(t, []footfall.Session{old, row}, sessions)
}

func TestMigrateRefusesANewerSchema(t *testing.T) {
	t.Parallel()
	store, conn := setup(t)
	require.NoError(t, conn.Exec(t.Context(), "INSERT INTO schema_migrations (version) VALUES (?)", schema.Version+1))
	err := store.Migrate(t.Context())
	require.ErrorIs(t, err, clickhouse.ErrNewerSchema)
	require.ErrorContains(t, err, fmt.Sprintf("it has version %d, this code knows %d", schema.Version+1, schema.Version))
}

func TestMigrateByManyAtOnce(t *testing.T) {
	t.Parallel()
	config := clickhouse.Config{Transport: chdbtest.Engine(t).Transport(), Database: chdbtest.Database(t)}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			store, err := clickhouse.New(config)
			assert.NoError(t, err)
			assert.NoError(t, store.Migrate(t.Context()))
		})
	}
	wg.Wait()
	store, err := clickhouse.New(config)
	require.NoError(t, err)
	require.NoError(t, store.Insert(t.Context(), claim(t, 0, 1), 0))
}

func TestMigrateCreatesTheDatabase(t *testing.T) {
	t.Parallel()
	name := chdbtest.Database(t)
	conn := chdbtest.Conn(t, "default")
	require.NoError(t, conn.Exec(t.Context(), "DROP DATABASE "+name))
	store, err := clickhouse.New(clickhouse.Config{Transport: chdbtest.Engine(t).Transport(), Database: name})
	require.NoError(t, err)
	require.Error(t, store.Insert(t.Context(), claim(t, 0, 1), 0))
	require.NoError(t, store.Migrate(t.Context()))
	require.NoError(t, store.Insert(t.Context(), claim(t, 0, 1), 0))
}
