package storetest

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

func session(tb testing.TB, number int64, version uint64) footfall.Session {
	tb.Helper()
	id := shop(tb)
	return footfall.Session{
		Tenant: id, Visitor: schema.VisitorID(id, "visitor"), Session: uint64(number), Opened: start,
		Start: start - 5, Last: start + footfall.Millis(version), Events: uint32(version), Views: 1, KeyEvent: version%2 == 0, Version: version,
	}
}

// requireSame compares lists whose order is of no concern.
func requireSame[T any](t *testing.T, want []T, read func(context.Context) ([]T, error)) {
	t.Helper()
	got, err := read(t.Context())
	require.NoError(t, err)
	require.ElementsMatch(t, want, got)
}

func testVersions(t *testing.T, s *subject) {
	ledger := footfall.LedgerRow{Tenant: shop(t), Minute: start, Epoch: 1, Partition: 3, Stored: 5, Duplicate: 1, Version: 5}
	older, newer := ledger, ledger
	older.Version, older.Stored = 4, 4
	newer.Version, newer.Stored, newer.Quarantined = 9, 8, 2
	row := footfall.Rejected{Tenant: shop(t), Position: position(1, 3, 8), Time: start, Reason: "out of range", Payload: `{"event":"x"}`}
	replayed := row
	replayed.Reason, replayed.Payload, replayed.Version = "replayed", "", footfall.Version(1, 20)
	first := &footfall.Upserts{
		Sessions: []footfall.Session{session(t, 1, 5), session(t, 2, 5)}, Ledger: []footfall.LedgerRow{ledger},
		Rejected: []footfall.Rejected{row},
	}
	s.upsert(t, first)
	s.upsert(t, first)
	requireSame(t, first.Sessions, s.Sessions)
	requireSame(t, first.Ledger, s.Ledger)
	s.upsert(t, &footfall.Upserts{Sessions: []footfall.Session{session(t, 1, 4)}, Ledger: []footfall.LedgerRow{older}})
	requireSame(t, first.Sessions, s.Sessions)
	requireSame(t, first.Ledger, s.Ledger)
	// Several versions of a row in one call, the newest not last.
	s.upsert(t, &footfall.Upserts{
		Sessions: []footfall.Session{session(t, 2, 6), session(t, 2, 8), session(t, 2, 7)},
		Ledger:   []footfall.LedgerRow{newer, older},
		Rejected: []footfall.Rejected{replayed, row},
	})
	s.upsert(t, first)
	require.NoError(t, s.Settle(t.Context()))
	requireSame(t, []footfall.Session{session(t, 1, 5), session(t, 2, 8)}, s.Sessions)
	requireSame(t, []footfall.LedgerRow{newer}, s.Ledger)
	requireSame(t, []footfall.Rejected{replayed}, s.Rejected)
	// Its place is still known, and an erasure has nothing to take from it.
	s.upsert(t, &footfall.Upserts{Erasures: []footfall.Erasure{{Tenant: shop(t), Name: "all", Before: position(1, 3, 30), Time: start}}})
	requireSame(t, []footfall.Rejected{replayed}, s.Rejected)
	gone, err := s.Disposed(t.Context(), 1, 3, 0)
	require.NoError(t, err)
	require.Equal(t, []footfall.Coordinate{{Offset: 8}}, gone.Rejected)
}

