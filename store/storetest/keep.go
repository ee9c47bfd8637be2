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

// Keeper is what a store can do beside the seam: what package keep asks of it.
type Keeper interface {
	footfall.Store
	Define(ctx context.Context, d ...footfall.Definition) error
	Defined(ctx context.Context, kind string) ([]footfall.Definition, error)
	DefinedBy(ctx context.Context, id tenant.ID, kind string) ([]footfall.Definition, error)
	Freeze(ctx context.Context, m ...footfall.Member) error
	Thaw(ctx context.Context, id tenant.ID, segment string, before uint64) error
	Count(ctx context.Context, e *footfall.Erasure) (map[string]uint64, error)
	Partitions(ctx context.Context, id tenant.ID, ids []footfall.ID) ([]uint16, error)
	Edges(ctx context.Context, id tenant.ID, ids []footfall.ID) ([]footfall.Link, error)
	CarriedOut(ctx context.Context, id tenant.ID, name string) ([]footfall.Position, error)
	Expire(ctx context.Context, x *footfall.Expiry) (map[string]uint64, error)
	Purge(ctx context.Context) ([]string, error)
}

// RunKeeper checks the stores that open returns, as [Run] does, for the methods
// of [Keeper].
func RunKeeper(t *testing.T, open func(tb testing.TB) (Keeper, Reader)) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, s *kept)
	}{
		{"definitions", testDefinitions},
		{"members of segments", testMembers},
		{"rows are counted and their partitions known", testCount},
		{"edges", testEdges},
		{"expiry", testExpiry},
		{"expiry of a tenant with partitions of its own", testExpirySilo},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, r := open(t)
			test.run(t, &kept{Keeper: s, subject: subject{s, r}})
		})
	}
}

// kept is a store under test with both its sides.
type kept struct {
	Keeper
	subject
}

func testDefinitions(t *testing.T, s *kept) {
	id, other := shop(t), parse(t, "other")
	first := footfall.Definition{Tenant: id, Kind: "segment", ID: "a'b", Body: `{"x":"'"}`, Version: 1}
	newer, older := first, first
	newer.Body, newer.Version = `{"y":1}`, 7
	older.Version, older.Body = 3, "{}"
	theirs := footfall.Definition{Tenant: other, Kind: "segment", ID: "a'b", Body: "{}", Version: 2}
	require.NoError(t, s.Define(t.Context(), first, theirs))
	require.NoError(t, s.Define(t.Context(), newer))
	require.NoError(t, s.Define(t.Context(), older))
	got, err := s.Defined(t.Context(), "segment")
	require.NoError(t, err)
	require.Equal(t, []footfall.Definition{theirs, newer}, got)
	got, err = s.DefinedBy(t.Context(), id, "segment")
	require.NoError(t, err)
	require.Equal(t, []footfall.Definition{newer}, got)
	got, err = s.Defined(t.Context(), schema.KindErasure)
	require.NoError(t, err)
	require.Empty(t, got)

	// They go with their tenant, all but its erasures, and only the first time.
	request := footfall.Definition{Tenant: id, Kind: schema.KindErasure, ID: "e", Body: "{}", Version: 1}
	require.NoError(t, s.Define(t.Context(), request))
	erasure := footfall.Erasure{Tenant: id, Name: "e", Before: position(1, 3, 5), Time: start}
	s.upsert(t, &footfall.Upserts{Erasures: []footfall.Erasure{erasure}})
	anew := newer
	anew.Version = 9
	require.NoError(t, s.Define(t.Context(), anew))
	s.upsert(t, &footfall.Upserts{Erasures: []footfall.Erasure{erasure}})
	got, err = s.Defined(t.Context(), "segment")
	require.NoError(t, err)
	require.Equal(t, []footfall.Definition{theirs, anew}, got)
	got, err = s.Defined(t.Context(), schema.KindErasure)
	require.NoError(t, err)
	require.Equal(t, []footfall.Definition{request}, got)
	anew.Deleted, anew.Version = true, 10
	require.NoError(t, s.Define(t.Context(), anew))
	got, err = s.Defined(t.Context(), "segment")
	require.NoError(t, err)
	require.Equal(t, []footfall.Definition{theirs}, got)
	done, err := s.CarriedOut(t.Context(), id, "e")
	require.NoError(t, err)
	require.Equal(t, []footfall.Position{position(1, 3, 5)}, done)
	done, err = s.CarriedOut(t.Context(), other, "e")
	require.NoError(t, err)
	require.Empty(t, done)
}

