package stream_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/store/chdb/chdbtest"
	"github.com/footfall-go/footfall/store/clickhouse"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/local"
)

// counting counts the inserts that reach a store.
type counting struct {
	*clickhouse.Store
	inserts atomic.Int64
}

func (c *counting) Insert(ctx context.Context, b *footfall.Batch, attempt int) error {
	c.inserts.Add(1)
	return c.Store.Insert(ctx, b, attempt)
}

// unsettled is a log that refuses to close a claim, as if the process were
// always killed before.
type unsettled struct{ stream.Log }

func (u unsettled) Own(ctx context.Context, f func(context.Context, stream.Partition) error) error {
	return u.Log.Own(ctx, func(ctx context.Context, p stream.Partition) error { return f(ctx, open{p}) })
}

type open struct{ stream.Partition }

func (o open) Commit(ctx context.Context, p stream.Plan) error {
	if p.From == p.To {
		return errLog
	}
	return o.Partition.Commit(ctx, p)
}

// engineWorld is a log on the disk, the engine, and a Runner between them.
type engineWorld struct {
	t     *testing.T
	dir   string
	log   *local.Log
	store *counting
	conn  driver.Conn
}

func newEngineWorld(t *testing.T) *engineWorld {
	t.Helper()
	database := chdbtest.Database(t)
	s, err := clickhouse.New(clickhouse.Config{Transport: chdbtest.Engine(t).Transport(), Database: database})
	require.NoError(t, err)
	require.NoError(t, s.Migrate(t.Context()))
	w := &engineWorld{t: t, dir: filepath.Join(t.TempDir(), "log"), store: &counting{Store: s}, conn: chdbtest.Conn(t, database)}
	w.open()
	t.Cleanup(func() { require.NoError(t, w.log.Close()) })
	return w
}

func (w *engineWorld) open() {
	w.t.Helper()
	var err error
	w.log, err = local.Open(local.Config{Dir: w.dir})
	require.NoError(w.t, err)
}

func (w *engineWorld) reopen() {
	w.t.Helper()
	require.NoError(w.t, w.log.Close())
	w.open()
}

func (w *engineWorld) append(recs ...footfall.Record) {
	w.t.Helper()
	require.NoError(w.t, w.log.Append(w.t.Context(), recs))
}

// run starts a Runner, lets f work, waits until all is visible, and stops it.
func (w *engineWorld) run(cfg stream.Config, f func()) error {
	w.t.Helper()
	cfg.Store, cfg.DrainTimeout = w.store, 2*time.Second
	r, err := stream.New(cfg)
	require.NoError(w.t, err)
	ctx, stop := context.WithCancel(w.t.Context())
	defer stop()
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	f()
	require.Eventually(w.t, func() bool {
		s, err := r.Status(w.t.Context())
		return err == nil && s.Lag.Events == 0 && len(done) == 0
	}, time.Minute, 5*time.Millisecond)
	stop()
	return <-done
}

// list returns the first column of a query, a text.
func (w *engineWorld) list(sql string) (all []string) {
	w.t.Helper()
	rows, err := w.conn.Query(w.t.Context(), sql)
	require.NoError(w.t, err)
	defer rows.Close()
	for rows.Next() {
		var text string
		require.NoError(w.t, rows.Scan(&text))
		all = append(all, text)
	}
	require.NoError(w.t, rows.Err())
	return all
}

// TestErasureOnTheEngine takes an erasure from the log to the engine and looks
// for what it names in every table, after it, after a restart in the middle of
// the claim, and after a recovery that reads back the whole log.
func TestErasureOnTheEngine(t *testing.T) {
	t.Parallel()
	w := newEngineWorld(t)
	first := encode(t, 0, "shop", message{visitor: "a", user: "u", id: "1"}, message{visitor: "b", user: "u2", id: "2"},
		message{visitor: "a", id: "5", kind: footfall.Identify}, message{visitor: "a", user: "u", id: "6", kind: footfall.Identify},
		message{visitor: "b", user: "u2", id: "7", kind: footfall.Identify})
	order, err := record.NewOrder(header(t, "shop"), 0, record.Order{Erase: &record.Erase{Name: "e", Visitors: []string{"a"}, Users: []string{"u"}}})
	require.NoError(t, err)
	requireErased := func() {
		t.Helper()
		for sql, want := range map[string][]string{
			"SELECT concat(tenant, '/', id) AS at FROM events ORDER BY at":                                          {"club/3", "shop/2", "shop/4", "shop/7"},
			"SELECT concat(tenant, '/', text) AS at FROM visitors FINAL ORDER BY at":                                {"club/a", "club/u", "shop/a", "shop/b", "shop/u2"},
			"SELECT concat(tenant, '/', toString(events)) AS at FROM sessions FINAL ORDER BY at":                    {"club/1", "shop/1", "shop/1"},
			"SELECT tenant FROM identities FINAL ORDER BY tenant":                                                   {"club", "shop"},
			"SELECT concat(tenant, '/', toString(sum(stored))) AS at FROM ledger FINAL GROUP BY tenant ORDER BY at": {"club/1", "shop/6"},
			"SELECT concat(tenant, '/', key, '/', best.message) AS at FROM traits FINAL ORDER BY at":                {"shop/n/7"},
			"SELECT name FROM erasures FINAL":                                                                       {"e"},
		} {
			require.Equal(t, want, w.list(sql), sql)
		}
	}
	require.ErrorContains(t, w.run(stream.Config{Log: unsettled{w.log}}, func() {
		w.append(first, encode(t, 0, "club", message{visitor: "a", user: "u", id: "3"}))
		w.append(order, encode(t, 0, "shop", message{visitor: "a", id: "1"}, message{visitor: "a", id: "4"})) // 1 is a copy
	}), "time is up")
	requireErased()
	sent := w.store.inserts.Load()
	require.Positive(t, sent)

	w.reopen()
	require.NoError(t, w.run(stream.Config{Log: w.log}, func() {}))
	requireErased()

	w.reopen()
	require.NoError(t, w.run(stream.Config{Log: &amnesiac{Log: w.log, plans: true, snapshots: true}, Recover: true}, func() {}))
	requireErased()
	require.Equal(t, sent, w.store.inserts.Load(), "rows that were erased were sent again")
}