func testAppendOnly(t *testing.T, s *subject) {
	id := shop(t)
	visitor, user := schema.VisitorID(id, "v"), schema.UserID(id, "u")
	u := &footfall.Upserts{
		Links: []footfall.Link{
			{Tenant: id, Kind: footfall.LinkUser, From: visitor, User: user, Time: start, Position: position(1, 3, 5)},
			{Tenant: id, Kind: footfall.UnlinkUser, From: visitor, User: user, Time: start + 1, Position: position(1, 3, 6)},
			{Tenant: id, Kind: footfall.LinkUser, From: visitor, User: user, Time: start + 2, Position: position(1, 3, 7)},
			{Tenant: id, Kind: footfall.LinkAlias, From: visitor, User: user, Time: start + 2, Position: position(1, 3, 7)},
			{Tenant: id, Kind: footfall.LinkUser, From: visitor, User: user, Time: start + 2, Position: position(1, 4, 7)},
			{Tenant: id, Silo: "shop", Kind: footfall.LinkUser, From: user, User: user, Time: start + 2, Position: position(2, 3, 1)},
		},
		IDs: []footfall.IDText{
			{Tenant: id, ID: visitor, Kind: footfall.KindVisitor, Text: "v"},
			{Tenant: id, ID: user, Kind: footfall.KindUser, Text: "u"},
		},
		Rejected: []footfall.Rejected{
			{Tenant: id, Position: position(1, 3, 8), Time: start, Reason: "out of range", Payload: `{"event":"x"}`},
			{Tenant: id, Silo: "shop", Position: position(1, 4, 8), Time: start, Reason: "out of range", Payload: `{"event":"y"}`},
		},
	}
	for range 3 {
		s.upsert(t, u)
	}
	require.NoError(t, s.Settle(t.Context()))
	requireSame(t, u.Links, s.Links)
	requireSame(t, u.IDs, s.IDs)
	requireSame(t, u.Rejected, s.Rejected)
}

func position(epoch, partition uint16, offset int64) footfall.Position {
	return footfall.Position{Epoch: epoch, Partition: partition, Offset: offset}
}

func testErasure(t *testing.T, s *subject) {
	id := shop(t)
	b := batch(t, 0, 40) // visitor-0 … visitor-6 in turn
	user := schema.UserID(id, "u")
	b.Events[2].User = user                       // of visitor-1, who is not erased
	b.Events[6].User = schema.UserID(id, "guest") // on the device of visitor-3, who is
	s.insert(t, b, 0)
	erased, other := schema.VisitorID(id, "visitor-3"), schema.VisitorID(id, "visitor-4")
	u := &footfall.Upserts{
		Sessions: []footfall.Session{sessionOf(t, erased, 10), sessionOf(t, erased, 30), sessionOf(t, other, 10)},
		Links: []footfall.Link{
			{Tenant: id, Kind: footfall.LinkUser, From: erased, User: other, Time: start, Position: position(1, 3, 10)},
			{Tenant: id, Kind: footfall.LinkUser, From: other, User: user, Time: start, Position: position(1, 3, 11)},
			{Tenant: id, Kind: footfall.LinkUser, From: other, User: other, Time: start, Position: position(1, 3, 11)},
			{Tenant: id, Kind: footfall.LinkUser, From: erased, User: other, Time: start, Position: position(1, 3, 30)},
		},
		IDs: []footfall.IDText{
			{Tenant: id, ID: erased, Kind: footfall.KindVisitor, Text: "visitor-3"}, {Tenant: id, ID: other, Kind: footfall.KindVisitor, Text: "visitor-4"},
		},
		// A quarantined event has its ids in its payload, as a sender writes them.
		Rejected: []footfall.Rejected{
			{Tenant: id, Position: position(1, 3, 10), Time: start, Payload: `{"event":"a","anonymousId":"visitor-3"}`},
			{Tenant: id, Position: position(1, 3, 11), Time: start, Payload: `{"event":"b","anonymousId":"visitor-4","userId":"u"}`},
			{Tenant: id, Position: position(1, 3, 12), Time: start, Payload: `{"previousId":"visitor-3","userId":"v"}`},
			{Tenant: id, Position: position(1, 3, 13), Time: start, Payload: `{"event":"a","anonymousId":"visitor-4"}`},
			{Tenant: id, Position: position(1, 3, 14), Time: start, Payload: `no JSON`},
			{Tenant: id, Position: position(1, 3, 30), Time: start, Payload: `{"event":"a","anonymousId":"visitor-3"}`},
		},
	}
	s.upsert(t, u)
	erasure := footfall.Erasure{Tenant: id, Name: "request-1", IDs: []footfall.ID{erased, user}, Before: position(1, 3, 24), Time: start}
	// What stands beside an erasure in one call came after it.
	again := u.IDs[:1]
	s.upsert(t, &footfall.Upserts{Erasures: []footfall.Erasure{erasure}, IDs: again})
	want := slices.DeleteFunc(slices.Clone(b.Events), func(e footfall.Event) bool {
		return e.Position.Offset < 24 && (e.Visitor == erased && e.User.IsZero() || e.User == user)
	})
	require.Len(t, want, 80-2*3-1+1)
	for range 2 { // and a second time, as after a crash
		s.requireEvents(t, want)
		s.requirePresent(t, 0, 40, want)
		requireSame(t, u.Sessions[1:], s.Sessions)
		requireSame(t, u.Links[2:], s.Links)
		requireSame(t, u.IDs, s.IDs)
		kept := slices.Clone(u.Rejected)
		for i := range kept[:3] {
			kept[i].Payload, kept[i].Reason = "", "erased"
		}
		requireSame(t, kept, s.Rejected)
		requireSame(t, []footfall.Erasure{erasure}, s.Erasures)
		s.upsert(t, &footfall.Upserts{Erasures: []footfall.Erasure{erasure}, IDs: again})
	}
}