func testCount(t *testing.T, s *kept) {
	id := shop(t)
	b := batch(t, 0, 14) // visitor-0 … visitor-6 in turn, two events each time
	user := schema.UserID(id, "u")
	b.Events[0].User = user // of visitor-0
	s.insert(t, b, 0)
	elsewhere := batch(t, 0, 1)
	elsewhere.Partition = 9
	for i := range elsewhere.Events {
		e := &elsewhere.Events[i]
		e.Position.Partition, e.User, e.Visitor = 9, user, schema.VisitorID(id, "away")
	}
	s.insert(t, elsewhere, 0)
	zero := schema.VisitorID(id, "visitor-0")
	s.upsert(t, &footfall.Upserts{
		// In the first another took part, who stays.
		Sessions: []footfall.Session{sessionOf(t, zero, 1), sessionOf(t, zero, 8)},
		Links:    []footfall.Link{{Tenant: id, Kind: footfall.LinkUser, From: zero, User: user, Time: start, Position: position(1, 3, 0)}},
		IDs:      []footfall.IDText{{Tenant: id, ID: zero, Kind: footfall.KindVisitor, Text: "visitor-0"}, {Tenant: id, ID: user, Kind: footfall.KindUser, Text: "u"}},
		Rejected: []footfall.Rejected{{Tenant: id, Position: position(1, 4, 1), Time: start, Payload: `{"anonymousId":"visitor-0"}`}},
		Ledger:   []footfall.LedgerRow{{Tenant: id, Minute: start, Epoch: 1, Partition: 3, Stored: 28, Version: 15 << 16}},
	})
	one := &footfall.Erasure{Tenant: id, IDs: []footfall.ID{zero}}
	counts, err := s.Count(t.Context(), one)
	require.NoError(t, err)
	requireCounts(t, map[string]uint64{schema.Events: 3, schema.Sessions: 1, schema.Identities: 1, schema.IDs: 1, schema.Rejected: 1}, counts)
	counts, err = s.Count(t.Context(), &footfall.Erasure{Tenant: id, IDs: []footfall.ID{zero, user}})
	require.NoError(t, err)
	requireCounts(t, map[string]uint64{schema.Events: 6, schema.Sessions: 2, schema.Identities: 1, schema.IDs: 2, schema.Rejected: 1}, counts)
	parts, err := s.Partitions(t.Context(), id, []footfall.ID{zero, user})
	require.NoError(t, err)
	require.Equal(t, []uint16{3, 4, 9}, parts)
	counts, err = s.Count(t.Context(), &footfall.Erasure{Tenant: id})
	require.NoError(t, err)
	requireCounts(t, map[string]uint64{
		schema.Events: 30, schema.Sessions: 2, schema.Identities: 1, schema.IDs: 2, schema.Rejected: 1, schema.Ledger: 1,
	}, counts)
	counts, err = s.Count(t.Context(), &footfall.Erasure{Tenant: parse(t, "other")})
	require.NoError(t, err)
	requireCounts(t, map[string]uint64{}, counts)
}

// requireCounts compares counts; what is not there is zero.
func requireCounts(t *testing.T, want, got map[string]uint64) {
	t.Helper()
	for table, n := range got {
		require.Equal(t, want[table], n, table)
	}
	for table, n := range want {
		require.Equal(t, n, got[table], table)
	}
}

func testEdges(t *testing.T, s *kept) {
	id := shop(t)
	v, w, u, x := schema.VisitorID(id, "v"), schema.VisitorID(id, "w"), schema.UserID(id, "u"), schema.UserID(id, "x")
	edge := func(kind footfall.LinkKind, from, to footfall.ID, offset int64) footfall.Link {
		return footfall.Link{Tenant: id, Kind: kind, From: from, User: to, Time: start, Position: position(1, 3, offset)}
	}
	links := []footfall.Link{
		edge(footfall.LinkUser, v, u, 1), edge(footfall.UnlinkUser, v, u, 2), edge(footfall.LinkAlias, u, x, 3), edge(footfall.LinkUser, w, x, 4),
	}
	s.upsert(t, &footfall.Upserts{Links: links})
	for _, c := range []struct{ ids, want []int }{{[]int{0}, []int{0, 1}}, {[]int{2}, []int{0, 1, 2}}, {[]int{3, 1}, []int{2, 3}}, {nil, nil}} {
		var ids []footfall.ID
		var want []footfall.Link
		for _, i := range c.ids {
			ids = append(ids, []footfall.ID{v, w, u, x}[i])
		}
		for _, i := range c.want {
			want = append(want, links[i])
		}
		got, err := s.Edges(t.Context(), id, ids)
		require.NoError(t, err)
		require.ElementsMatch(t, want, got)
	}
	got, err := s.Edges(t.Context(), parse(t, "other"), []footfall.ID{v})
	require.NoError(t, err)
	require.Empty(t, got)
}

