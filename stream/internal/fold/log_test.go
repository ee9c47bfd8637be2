package fold_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/foldtest"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/stream/internal/fold"
	"github.com/footfall-go/footfall/tenant"
)

const (
	second = footfall.Millis(1000)
	minute = 60 * second
	hour   = 60 * minute
	day    = 24 * hour
	start  = 28_333_333 * minute // of the logs below, in November 2023
)

// log feeds a state one record after the other.
type log struct {
	tb     testing.TB
	state  *fold.State
	header record.Header
	offset int64
	epoch  uint16
	ids    int
	rows   *foldtest.Rows
}

func newLog(tb testing.TB, l fold.Limits) *log {
	tb.Helper()
	shop, err := tenant.ParseID("shop")
	require.NoError(tb, err)
	return &log{
		tb: tb, state: fold.New(0, 0, l), rows: foldtest.NewRows(),
		header: record.Header{Kind: record.Events, Tenant: shop, Gap: 30 * minute, Cap: 24 * hour, Window: 2 * hour},
	}
}

// put applies one record that arrives at a log time after start, and returns
// the events to be stored.
func (l *log) put(at footfall.Millis, events ...record.Event) []footfall.Event {
	l.tb.Helper()
	l.header.Received = start + at
	var enc record.Encoder
	enc.Reset(l.header)
	for i := range events {
		enc.Add(&events[i])
	}
	rec := enc.Record(0)
	var out footfall.Batch
	l.apply(at, &rec, &out)
	return out.Events
}

func (l *log) order(at footfall.Millis, o record.Order) {
	l.tb.Helper()
	rec, err := record.NewOrder(l.header, 0, o)
	require.NoError(l.tb, err)
	l.apply(at, &rec, &footfall.Batch{})
}

func (l *log) apply(at footfall.Millis, rec *footfall.Record, out *footfall.Batch) {
	l.tb.Helper()
	rec.Epoch, rec.Offset, rec.Time = l.epoch, l.offset, start+at
	l.offset++
	require.NoError(l.tb, l.state.Apply(rec, out))
}

// restart goes on from a snapshot.
func (l *log) restart() {
	l.tb.Helper()
	in := l.state.Snapshot()
	s, err := fold.Restore(0, 0, fold.Limits{}, in)
	require.NoError(l.tb, err)
	require.NoError(l.tb, in.Close())
	l.state = s
}

func (l *log) flush() *footfall.Upserts {
	u := new(footfall.Upserts)
	l.state.Flush(u)
	l.rows.Upsert(u)
	return u
}

// event makes an event of a type, at an event time after start, with a message
// id of its own.
func (l *log) event(t footfall.Type, at footfall.Millis, anonymous, user string) record.Event {
	l.ids++
	return record.Event{
		Type: t, Name: []byte("E"), MessageID: fmt.Append(nil, "m", l.ids), Time: start + at,
		Anonymous: []byte(anonymous), User: []byte(user),
	}
}

func (l *log) track(at footfall.Millis, anonymous string) record.Event {
	return l.event(footfall.Track, at, anonymous, "")
}

func (l *log) visitor(text string) footfall.ID { return schema.VisitorID(l.header.Tenant, text) }
func (l *log) user(text string) footfall.ID    { return schema.UserID(l.header.Tenant, text) }
