package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"golang.org/x/sys/unix"

	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/query"
	queryclickhouse "github.com/footfall-go/footfall/query/clickhouse"
	"github.com/footfall-go/footfall/store/chdb"
	storeclickhouse "github.com/footfall-go/footfall/store/clickhouse"
	"github.com/footfall-go/footfall/tenant"
)

// world is a store with the shop in it and what asks it.
type world struct {
	dir    string
	tenant *tenant.Tenant
	engine *chdb.Engine
	db     driver.Conn
	conn   *queryclickhouse.Conn
	query  *query.Engine
	facts  facts
}

const database = "footfall"

// openWorld opens the store of a folder, and fills it if it is new.
func openWorld(ctx context.Context, dir string, total int64) (*world, error) {
	id, err := tenant.ParseID("shop")
	if err != nil {
		return nil, fmt.Errorf("name the tenant: %w", err)
	}
	w := &world{dir: dir, tenant: &tenant.Tenant{ID: id, Settings: tenant.Settings{QueryTime: 5 * time.Minute}.WithDefaults()}}
	if w.engine, err = chdb.Open(ctx, chdb.Config{Dir: filepath.Join(dir, "store")}); err != nil {
		return nil, fmt.Errorf("open the engine: %w", err)
	}
	if err := w.connect(); err != nil {
		return nil, errors.Join(err, w.engine.Close())
	}
	if err := w.fill(ctx, total); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *world) connect() error {
	var err error
	w.db, err = clickhouse.Open(&clickhouse.Options{
		Protocol: clickhouse.HTTP, Addr: []string{"embedded"}, Auth: clickhouse.Auth{Database: database}, ReadTimeout: time.Hour,
		TransportFunc: func(*http.Transport) (http.RoundTripper, error) {
			return queryclickhouse.CountReads(w.engine.Transport()), nil
		},
	})
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	w.conn = queryclickhouse.New(w.db)
	w.query, err = query.NewEngine(query.Config{Conn: w.conn, Now: func() time.Time { return closed }})
	if err != nil {
		return fmt.Errorf("make the query engine: %w", err)
	}
	return nil
}

func (w *world) close() error { return errors.Join(w.db.Close(), w.engine.Close()) }

// fill writes the shop as a processor does: each batch in the order of the
// log, what goes with it behind it. Then it is merged as far as a store gets by
// itself in a day or two.
func (w *world) fill(ctx context.Context, total int64) error {
	path := filepath.Join(w.dir, "facts.json")
	if text, err := os.ReadFile(path); err == nil {
		if err := json.Unmarshal(text, &w.facts); err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		return w.count(ctx)
	}
	store, err := storeclickhouse.New(storeclickhouse.Config{Transport: w.engine.Transport(), Database: database})
	if err != nil {
		return fmt.Errorf("make the store: %w", err)
	}
	if err := store.Migrate(ctx); err != nil {
		return fmt.Errorf("make the tables: %w", err)
	}
	began := time.Now()
	shop := newShop(w.tenant, total)
	for day := range days {
		batch, up := shop.day(day)
		if err := store.Insert(ctx, batch, 0); err != nil {
			return fmt.Errorf("write day %d: %w", day, err)
		}
		if err := store.Upsert(ctx, up); err != nil {
			return fmt.Errorf("write day %d: %w", day, err)
		}
	}
	if err := w.merged(ctx); err != nil {
		return err
	}
	for _, table := range []string{schema.Events, schema.Sessions, schema.Identities, schema.IDs, schema.Traits} {
		if err := w.db.Exec(ctx, "OPTIMIZE TABLE "+table+" FINAL"); err != nil {
			return fmt.Errorf("merge %s: %w", table, err)
		}
	}
	w.facts = shop.facts
	text, err := json.Marshal(w.facts)
	if err != nil {
		return fmt.Errorf("write down what there is: %w", err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return fmt.Errorf("write down what there is: %w", err)
	}
	fmt.Fprintf(os.Stderr, "wrote and merged %d events in %s\n", w.facts.Events, time.Since(began).Round(time.Second))
	return w.count(ctx)
}

// merged waits until the engine has found nothing to merge for a while.
func (w *world) merged(ctx context.Context) error {
	const enough = 20
	for quiet := 0; quiet < enough; quiet++ {
		running, err := w.number(ctx, "SELECT count() FROM system.merges")
		if err != nil {
			return err
		}
		if running > 0 {
			quiet = 0
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(250 * time.Millisecond):
		}
	}
	return nil
}

// count makes sure that the store holds what was generated.
func (w *world) count(ctx context.Context) error {
	for _, c := range []struct {
		what, sql string
		want      int64
	}{
		{"events", "SELECT count() FROM events FINAL", w.facts.Events},
		{"sessions", "SELECT count() FROM sessions FINAL", w.facts.Sessions},
		{"events of sessions", "SELECT sum(events) FROM sessions FINAL", w.facts.Events - w.facts.Names["$identify"]},
	} {
		got, err := w.number(ctx, c.sql)
		if err != nil {
			return err
		}
		if got != c.want {
			return fmt.Errorf("%d %s were generated, the store has %d", c.want, c.what, got)
		}
	}
	return nil
}

func (w *world) number(ctx context.Context, sql string) (int64, error) {
	var n int64
	if err := w.db.QueryRow(ctx, "SELECT toInt64(("+sql+"))").Scan(&n); err != nil {
		return 0, fmt.Errorf("count: %w", err)
	}
	return n, nil
}

// chill makes the next statement a cold one: the engine forgets what it keeps
// of its files, and the system the files themselves.
func (w *world) chill(ctx context.Context) error {
	for _, cache := range []string{"MARK CACHE", "INDEX MARK CACHE", "PRIMARY INDEX CACHE", "UNCOMPRESSED CACHE", "QUERY CONDITION CACHE"} {
		if err := w.db.Exec(ctx, "SYSTEM DROP "+cache); err != nil {
			return fmt.Errorf("drop the %s: %w", cache, err)
		}
	}
	unix.Sync()
	return filepath.WalkDir(w.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return nil // a merge may have taken it away
		}
		f, err := os.Open(path)
		if err != nil {
			return nil // as above
		}
		defer f.Close()
		return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
	})
}
