package clickhouse_test

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/store/chdb/chdbtest"
	"github.com/footfall-go/footfall/store/clickhouse"
	"github.com/footfall-go/footfall/store/storetest"
	"github.com/footfall-go/footfall/tenant"
)

// setup returns a migrated store in a database of its own, and a connection of
// clickhouse-go to it: what is written here by hand is read by others.
func setup(tb testing.TB) (*clickhouse.Store, driver.Conn) {
	tb.Helper()
	store, conn, _ := setupIn(tb)
	return store, conn
}

func setupIn(tb testing.TB) (*clickhouse.Store, driver.Conn, clickhouse.Config) {
	tb.Helper()
	config := clickhouse.Config{Transport: chdbtest.Engine(tb).Transport(), Database: chdbtest.Database(tb)}
	store, err := clickhouse.New(config)
	require.NoError(tb, err)
	require.NoError(tb, store.Migrate(tb.Context()))
	return store, chdbtest.Conn(tb, config.Database), config
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(tb testing.TB) (footfall.Store, storetest.Reader) {
		store, conn := setup(tb)
		// So that Rows counts what was written, and not what is left of it.
		// (SYSTEM STOP MERGES would stop deletes as well, for ever.)
		require.NoError(tb, conn.Exec(tb.Context(), "ALTER TABLE events MODIFY SETTING max_bytes_to_merge_at_max_space_in_pool = 1, max_bytes_to_merge_at_min_space_in_pool = 1"))
		return store, reader{conn}
	})
}

func TestKeeper(t *testing.T) {
	t.Parallel()
	storetest.RunKeeper(t, func(tb testing.TB) (storetest.Keeper, storetest.Reader) {
		store, conn := setup(tb)
		return store, reader{conn}
	})
}

func TestSnapshots(t *testing.T) {
	t.Parallel()
	storetest.RunSnapshots(t, func(tb testing.TB) storetest.Snapshots {
		store, _ := setup(tb)
		return store
	})
}

// reader implements storetest.Reader.
type reader struct{ conn driver.Conn }

func (r reader) Rows(ctx context.Context) (int, error) {
	var n uint64
	err := r.conn.QueryRow(ctx, "SELECT count() FROM events").Scan(&n)
	return int(n), err
}

func (r reader) Lose(ctx context.Context, epoch, partition uint16, from, to int64) error {
	return r.conn.Exec(ctx, fmt.Sprintf("DELETE FROM events WHERE _epoch=%d AND _p=%d AND bitNot(_first)>=%d AND bitNot(_first)<%d", epoch, partition, from, to))
}

