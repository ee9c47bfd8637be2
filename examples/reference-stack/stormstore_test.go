package referencestack

import (
	"testing"
	"time"

	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/foldtest"
	"github.com/footfall-go/footfall/tenant"
)

// reader reads rows of the store as the tables have them, past all code of ours
// that writes or asks.
type reader struct {
	tb   testing.TB
	conn driver.Conn
}

func newReader(tb testing.TB, at *ch.Options) *reader {
	tb.Helper()
	conn, err := ch.Open(at)
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = conn.Close() }) // the engine may be gone
	return &reader{tb: tb, conn: conn}
}

// rows calls each for every row of a query.
func (r *reader) rows(sql string, each func(scan func(...any))) {
	r.tb.Helper()
	rows, err := r.conn.Query(r.tb.Context(), sql)
	require.NoError(r.tb, err)
	defer func() { require.NoError(r.tb, rows.Close()) }()
	for rows.Next() {
		each(func(to ...any) { require.NoError(r.tb, rows.Scan(to...)) })
	}
	require.NoError(r.tb, rows.Err())
}

func (r *reader) count(sql string) (n uint64) {
	r.tb.Helper()
	require.NoError(r.tb, r.conn.QueryRow(r.tb.Context(), sql).Scan(&n))
	return n
}

func (r *reader) tenant(text string) tenant.ID {
	id, err := tenant.ParseID(text)
	require.NoError(r.tb, err)
	return id
}

func idOf(text string) (id footfall.ID) {
	copy(id[:], text)
	return id
}

// id is a column with an id as its sixteen bytes.
func id(column string) string { return "reinterpretAsFixedString(" + column + ")" }

// events returns all rows there are, also such as a merge would drop.
func (r *reader) events() []footfall.Event {
	r.tb.Helper()
	var all []footfall.Event
	r.rows("SELECT tenant, silo, name, toString(type), time, received, original, sent, id, session, properties, _epoch, _p, _o, _i, "+
		id("visitor")+", "+id("user")+" FROM events", func(scan func(...any)) {
		var ev footfall.Event
		var name, kind, visitor, user string
		var at, received time.Time
		var original, sent *time.Time
		var offset uint64
		p := &ev.Position
		scan(&name, &ev.Silo, &ev.Name, &kind, &at, &received, &original, &sent, &ev.MessageID, &ev.Session, &ev.Properties,
			&p.Epoch, &p.Partition, &offset, &p.Index, &visitor, &user)
		ev.Tenant, ev.Visitor, ev.User = r.tenant(name), idOf(visitor), idOf(user)
		ev.Time, ev.Received, p.Offset = footfall.MillisOf(at), footfall.MillisOf(received), int64(offset)
		if original != nil {
			ev.Original = footfall.MillisOf(*original)
		}
		if sent != nil {
			ev.Sent = footfall.MillisOf(*sent)
		}
		for t := footfall.Track; t <= footfall.Alias; t++ {
			if t.String() == kind {
				ev.Type = t
			}
		}
		all = append(all, ev)
	})
	return all
}

// folded returns what was made of the events.
func (r *reader) folded() *foldtest.Rows {
	r.tb.Helper()
	all, u := foldtest.NewRows(), footfall.Upserts{}
	var name, from, to, kind string
	var at, start, last time.Time
	var offset uint64
	r.rows("SELECT tenant, silo, "+id("visitor")+", session, opened, start, last, events, views, key_event = 1, version FROM sessions FINAL", func(scan func(...any)) {
		var s footfall.Session
		scan(&name, &s.Silo, &from, &s.Session, &at, &start, &last, &s.Events, &s.Views, &s.KeyEvent, &s.Version)
		s.Tenant, s.Visitor = r.tenant(name), idOf(from)
		s.Opened, s.Start, s.Last = footfall.MillisOf(at), footfall.MillisOf(start), footfall.MillisOf(last)
		u.Sessions = append(u.Sessions, s)
	})
	kinds := map[string]footfall.LinkKind{"link": footfall.LinkUser, "unlink": footfall.UnlinkUser, "alias": footfall.LinkAlias}
	r.rows("SELECT tenant, silo, toString(kind), "+id("visitor")+", "+id("user")+", time, _epoch, _p, _o, _i FROM identities FINAL", func(scan func(...any)) {
		var l footfall.Link
		scan(&name, &l.Silo, &kind, &from, &to, &at, &l.Position.Epoch, &l.Position.Partition, &offset, &l.Position.Index)
		l.Tenant, l.Kind, l.From, l.User = r.tenant(name), kinds[kind], idOf(from), idOf(to)
		l.Time, l.Position.Offset = footfall.MillisOf(at), int64(offset)
		u.Links = append(u.Links, l)
	})
	r.rows("SELECT tenant, silo, "+id("id")+", toString(kind), text FROM visitors FINAL", func(scan func(...any)) {
		t := footfall.IDText{Kind: footfall.KindVisitor}
		scan(&name, &t.Silo, &from, &kind, &t.Text)
		if t.Tenant, t.ID = r.tenant(name), idOf(from); kind == "user" {
			t.Kind = footfall.KindUser
		}
		u.IDs = append(u.IDs, t)
	})
	// FINAL takes the parts of a tuple from whichever row comes first.
	r.rows("SELECT tenant, silo, "+id("id")+", key, _epoch, _p, max(best) AS top, top.rank, top.message, top.value, top._o, top._i FROM traits "+
		"GROUP BY tenant, silo, id, key, _epoch, _p", func(scan func(...any)) {
		t := footfall.Trait{Kind: footfall.TraitSet} // the clients say no others
		var rank int64
		var top map[string]any
		p := &t.Position
		scan(&name, &t.Silo, &from, &t.Key, &p.Epoch, &p.Partition, &top, &rank, &t.MessageID, &t.Value, &offset, &p.Index)
		t.Tenant, t.ID, t.Time, p.Offset = r.tenant(name), idOf(from), footfall.Millis(rank), int64(offset)
		u.Traits = append(u.Traits, t)
	})
	r.rows("SELECT tenant, silo, minute, _epoch, _p, stored, duplicate, quarantined, version FROM ledger FINAL", func(scan func(...any)) {
		var l footfall.LedgerRow
		scan(&name, &l.Silo, &at, &l.Epoch, &l.Partition, &l.Stored, &l.Duplicate, &l.Quarantined, &l.Version)
		l.Tenant, l.Minute = r.tenant(name), footfall.MillisOf(at)
		u.Ledger = append(u.Ledger, l)
	})
	all.Upsert(&u)
	return all
}