func sessionOf(tb testing.TB, visitor footfall.ID, offset int64) footfall.Session {
	tb.Helper()
	s := session(tb, offset, footfall.Version(1, offset))
	s.Visitor, s.Last, s.Events = visitor, start+1, 2
	return s
}

func testErasureTenant(t *testing.T, s *subject) {
	id, bystander := shop(t), parse(t, "bystander")
	b := batch(t, 0, 20)
	for i := range b.Events {
		if i%2 == 1 {
			b.Events[i].Tenant = bystander
		}
	}
	elsewhere := batch(t, 0, 2)
	elsewhere.Partition = 4
	for i := range elsewhere.Events {
		elsewhere.Events[i].Position.Partition = 4
		elsewhere.Events[i].MessageID += "-4"
		elsewhere.Events[i].Session = 1000
	}
	old := batch(t, 100, 102)
	old.Epoch = 0
	for i := range old.Events {
		old.Events[i].Position.Epoch = 0
		old.Events[i].MessageID += "-0"
	}
	for _, b := range []*footfall.Batch{b, elsewhere, old} {
		s.insert(t, b, 0)
	}
	kept := sessionOf(t, elsewhere.Events[0].Visitor, 1)
	kept.Session = 1000
	ledger := func(who tenant.ID, partition uint16, offset int64) footfall.LedgerRow {
		return footfall.LedgerRow{Tenant: who, Minute: start, Epoch: 1, Partition: partition, Stored: 1, Version: uint64(offset+1) << 16}
	}
	rows := []footfall.LedgerRow{ledger(id, 3, 9), ledger(id, 4, 9), ledger(bystander, 3, 9)}
	s.upsert(t, &footfall.Upserts{Sessions: []footfall.Session{sessionOf(t, b.Events[0].Visitor, 3)}, Ledger: []footfall.LedgerRow{rows[0], rows[2]}})
	s.upsert(t, &footfall.Upserts{Partition: 4, Sessions: []footfall.Session{kept}, Ledger: rows[1:2]})
	erasure := footfall.Erasure{Tenant: id, Name: "all", Before: position(1, 3, 10), Time: start}
	s.upsert(t, &footfall.Upserts{Erasures: []footfall.Erasure{erasure}})
	want := slices.DeleteFunc(append(slices.Clone(b.Events), elsewhere.Events...), func(e footfall.Event) bool {
		return e.Tenant == id && e.Position.Partition == 3 && e.Position.Offset < 10
	})
	s.requireEvents(t, want)
	requireSame(t, []footfall.Session{kept}, s.Sessions)
	requireSame(t, rows[1:], s.Ledger)
}

