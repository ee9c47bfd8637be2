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
	rec.Offset, rec.Time = l.offset, start+at
	l.offset++
	require.NoError(l.tb, l.state.Apply(rec, out))
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

// TestSessions puts the events of one visitor, each in a record of its own, and
// tells which session each is in, by the number of the event that opened it.
func TestSessions(t *testing.T) {
	t.Parallel()
	type put struct{ at, log footfall.Millis } // event time; log time, 0: the same
	for name, c := range map[string]struct {
		gap, cap footfall.Millis
		puts     []put
		want     []int
	}{
		"inactivity of exactly the gap goes on":      {puts: []put{{at: 0}, {at: 30 * minute}}, want: []int{0, 0}},
		"inactivity over the gap ends":               {puts: []put{{at: 0}, {at: 30*minute + 1}}, want: []int{0, 1}},
		"the gap counts from the last event":         {puts: []put{{at: 0}, {at: 20 * minute}, {at: 45 * minute}}, want: []int{0, 0, 0}},
		"midnight does not cut":                      {puts: []put{{at: 47 * hour}, {at: 47*hour + 29*minute}}, want: []int{0, 0}},
		"the tenant's gap":                           {gap: minute, puts: []put{{at: 0}, {at: minute}, {at: 3 * minute}}, want: []int{0, 0, 2}},
		"a session of exactly the cap":               {gap: day, cap: 2 * hour, puts: []put{{at: 0}, {at: 2 * hour}}, want: []int{0, 0}},
		"the cap ends a session":                     {gap: day, cap: 2 * hour, puts: []put{{at: 0}, {at: 2*hour + 1}, {at: 3 * hour}}, want: []int{0, 1, 1}},
		"out of order joins":                         {puts: []put{{at: hour}, {at: 40 * minute, log: hour}}, want: []int{0, 0}},
		"out of order opens before":                  {puts: []put{{at: hour}, {at: 0, log: hour}}, want: []int{0, 1}},
		"late into the earlier session":              {puts: []put{{at: 0}, {at: 2 * hour}, {at: 10 * minute, log: 2 * hour}}, want: []int{0, 1, 0}},
		"the earlier of two, whose order of arrival": {puts: []put{{at: hour}, {at: 0, log: hour}, {at: 30 * minute, log: hour}}, want: []int{0, 1, 1}},
		"sessions never merge":                       {puts: []put{{at: 0}, {at: 50 * minute}, {at: 25 * minute, log: hour}, {at: 51 * minute, log: hour}, {at: 81 * minute}}, want: []int{0, 1, 0, 0, 0}},
		"a start that moves keeps within the cap":    {gap: hour, cap: hour, puts: []put{{at: hour}, {at: 30 * minute, log: hour}, {at: 91 * minute}}, want: []int{0, 0, 2}},
		"remembered for gap and a day of log time":   {puts: []put{{at: 0}, {at: 0, log: day + 30*minute}}, want: []int{0, 0}},
		"forgotten within a minute after that":       {puts: []put{{at: 0}, {at: 0, log: day + 31*minute}}, want: []int{0, 1}},
		"a touch prolongs":                           {puts: []put{{at: 0}, {at: minute, log: day}, {at: 2 * minute, log: 2 * day}}, want: []int{0, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLog(t, fold.Limits{})
			if c.gap != 0 {
				l.header.Gap = c.gap
			}
			if c.cap != 0 {
				l.header.Cap = c.cap
			}
			opened := map[uint64]int{}
			var got []int
			for i, p := range c.puts {
				at := p.log
				if at == 0 {
					at = p.at
				}
				out := l.put(at, l.track(p.at, "v"))
				require.Len(t, out, 1)
				if _, ok := opened[out[0].Session]; !ok {
					opened[out[0].Session] = i
					require.Equal(t, schema.Hash64(out[0].Visitor, out[0].MessageID), out[0].Session)
				}
				got = append(got, opened[out[0].Session])
			}
			require.Equal(t, c.want, got)
		})
	}
}

func TestSessionRow(t *testing.T) {
	t.Parallel()
	l := newLog(t, fold.Limits{})
	out := l.put(hour, l.event(footfall.Page, hour, "v", ""), l.track(59*minute, "v"))
	l.put(2*hour, l.event(footfall.Screen, 61*minute, "v", ""))
	want := footfall.Session{
		Tenant: l.header.Tenant, Visitor: l.visitor("v"), Session: out[0].Session,
		Opened: start + hour, Start: start + 59*minute, Last: start + 61*minute,
		Events: 3, Views: 2, Version: footfall.Version(0, 1),
	}
	require.Equal(t, []footfall.Session{want}, l.flush().Sessions)
	require.Empty(t, l.flush().Sessions)
	// An event that is no behaviour changes neither row nor version.
	l.put(3*hour, l.event(footfall.Identify, 62*minute, "v", "u"))
	require.Empty(t, l.flush().Sessions)
}

