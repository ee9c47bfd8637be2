package fold_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/stream/internal/fold"
)

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