// testErasureSilo erases a tenant that has partitions of its own, and once
// more when it has begun anew, as a replay does.
func testErasureSilo(t *testing.T, s *subject) {
	id := shop(t)
	mine, theirs := batch(t, 0, 40), batch(t, 40, 42)
	for i := range mine.Events {
		e := &mine.Events[i]
		e.Silo, e.Time = "shop", footfall.MillisOf(start.Time().AddDate(0, -int(e.Position.Offset%5), 0))
	}
	for i := range theirs.Events {
		theirs.Events[i].Tenant = parse(t, "shop-2")
		theirs.Events[i].Silo = "shop-2"
	}
	visitor := mine.Events[0].Visitor
	mineToo := sessionOf(t, visitor, 3)
	mineToo.Silo = "shop"
	other := sessionOf(t, visitor, 40)
	other.Tenant, other.Silo = theirs.Events[0].Tenant, "shop-2"
	s.insert(t, mine, 0)
	s.insert(t, theirs, 0)
	text := footfall.IDText{Tenant: id, Silo: "shop", ID: visitor, Kind: footfall.KindVisitor, Text: "v"}
	s.upsert(t, &footfall.Upserts{Sessions: []footfall.Session{mineToo, other}, IDs: []footfall.IDText{text}})
	erasure := footfall.Erasure{Tenant: id, Silo: "shop", Name: "all", Before: position(1, 3, 50), Time: start}
	s.upsert(t, &footfall.Upserts{Erasures: []footfall.Erasure{erasure}})
	s.requireEvents(t, theirs.Events)
	s.requirePresent(t, 0, 40, nil)
	requireSame(t, []footfall.Session{other}, s.Sessions)
	requireSame(t, nil, s.IDs)
	requireSame(t, []footfall.Erasure{erasure}, s.Erasures)

	anew := batch(t, 60, 62)
	for i := range anew.Events {
		anew.Events[i].Silo = "shop"
	}
	s.insert(t, anew, 0)
	s.upsert(t, &footfall.Upserts{Erasures: []footfall.Erasure{erasure}})
	s.requireEvents(t, append(slices.Clone(theirs.Events), anew.Events...))
}

func testDisposed(t *testing.T, s *subject) {
	id := shop(t)
	u := &footfall.Upserts{Erasures: []footfall.Erasure{
		{Tenant: id, Name: "a", IDs: []footfall.ID{{1}, {2}}, Before: position(1, 3, 5), Time: start},
		{Tenant: id, Silo: "shop", Name: "b", Before: position(1, 3, 10), Time: start},
		{Tenant: id, Name: "c", IDs: []footfall.ID{{1}}, Before: position(1, 4, 20), Time: start},
	}}
	for _, p := range []footfall.Position{position(1, 3, 4), position(1, 3, 5), position(1, 3, 9), position(2, 3, 9), position(1, 4, 9)} {
		u.Rejected = append(u.Rejected, footfall.Rejected{Tenant: id, Position: p, Time: start, Reason: "r", Payload: "{}"})
	}
	for range 2 {
		s.upsert(t, u)
		got, err := s.Disposed(t.Context(), 1, 3, 5)
		require.NoError(t, err)
		require.ElementsMatch(t, []footfall.Coordinate{{Offset: 5}, {Offset: 9}}, got.Rejected)
		require.ElementsMatch(t, u.Erasures[:2], got.Erasures)
		got, err = s.Disposed(t.Context(), 1, 3, 6)
		require.NoError(t, err)
		require.ElementsMatch(t, []footfall.Coordinate{{Offset: 9}}, got.Rejected)
		require.ElementsMatch(t, u.Erasures[1:2], got.Erasures)
		got, err = s.Disposed(t.Context(), 1, 3, 11)
		require.NoError(t, err)
		require.Empty(t, got.Rejected)
		require.Empty(t, got.Erasures)
	}
}
