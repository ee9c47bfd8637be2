package clickhouse_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/query"
	queryclickhouse "github.com/footfall-go/footfall/query/clickhouse"
	"github.com/footfall-go/footfall/store/chdb/chdbtest"
	storeclickhouse "github.com/footfall-go/footfall/store/clickhouse"
	"github.com/footfall-go/footfall/tenant"
)

// world is a store with what the processor would have written to it, and an
// engine that asks it.
type world struct {
	tb     testing.TB
	store  *storeclickhouse.Store
	conn   *queryclickhouse.Conn
	engine *query.Engine
	tenant *tenant.Tenant
	offset *int64 // of the log, over all tenants
	known  map[footfall.ID]bool
}

func setup(tb testing.TB) *world { return setupWith(tb, query.Config{}, tenant.Settings{}) }

// embedded returns a store in a database of its own, and a connection that asks
// it under settings of the engine.
func embedded(tb testing.TB, settings clickhouse.Settings) (*storeclickhouse.Store, *queryclickhouse.Conn) {
	tb.Helper()
	database := chdbtest.Database(tb)
	transport := chdbtest.Engine(tb).Transport()
	store, err := storeclickhouse.New(storeclickhouse.Config{Transport: transport, Database: database})
	require.NoError(tb, err)
	require.NoError(tb, store.Migrate(tb.Context()))
	conn, err := clickhouse.Open(&clickhouse.Options{
		Protocol: clickhouse.HTTP, Addr: []string{"embedded"}, Auth: clickhouse.Auth{Database: database}, Settings: settings,
		TransportFunc: func(*http.Transport) (http.RoundTripper, error) {
			return queryclickhouse.CountReads(transport), nil
		},
	})
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, conn.Close()) })
	return store, queryclickhouse.New(conn)
}

func setupWith(tb testing.TB, config query.Config, settings tenant.Settings) *world {
	tb.Helper()
	store, conn := embedded(tb, nil)
	w := &world{tb: tb, store: store, conn: conn, offset: new(int64), known: map[footfall.ID]bool{}}
	w.tenant = newTenant(tb, "shop", settings)
	config.Conn = w.conn
	var err error
	w.engine, err = query.NewEngine(config)
	require.NoError(tb, err)
	return w
}

func newTenant(tb testing.TB, id string, settings tenant.Settings) *tenant.Tenant {
	parsed, err := tenant.ParseID(id)
	require.NoError(tb, err)
	// Time is for the test of it; a machine may have other things to do.
	settings.QueryTime = cmp.Or(settings.QueryTime, 5*time.Minute)
	return &tenant.Tenant{ID: parsed, Settings: settings.WithDefaults()}
}

// ev is an event as a test writes it.
type ev struct {
	at, name, visitor, user, props string
	typ                            footfall.Type
	session                        uint64
	id                             string
}

// of returns the same world for another tenant.
func (w *world) of(tb testing.TB, t *tenant.Tenant) *world {
	other := *w
	other.tb, other.tenant, other.known = tb, t, map[footfall.ID]bool{}
	return &other
}

func at(tb testing.TB, text string) footfall.Millis {
	t, err := time.Parse(time.RFC3339Nano, text)
	require.NoError(tb, err)
	return footfall.MillisOf(t)
}

// write stores events, each in a record of its own.
func (w *world) write(events ...ev) {
	w.tb.Helper()
	batch := &footfall.Batch{From: *w.offset, To: *w.offset + int64(len(events))}
	up := &footfall.Upserts{}
	for i, e := range events {
		when := at(w.tb, e.at)
		f := footfall.Event{
			Tenant: w.tenant.ID, Silo: w.tenant.Silo(), Position: footfall.Position{Offset: batch.From + int64(i)},
			Type: e.typ, Name: e.name, MessageID: e.id, Time: when, Original: when, Sent: when + 10, Received: when + 50,
			AnonymousID: e.visitor, UserID: e.user, Session: e.session, Properties: e.props, Context: `{"ip":"1.2.3.0"}`,
		}
		if f.Type == 0 {
			f.Type = footfall.Track
		}
		if f.MessageID == "" {
			f.MessageID = fmt.Sprintf("m%d", f.Position.Offset)
		}
		if e.user != "" {
			f.User = schema.UserID(w.tenant.ID, e.user)
			w.text(up, f.User, footfall.KindUser, e.user)
			f.Visitor = f.User
		}
		if e.visitor != "" {
			f.Visitor = schema.VisitorID(w.tenant.ID, e.visitor)
			w.text(up, f.Visitor, footfall.KindVisitor, e.visitor)
		}
		batch.Events = append(batch.Events, f)
	}
	*w.offset = batch.To
	require.NoError(w.tb, w.store.Insert(w.tb.Context(), batch, 0))
	w.upsert(up)
}