const day = 24 * 60 * 60 * 1000

// aged returns events of as many days, the newest first, each of a visitor of
// its own, which came in at once.
func aged(t *testing.T, days int64) *footfall.Batch {
	t.Helper()
	b := &footfall.Batch{Epoch: 1, Partition: 3, To: days}
	for i := range days {
		e := event(t, i, 0)
		e.Time, e.Received = start-footfall.Millis(i*day), start-footfall.Millis(i*day)
		e.Visitor = schema.VisitorID(e.Tenant, e.MessageID)
		b.Events = append(b.Events, e)
	}
	return b
}

func testExpiry(t *testing.T, s *kept) {
	id, other := shop(t), parse(t, "other")
	b := aged(t, 10)
	late, theirs := &b.Events[8], &b.Events[9]
	late.Received = start // an import, an hour ago
	theirs.Tenant = other
	s.insert(t, b, 0)
	u := &footfall.Upserts{}
	for i := range b.Events {
		e := &b.Events[i]
		session := sessionOf(t, e.Visitor, e.Position.Offset)
		session.Tenant, session.Opened, session.Start, session.Last = e.Tenant, e.Time, e.Time, e.Time
		u.Sessions = append(u.Sessions, session)
		u.IDs = append(u.IDs, footfall.IDText{Tenant: e.Tenant, ID: e.Visitor, Kind: footfall.KindVisitor, Text: e.MessageID})
		u.Links = append(u.Links, footfall.Link{Tenant: e.Tenant, Kind: footfall.LinkUser, From: e.Visitor, User: schema.UserID(id, "u"), Time: start, Position: e.Position})
		require.NoError(t, s.Freeze(t.Context(), footfall.Member{Tenant: e.Tenant, Segment: "s", Version: 1, Person: e.Visitor}))
	}
	s.upsert(t, u)
	x := &footfall.Expiry{Tenant: id, Before: start - 4*day - 1, Received: start - 3*day}
	for round := range 2 {
		gone, err := s.Expire(t.Context(), x)
		require.NoError(t, err)
		if round == 0 { // five to eight days old, without the late one
			requireCounts(t, map[string]uint64{schema.Events: 3, schema.Sessions: 4, schema.IDs: 3, schema.Identities: 3, schema.Members: 3}, gone)
		} else {
			requireCounts(t, map[string]uint64{}, gone)
		}
		want := append(slices.Clone(b.Events[:5]), *late, *theirs)
		s.requireEvents(t, want)
		requireSame(t, append(slices.Clone(u.Sessions[:5]), u.Sessions[9]), s.Sessions)
		requireSame(t, append(slices.Clone(u.IDs[:5]), u.IDs[8:]...), s.IDs)
		requireSame(t, append(slices.Clone(u.Links[:5]), u.Links[8:]...), s.Links)
		d, err := s.Disposed(t.Context(), 1, 3, 0)
		require.NoError(t, err)
		require.Contains(t, d.Expired, *x)
	}
	_, err := s.Purge(t.Context())
	require.NoError(t, err)
	s.requireEvents(t, append(slices.Clone(b.Events[:5]), *late, *theirs))
}

func testExpirySilo(t *testing.T, s *kept) {
	b := aged(t, 130)
	for i := range b.Events {
		b.Events[i].Silo = "shop"
	}
	s.insert(t, b, 0)
	x := &footfall.Expiry{Tenant: shop(t), Silo: "shop", Before: start - 50*day - 1, Received: start - 3*day}
	gone, err := s.Expire(t.Context(), x)
	require.NoError(t, err)
	requireCounts(t, map[string]uint64{schema.Events: 79}, gone)
	s.requireEvents(t, b.Events[:51])
}
