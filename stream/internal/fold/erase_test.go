package fold_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/stream/internal/fold"
	"github.com/footfall-go/footfall/tenant"
)

func TestEraseVisitor(t *testing.T) {
	t.Parallel()
	l := newLog(t, fold.Limits{})
	ev := l.event(footfall.Page, 0, "v", "u")
	first := l.put(0, ev, l.track(0, "w"))
	l.order(0, record.Order{Erase: &record.Erase{Name: "e", Visitors: []string{"v", "never seen"}}})
	u := l.flush()
	require.Equal(t, []footfall.Erasure{{
		Tenant: l.header.Tenant, Name: "e", IDs: []footfall.ID{l.visitor("v"), l.visitor("never seen")},
		Before: footfall.Position{Offset: 1}, Time: start,
	}}, u.Erasures)
	require.Len(t, u.Sessions, 1)
	require.Equal(t, l.visitor("w"), u.Sessions[0].Visitor)
	require.Empty(t, u.Links)
	for _, id := range u.IDs {
		require.NotEqual(t, l.visitor("v"), id.ID)
	}
	require.EqualValues(t, 2, u.Ledger[0].Stored, "the account does not forget")

	require.Empty(t, l.put(0, ev), "a late copy does not bring it back")
	again := l.put(0, l.event(footfall.Page, 0, "v", "u"))
	require.NotEqual(t, first[0].Session, again[0].Session)
	u = l.flush()
	require.Len(t, u.Links, 1)
	require.Len(t, u.IDs, 2)
}

// TestEraseUser erases a user whose visitor is not named: the visitor must link
// again when the user comes back, whatever it did in between.
func TestEraseUser(t *testing.T) {
	t.Parallel()
	for name, between := range map[string]func(l *log){
		"nothing":                func(*log) {},
		"without a user":         func(l *log) { l.put(minute, l.track(0, "v")) },
		"identified as another":  func(l *log) { l.put(minute, l.event(footfall.Identify, 0, "v", "other")) },
		"an hour of many events": func(l *log) { l.put(hour, l.track(0, "v"), l.track(0, "v")) },
		"erased twice": func(l *log) {
			l.order(minute, record.Order{Erase: &record.Erase{Users: []string{"u"}}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLog(t, fold.Limits{})
			session := l.put(0, l.event(footfall.Page, 0, "v", "u"), l.event(footfall.Track, 0, "", "u"))[0].Session
			l.order(0, record.Order{Erase: &record.Erase{Users: []string{"u"}}})
			between(l)
			l.flush()
			require.Equal(t, session, l.put(hour, l.event(footfall.Page, 0, "v", "u"))[0].Session, "the visitor's session goes on")
			u := l.flush()
			require.Len(t, u.Links, 1)
			require.Equal(t, l.user("u"), u.Links[0].User)
			require.Len(t, u.IDs, 1)
			l.put(hour, l.event(footfall.Identify, 0, "v", "u"), l.event(footfall.Identify, 0, "v", "u"))
			require.Empty(t, l.flush().Links, "once")
			l.put(hour, l.event(footfall.Track, 0, "", "u"))
			require.Len(t, l.flush().IDs, 1, "the user's own visitor was erased too")
		})
	}
}

func TestEraseTenant(t *testing.T) {
	t.Parallel()
	l := newLog(t, fold.Limits{})
	shop := l.header.Tenant
	news, err := tenant.ParseID("news")
	require.NoError(t, err)
	ev := l.event(footfall.Page, 0, "v", "u")
	before := l.put(0, ev)
	l.header.Tenant = news
	l.put(0, ev)
	l.header.Tenant = shop
	l.order(0, record.Order{Erase: &record.Erase{Name: "all", All: true}})
	u := l.flush()
	require.Equal(t, []footfall.Erasure{{Tenant: shop, Name: "all", Before: footfall.Position{Offset: 2}, Time: start}}, u.Erasures)
	require.Len(t, u.Sessions, 1)
	require.Equal(t, news, u.Sessions[0].Tenant)
	require.Len(t, u.Links, 1)
	require.Len(t, u.IDs, 2)
	require.Len(t, u.Ledger, 1)
	require.Equal(t, news, u.Ledger[0].Tenant, "the account of the minute goes too")

	require.Empty(t, l.put(0, ev))
	after := l.put(0, l.event(footfall.Page, 0, "v", "u"))
	require.NotEqual(t, before[0].Session, after[0].Session)
	u = l.flush()
	require.Len(t, u.Links, 1)
	require.Len(t, u.IDs, 2)
	require.EqualValues(t, 1, u.Ledger[0].Stored, "what came after")
	require.EqualValues(t, 1, u.Ledger[0].Duplicate)
	totals := l.state.Totals()[0]
	require.EqualValues(t, 1, totals.Stored, "what came after here as well")
	require.EqualValues(t, 1, totals.Duplicate)
	require.EqualValues(t, 3, totals.Accepted(), "whoever counts the log counts on")
}

// TestEraseTenantBeforeQuarantine has the store refuse an event that was folded
// before its tenant was dropped: it counts nowhere any more.
func TestEraseTenantBeforeQuarantine(t *testing.T) {
	t.Parallel()
	l := newLog(t, fold.Limits{})
	early := l.put(0, l.track(0, "v"))
	l.order(0, record.Order{Erase: &record.Erase{Name: "all", All: true}})
	late := l.put(0, l.track(0, "v"))
	l.account() // through a snapshot
	l.state.Quarantine(&early[0], start)
	require.Equal(t, fold.Totals{Tenant: l.header.Tenant, Stored: 1, Dropped: 1, Since: 2}, l.account())
	l.state.Quarantine(&late[0], start)
	require.Equal(t, fold.Totals{Tenant: l.header.Tenant, Quarantined: 1, Dropped: 1, Since: 2}, l.account())
}

// TestEraseIDs names whom to erase by ids alone, visitors and users alike.
func TestEraseIDs(t *testing.T) {
	t.Parallel()
	l := newLog(t, fold.Limits{})
	session := l.put(0, l.event(footfall.Page, 0, "v", "u"))[0].Session
	other := l.put(0, l.event(footfall.Page, 0, "w", "u"))[0].Session
	ids := []footfall.ID{l.visitor("v"), l.user("u")}
	l.order(0, record.Order{Erase: &record.Erase{Name: "e", IDs: ids}})
	u := l.flush()
	require.Equal(t, ids, u.Erasures[0].IDs)
	require.Empty(t, u.Links)
	require.NotEqual(t, session, l.put(minute, l.event(footfall.Page, 0, "v", "u"))[0].Session)
	require.Equal(t, other, l.put(minute, l.event(footfall.Page, 0, "w", "u"))[0].Session)
	require.Len(t, l.flush().Links, 2, "both link again")
}

// TestEraseNobody guards against the worst reading of an order: an erasure
// without ids means every row of the tenant.
func TestEraseNobody(t *testing.T) {
	t.Parallel()
	l := newLog(t, fold.Limits{})
	session := l.put(0, l.track(0, "v"))[0].Session
	l.order(0, record.Order{Erase: &record.Erase{Name: "e"}})
	require.Empty(t, l.flush().Erasures)
	require.Equal(t, session, l.put(0, l.track(0, "v"))[0].Session)
}