func (w *world) text(up *footfall.Upserts, id footfall.ID, kind footfall.IDKind, text string) {
	if !w.known[id] {
		w.known[id] = true
		up.IDs = append(up.IDs, footfall.IDText{Tenant: w.tenant.ID, Silo: w.tenant.Silo(), ID: id, Kind: kind, Text: text})
	}
}

func (w *world) upsert(up *footfall.Upserts) {
	w.tb.Helper()
	if up.Len() > 0 {
		require.NoError(w.tb, w.store.Upsert(w.tb.Context(), up))
	}
}

// edge stores an identity edge; from is "visitor:…" or "user:…".
func (w *world) edge(kind footfall.LinkKind, from, user string) {
	w.tb.Helper()
	up := &footfall.Upserts{}
	w.addEdge(up, kind, from, user)
	w.upsert(up)
}

func (w *world) addEdge(up *footfall.Upserts, kind footfall.LinkKind, from, user string) {
	to := schema.UserID(w.tenant.ID, user)
	w.text(up, to, footfall.KindUser, user)
	up.Links = append(up.Links, footfall.Link{
		Tenant: w.tenant.ID, Silo: w.tenant.Silo(), Kind: kind, From: w.id(from), User: to,
		Time: footfall.Millis(1_700_000_000_000 + *w.offset), Position: footfall.Position{Offset: *w.offset},
	})
	*w.offset++
}

func (w *world) id(person string) footfall.ID {
	if text := trim(person, "user:"); text != "" {
		return schema.UserID(w.tenant.ID, text)
	}
	return schema.VisitorID(w.tenant.ID, trim(person, "visitor:"))
}

func trim(text, prefix string) string {
	if len(text) > len(prefix) && text[:len(prefix)] == prefix {
		return text[len(prefix):]
	}
	return ""
}

// session stores the totals of a session.
func (w *world) session(visitor string, number uint64, start, last string, views uint32) {
	w.tb.Helper()
	up := &footfall.Upserts{}
	w.addSession(up, visitor, number, at(w.tb, start), at(w.tb, last), views)
	w.upsert(up)
}

func (w *world) addSession(up *footfall.Upserts, visitor string, number uint64, start, last footfall.Millis, views uint32) {
	*w.offset++
	up.Sessions = append(up.Sessions, footfall.Session{
		Tenant: w.tenant.ID, Silo: w.tenant.Silo(), Visitor: schema.VisitorID(w.tenant.ID, visitor), Session: number,
		Opened: start, Start: start, Last: last, Events: views, Views: views, Version: footfall.Version(0, *w.offset),
	})
}

// ask answers a question given as JSON.
func (w *world) ask(question string) *query.Answer {
	w.tb.Helper()
	q, err := query.Parse([]byte(question))
	require.NoError(w.tb, err)
	return w.run(q)
}

func (w *world) run(q query.Query) *query.Answer {
	w.tb.Helper()
	answer, err := w.engine.Run(w.tb.Context(), w.tenant, q)
	require.NoError(w.tb, err)
	return answer
}

// result returns the JSON of the result of a question.
func (w *world) result(question string) string {
	w.tb.Helper()
	b, err := json.Marshal(w.ask(question).Result)
	require.NoError(w.tb, err)
	return string(b)
}

const wholeYear = `"range":{"from":"2024-01-01","to":"2025-01-01"}`

// count returns how many events of the year pass a filter.
func (w *world) count(filter string) float64 {
	w.tb.Helper()
	return w.total(`{"kind":"trend","interval":"total",` + wholeYear + `,"filter":` + filter + `,"series":[{"event":"*"}]}`)
}

// total returns the total of the only line of a trend.
func (w *world) total(question string) float64 {
	w.tb.Helper()
	trend := w.ask(question).Result.(*query.TrendResult)
	require.Len(w.tb, trend.Series, 1)
	require.NotNil(w.tb, trend.Series[0].Total)
	return *trend.Series[0].Total
}