// TestRecoverOnTheEngine loses the plan and some rows; what is missing comes
// back and nothing else.
func TestRecoverOnTheEngine(t *testing.T) {
	t.Parallel()
	w := newEngineWorld(t)
	require.NoError(t, w.run(stream.Config{Log: w.log}, func() {
		for i := range 40 {
			w.append(encode(t, 0, "shop", message{visitor: fmt.Sprint("v", i%3), id: fmt.Sprint(i)}))
		}
	}))
	require.NoError(t, w.conn.Exec(t.Context(), "DELETE FROM events WHERE id IN ('7', '33')"))
	w.reopen()
	forgot := func() stream.Log { return &amnesiac{Log: w.log, plans: true, snapshots: true} }
	r, err := stream.New(stream.Config{Log: forgot(), Store: w.store})
	require.NoError(t, err)
	require.ErrorContains(t, r.Run(t.Context()), "set Config.Recover")
	require.NoError(t, w.run(stream.Config{Log: forgot(), Recover: true}, func() {}))
	require.Equal(t, []string{"40 40"}, w.list("SELECT concat(toString(count()), ' ', toString(uniqExact(_o))) FROM events"))
	require.Equal(t, []string{"40"}, w.list("SELECT toString(sum(events)) FROM sessions FINAL"))
}

// TestOlderStoreOnTheEngine has the engine merge events into earlier copies,
// which is no reason to refuse it, and then lose its newest rows, which is.
func TestOlderStoreOnTheEngine(t *testing.T) {
	t.Parallel()
	w := newEngineWorld(t)
	at := time.Now()
	send := func(from, to int) func() {
		return func() {
			for i := from; i < to; i++ {
				w.append(encode(t, 0, "shop", message{visitor: "v", id: fmt.Sprint(i), time: at}))
			}
		}
	}
	require.NoError(t, w.run(stream.Config{Log: w.log}, send(0, 5)))
	w.reopen()
	copies := footfall.Batch{Partition: 7, To: 20}
	for i := range int64(20) {
		copies.Events = append(copies.Events, footfall.Event{
			Tenant: shop(t, "shop"), Name: "click", Type: footfall.Track, Visitor: schema.VisitorID(shop(t, "shop"), "v"), MessageID: fmt.Sprint(5 + i),
			Time: footfall.MillisOf(at), Received: footfall.MillisOf(at), Properties: "{}", Position: footfall.Position{Partition: 7, Offset: i},
		})
	}
	require.NoError(t, w.store.Insert(t.Context(), &copies, 0))
	require.NoError(t, w.run(stream.Config{Log: w.log}, send(5, 25)))
	require.NoError(t, w.conn.Exec(t.Context(), "OPTIMIZE TABLE events FINAL"))
	require.Equal(t, []string{"5"}, w.list("SELECT toString(count()) FROM events WHERE _p = 0"))
	w.reopen()
	rows := "SELECT concat(toString(_o), ' ', id, ' ', toString(session)) FROM events WHERE _p = 0 ORDER BY _o"
	require.NoError(t, w.run(stream.Config{Log: w.log}, send(25, 50)))
	before := w.list(rows)
	require.Len(t, before, 30)

	require.NoError(t, w.conn.Exec(t.Context(), "DELETE FROM events WHERE _p = 0 AND _first <= bitNot(toUInt64(30))"))
	w.reopen()
	r, err := stream.New(stream.Config{Log: w.log, Store: w.store})
	require.NoError(t, err)
	r.Hurry(time.Millisecond)
	require.ErrorIs(t, r.Run(t.Context()), stream.ErrStoreLacks)
	require.NoError(t, w.run(stream.Config{Log: w.log, Recover: true}, func() {}))
	// What a merge has collapsed is taken for missing, and is collapsed again.
	require.NoError(t, w.conn.Exec(t.Context(), "OPTIMIZE TABLE events FINAL"))
	require.Equal(t, before, w.list(rows))
	w.reopen()
	require.NoError(t, w.run(stream.Config{Log: w.log}, func() {}))
}