func TestOnlyBehaviourOfVisitorsHasSessions(t *testing.T) {
	t.Parallel()
	l := newLog(t, fold.Limits{})
	alias := l.event(footfall.Alias, 0, "", "u")
	alias.Previous = []byte("v")
	out := l.put(0, l.event(footfall.Identify, 0, "v", "u"), l.event(footfall.Group, 0, "v", ""), alias, l.event(footfall.Track, 0, "", "u"))
	require.Len(t, out, 4)
	for _, ev := range out {
		require.Zero(t, ev.Session)
	}
	require.Empty(t, l.flush().Sessions)
}

// TestEightSessions opens nine sessions a day apart in event time; the one
// touched longest ago is forgotten, the others still take events.
func TestEightSessions(t *testing.T) {
	t.Parallel()
	l := newLog(t, fold.Limits{})
	first := make([]uint64, 8)
	for i := range first {
		first[i] = l.put(0, l.track(footfall.Millis(i)*day, "v"))[0].Session
	}
	require.Equal(t, first[0], l.put(0, l.track(0, "v"))[0].Session) // the second is now the oldest touch
	ninth := l.put(0, l.track(8*day, "v"))[0].Session
	require.NotContains(t, first, ninth)
	for _, i := range []int{0, 2, 3, 4, 5, 6, 7} {
		require.Equal(t, first[i], l.put(0, l.track(footfall.Millis(i)*day, "v"))[0].Session, "session %d", i)
	}
	require.NotContains(t, first, l.put(0, l.track(day, "v"))[0].Session)
	l.flush()
	require.Len(t, l.rows.Sessions, 10)
	var events uint32
	for _, s := range l.rows.Sessions {
		events += s.Events
	}
	require.EqualValues(t, 18, events)
}

func TestDuplicates(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		window footfall.Millis
		after  footfall.Millis // between the two arrivals, the first at the last second of a minute
		want   int
	}{
		"at once":                            {after: 0, want: 1},
		"at the end of the window":           {after: 2 * hour, want: 1},
		"to the minute":                      {after: 2*hour + second, want: 2},
		"the tenant's window":                {window: 90 * minute, after: 90 * minute, want: 1},
		"the tenant's window is over":        {window: 90 * minute, after: 91 * minute, want: 2},
		"never under an hour":                {window: minute, after: hour, want: 1},
		"a started minute of the window":     {window: 90*minute - 1, after: 90 * minute, want: 1},
		"a day at most":                      {window: 100 * day, after: 25 * hour, want: 2},
		"stamps do not come round":           {after: 2048 * minute, want: 2},
		"stamps do not come round in a year": {after: 257 * 2048 * minute, want: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLog(t, fold.Limits{})
			if c.window != 0 {
				l.header.Window = c.window
			}
			ev := l.track(0, "v")
			stored := len(l.put(59*second, ev))
			stored += len(l.put(59*second+c.after, ev))
			require.Equal(t, c.want, stored)
			total := l.state.Totals()[0]
			require.EqualValues(t, c.want, total.Stored)
			require.EqualValues(t, 2-c.want, total.Duplicate)
		})
	}
	t.Run("the key is tenant, visitor and message id", func(t *testing.T) {
		t.Parallel()
		l := newLog(t, fold.Limits{})
		same := func(anonymous, user string) record.Event {
			ev := l.event(footfall.Track, 0, anonymous, user)
			ev.MessageID = []byte("m")
			return ev
		}
		require.Len(t, l.put(0, same("v", ""), same("v", "u"), same("w", ""), same("", "v"), same("", "v")), 3)
		l.header.Tenant, _ = tenant.ParseID("news")
		require.Len(t, l.put(0, same("v", ""), same("v", "")), 1)
	})
	t.Run("being seen again does not prolong", func(t *testing.T) {
		t.Parallel()
		l := newLog(t, fold.Limits{})
		ev := l.track(0, "v")
		require.Len(t, l.put(0, ev), 1)
		require.Empty(t, l.put(hour, ev))
		require.Empty(t, l.put(2*hour, ev))
		require.Len(t, l.put(2*hour+minute, ev), 1)
		require.Empty(t, l.put(4*hour, ev))
	})
	t.Run("a duplicate changes nothing else", func(t *testing.T) {
		t.Parallel()
		l := newLog(t, fold.Limits{})
		ev := l.event(footfall.Page, 0, "v", "u")
		l.put(0, ev)
		l.flush()
		require.Empty(t, l.put(minute, ev))
		u := l.flush()
		require.Empty(t, u.Sessions)
		require.Empty(t, u.Links)
		require.Empty(t, u.IDs)
		require.Len(t, u.Ledger, 1)
	})
}