func (r reader) Settle(ctx context.Context) error {
	for _, statement := range []string{"OPTIMIZE TABLE events FINAL", "OPTIMIZE TABLE sessions FINAL", "OPTIMIZE TABLE identities FINAL", "OPTIMIZE TABLE traits FINAL"} {
		if err := r.conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// scan calls row for each row of a result.
func scan[T any](ctx context.Context, conn driver.Conn, sql string, row func(driver.Rows) (T, error)) (all []T, err error) {
	rows, err := conn.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		one, err := row(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

func id(n *big.Int) (id footfall.ID) {
	n.FillBytes(id[:])
	slices.Reverse(id[:])
	return id
}

func owner(text string) (t tenant.ID, err error) { return tenant.ParseID(text) }

func millis(at *time.Time) footfall.Millis {
	if at == nil {
		return 0
	}
	return footfall.MillisOf(*at)
}

func (r reader) Events(ctx context.Context) ([]footfall.Event, error) {
	return scan(ctx, r.conn, `SELECT tenant, silo, toInt8(type), name, id, toUnixTimestamp64Milli(time), _original, _sent, toUnixTimestamp64Milli(time)+_received,
		visitor, user, session, properties, context, _epoch, _p, _o, _i FROM events FINAL`, func(rows driver.Rows) (e footfall.Event, err error) {
		var who string
		var kind int8
		var visitor, user big.Int
		var at, original, sent, received int64
		var offset uint64
		p := &e.Position
		if err = rows.Scan(&who, &e.Silo, &kind, &e.Name, &e.MessageID, &at, &original, &sent, &received, &visitor, &user, &e.Session,
			&e.Properties, &e.Context, &p.Epoch, &p.Partition, &offset, &p.Index); err != nil {
			return e, err
		}
		e.Type, e.Visitor, e.User, p.Offset = footfall.Type(kind), id(&visitor), id(&user), int64(offset)
		e.Time, e.Received = footfall.Millis(at), footfall.Millis(received)
		const absent = -1 << 63
		if original != absent {
			e.Original = footfall.Millis(at - original)
		}
		if sent != absent {
			e.Sent = footfall.Millis(received - sent)
		}
		e.Tenant, err = owner(who)
		return e, err
	})
}

func (r reader) Sessions(ctx context.Context) ([]footfall.Session, error) {
	return scan(ctx, r.conn, "SELECT tenant, silo, visitor, session, opened, start, last, events, views, key_event = 1, version FROM sessions FINAL", func(rows driver.Rows) (s footfall.Session, err error) {
		var who string
		var visitor big.Int
		var opened, start, last time.Time
		if err = rows.Scan(&who, &s.Silo, &visitor, &s.Session, &opened, &start, &last, &s.Events, &s.Views, &s.KeyEvent, &s.Version); err != nil {
			return s, err
		}
		s.Visitor, s.Opened, s.Start, s.Last = id(&visitor), millis(&opened), millis(&start), millis(&last)
		s.Tenant, err = owner(who)
		return s, err
	})
}

func (r reader) Links(ctx context.Context) ([]footfall.Link, error) {
	return scan(ctx, r.conn, "SELECT tenant, silo, toInt8(kind), visitor, user, time, _epoch, _p, toInt64(_o), _i FROM identities FINAL", func(rows driver.Rows) (l footfall.Link, err error) {
		var who string
		var kind int8
		var from, user big.Int
		var at time.Time
		p := &l.Position
		if err = rows.Scan(&who, &l.Silo, &kind, &from, &user, &at, &p.Epoch, &p.Partition, &p.Offset, &p.Index); err != nil {
			return l, err
		}
		l.Kind, l.From, l.User, l.Time = footfall.LinkKind(kind), id(&from), id(&user), millis(&at)
		l.Tenant, err = owner(who)
		return l, err
	})
}

func (r reader) IDs(ctx context.Context) ([]footfall.IDText, error) {
	return scan(ctx, r.conn, "SELECT tenant, silo, id, toInt8(kind), text FROM visitors FINAL", func(rows driver.Rows) (t footfall.IDText, err error) {
		var who string
		var kind int8
		var n big.Int
		if err = rows.Scan(&who, &t.Silo, &n, &kind, &t.Text); err != nil {
			return t, err
		}
		t.ID, t.Kind = id(&n), footfall.IDKind(kind)
		t.Tenant, err = owner(who)
		return t, err
	})
}

func (r reader) Traits(ctx context.Context) ([]footfall.Trait, error) {
	return scan(ctx, r.conn, `SELECT tenant, silo, id, toInt8(kind), key, b.1, b.2, b.3, _epoch, _p, toInt64(b.7), b.8 FROM (
		SELECT tenant, silo, id, kind, key, _epoch, _p, best AS b FROM traits
		ORDER BY b.1 DESC, b.2 DESC, b.3 DESC, _epoch DESC, _p DESC, b.7 DESC, b.8 DESC LIMIT 1 BY tenant, silo, id, kind, key)`, func(rows driver.Rows) (t footfall.Trait, err error) {
		var who string
		var kind int8
		var n big.Int
		var rank int64
		p := &t.Position
		if err = rows.Scan(&who, &t.Silo, &n, &kind, &t.Key, &rank, &t.MessageID, &t.Value, &p.Epoch, &p.Partition, &p.Offset, &p.Index); err != nil {
			return t, err
		}
		t.ID, t.Kind, t.Time = id(&n), footfall.TraitKind(kind), footfall.Millis(rank)
		if t.Kind == footfall.TraitOnce {
			t.Time = ^t.Time
		}
		t.Tenant, err = owner(who)
		return t, err
	})
}

func (r reader) Ledger(ctx context.Context) ([]footfall.LedgerRow, error) {
	return scan(ctx, r.conn, "SELECT tenant, silo, minute, _epoch, _p, stored, duplicate, quarantined, version FROM ledger FINAL", func(rows driver.Rows) (l footfall.LedgerRow, err error) {
		var who string
		var minute time.Time
		if err = rows.Scan(&who, &l.Silo, &minute, &l.Epoch, &l.Partition, &l.Stored, &l.Duplicate, &l.Quarantined, &l.Version); err != nil {
			return l, err
		}
		l.Minute = millis(&minute)
		l.Tenant, err = owner(who)
		return l, err
	})
}

func (r reader) Rejected(ctx context.Context) ([]footfall.Rejected, error) {
	return scan(ctx, r.conn, "SELECT tenant, silo, time, reason, payload, _epoch, _p, toInt64(_o), _i, version FROM rejected FINAL", func(rows driver.Rows) (j footfall.Rejected, err error) {
		var who string
		var at time.Time
		p := &j.Position
		if err = rows.Scan(&who, &j.Silo, &at, &j.Reason, &j.Payload, &p.Epoch, &p.Partition, &p.Offset, &p.Index, &j.Version); err != nil {
			return j, err
		}
		j.Time = millis(&at)
		j.Tenant, err = owner(who)
		return j, err
	})
}

func (r reader) Erasures(ctx context.Context) ([]footfall.Erasure, error) {
	return scan(ctx, r.conn, "SELECT tenant, silo, name, ids, time, _epoch, _p, toInt64(_o), _i FROM erasures FINAL", func(rows driver.Rows) (e footfall.Erasure, err error) {
		var who string
		var ids []*big.Int
		var at time.Time
		p := &e.Before
		if err = rows.Scan(&who, &e.Silo, &e.Name, &ids, &at, &p.Epoch, &p.Partition, &p.Offset, &p.Index); err != nil {
			return e, err
		}
		for _, n := range ids {
			e.IDs = append(e.IDs, id(n))
		}
		e.Time = millis(&at)
		e.Tenant, err = owner(who)
		return e, err
	})
}

// claim returns a batch of the records [from, to), one event each.
func claim(tb testing.TB, from, to int) *footfall.Batch {
	tb.Helper()
	shop, err := owner("shop")
	require.NoError(tb, err)
	b := &footfall.Batch{From: int64(from), To: int64(to)}
	start := footfall.MillisOf(time.Date(2024, 5, 15, 0, 0, 0, 0, time.UTC))
	for offset := from; offset < to; offset++ {
		text := fmt.Sprint(offset)
		b.Events = append(b.Events, footfall.Event{
			Tenant: shop, Position: footfall.Position{Offset: int64(offset)}, Type: footfall.Track, Name: "Product Viewed", MessageID: "m" + text,
			Time: start + footfall.Millis(offset), Received: start + footfall.Millis(offset), Visitor: schema.VisitorID(shop, text),
		})
	}
	return b
}