// TestSoftLimit shows that ids go by whole minutes, and none under an hour.
func TestSoftLimit(t *testing.T) {
	t.Parallel()
	l := newLog(t, fold.Limits{SoftIDs: 10, MaxIDs: 1000})
	old, young := l.track(0, "v"), l.track(0, "v")
	l.put(0, old, l.track(0, "v"), l.track(0, "v"))
	for i := range footfall.Millis(10) {
		l.put(10*minute, l.track(i*second, "v"))
	}
	l.put(10*minute, young)
	require.Empty(t, l.put(hour, old), "an hour stays whatever the limit")
	require.Zero(t, l.state.EarlyEvictions())
	require.Len(t, l.put(61*minute, old), 1, "the whole minute went")
	require.EqualValues(t, 3, l.state.EarlyEvictions())
	require.Empty(t, l.put(61*minute, young), "no more than needed went")
}

// TestHardLimit shows that memory is bounded whatever the time.
func TestHardLimit(t *testing.T) {
	t.Parallel()
	l := newLog(t, fold.Limits{SoftIDs: 10, MaxIDs: 20})
	old := l.track(0, "v")
	l.put(0, old)
	for i := range footfall.Millis(100) {
		l.put(i*second, l.track(0, "v"), l.track(0, "v"))
	}
	require.Less(t, l.state.MessageIDs(), 120)
	require.Len(t, l.put(100*second, old), 1)
	require.NotZero(t, l.state.EarlyEvictions())
}

func TestLinks(t *testing.T) {
	t.Parallel()
	l := newLog(t, fold.Limits{})
	both := func(user string) record.Event { return l.event(footfall.Track, 0, "v", user) }
	l.put(0, both("u1"), both("u1"), l.event(footfall.Identify, 0, "v", "u1"))
	l.put(minute, both("u2"), both(""), both("u2"), both("u1"))
	u := l.flush()
	require.Equal(t, []footfall.Link{
		{Tenant: l.header.Tenant, Kind: footfall.LinkUser, From: l.visitor("v"), User: l.user("u1"), Time: start},
		{Tenant: l.header.Tenant, Kind: footfall.LinkUser, From: l.visitor("v"), User: l.user("u2"), Time: start + minute, Position: footfall.Position{Offset: 1}},
		{Tenant: l.header.Tenant, Kind: footfall.LinkUser, From: l.visitor("v"), User: l.user("u1"), Time: start + minute, Position: footfall.Position{Offset: 1, Index: 3}},
	}, u.Links)
	require.Equal(t, []footfall.IDText{
		{Tenant: l.header.Tenant, ID: l.visitor("v"), Kind: footfall.KindVisitor, Text: "v"},
		{Tenant: l.header.Tenant, ID: l.user("u1"), Kind: footfall.KindUser, Text: "u1"},
		{Tenant: l.header.Tenant, ID: l.user("u2"), Kind: footfall.KindUser, Text: "u2"},
		{Tenant: l.header.Tenant, ID: l.user("u1"), Kind: footfall.KindUser, Text: "u1"},
	}, u.IDs)

	// A user's own visitor is written once while it is remembered.
	l.put(hour, l.event(footfall.Track, 0, "", "u3"), l.event(footfall.Track, 0, "", "u3"))
	u = l.flush()
	require.Empty(t, u.Links)
	require.Equal(t, []footfall.IDText{{Tenant: l.header.Tenant, ID: l.user("u3"), Kind: footfall.KindUser, Text: "u3"}}, u.IDs)
}

func TestUnlinkLetsTheNextEventLinkAgain(t *testing.T) {
	t.Parallel()
	l := newLog(t, fold.Limits{})
	l.put(0, l.event(footfall.Track, 0, "v", "u"))
	l.order(minute, record.Order{Unlink: &record.Unlink{AnonymousID: "v", UserID: "u"}})
	l.put(minute, l.event(footfall.Track, 0, "v", "u"))
	kinds := []footfall.LinkKind{}
	for _, link := range l.flush().Links {
		kinds = append(kinds, link.Kind)
		require.Equal(t, l.visitor("v"), link.From)
		require.Equal(t, l.user("u"), link.User)
	}
	require.Equal(t, []footfall.LinkKind{footfall.LinkUser, footfall.UnlinkUser, footfall.LinkUser}, kinds)
}

func TestAlias(t *testing.T) {
	t.Parallel()
	l := newLog(t, fold.Limits{})
	alias := l.event(footfall.Alias, 0, "", "new")
	alias.Previous = []byte("old")
	out := l.put(0, alias)
	require.Equal(t, l.visitor("old"), out[0].Visitor)
	u := l.flush()
	require.Equal(t, []footfall.Link{
		{Tenant: l.header.Tenant, Kind: footfall.LinkAlias, From: l.visitor("old"), User: l.user("new"), Time: start},
		{Tenant: l.header.Tenant, Kind: footfall.LinkAlias, From: l.user("old"), User: l.user("new"), Time: start},
	}, u.Links)
	require.Equal(t, []footfall.IDText{
		{Tenant: l.header.Tenant, ID: l.visitor("old"), Kind: footfall.KindVisitor, Text: "old"},
		{Tenant: l.header.Tenant, ID: l.user("new"), Kind: footfall.KindUser, Text: "new"},
	}, u.IDs)
	require.Zero(t, l.state.Visitors())
}
