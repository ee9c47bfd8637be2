package fold_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/stream/internal/fold"
)

// said makes an event that says something.
func (l *log) said(t footfall.Type, anonymous, user, traits, derived string) record.Event {
	ev := l.event(t, 0, anonymous, user)
	ev.Properties, ev.Derived = []byte(traits), []byte(derived)
	return ev
}

// traits returns the rows that flush writes, without what all of them share.
func (l *log) traits() (rows []footfall.Trait) {
	for _, t := range l.flush().Traits {
		require.Equal(l.tb, l.header.Tenant, t.Tenant)
		require.Equal(l.tb, start, t.Time)
		rows = append(rows, footfall.Trait{ID: t.ID, Kind: t.Kind, Key: t.Key, Value: t.Value, MessageID: t.MessageID, Position: t.Position})
	}
	return rows
}

func TestTraitsOfAnIdentify(t *testing.T) {
	t.Parallel()
	l := newLog(t, fold.Limits{})
	both := l.said(footfall.Identify, "v", "u", `{"plan":"pro","address":{"city":"Bonn"},"plan":"free"}`, "")
	again := both
	l.put(0,
		both, again,
		l.said(footfall.Identify, "v", "", `{"plan":null,"$set_once":{"first":1,"none":null}}`, ""),
		l.said(footfall.Identify, "", "u", `{}`, ""),
		l.said(footfall.Track, "v", "u", `{"plan":"none"}`, ""),
		l.said(footfall.Identify, "", "u2", `{"$set_once":7}`, ""),
		l.said(footfall.Identify, "", "u3", `{"a":1,"b":2,"$set_once":{"c":3,"d":4}}`, `{"$unflattened":["b","$set_once.c"]}`),
	)
	at := func(i uint32) footfall.Position { return footfall.Position{Index: i} }
	require.Equal(t, []footfall.Trait{
		{ID: l.user("u"), Kind: footfall.TraitSet, Key: "plan", Value: `"free"`, MessageID: "m1", Position: at(0)},
		{ID: l.user("u"), Kind: footfall.TraitSet, Key: "address", Value: `{"city":"Bonn"}`, MessageID: "m1", Position: at(0)},
		{ID: l.visitor("v"), Kind: footfall.TraitSet, Key: "plan", Value: "null", MessageID: "m2", Position: at(2)},
		{ID: l.visitor("v"), Kind: footfall.TraitOnce, Key: "first", Value: "1", MessageID: "m2", Position: at(2)},
		{ID: l.user("u2"), Kind: footfall.TraitSet, Key: "$set_once", Value: "7", MessageID: "m5", Position: at(5)},
		{ID: l.user("u3"), Kind: footfall.TraitSet, Key: "a", Value: "1", MessageID: "m6", Position: at(6)},
		{ID: l.user("u3"), Kind: footfall.TraitOnce, Key: "d", Value: "4", MessageID: "m6", Position: at(6)},
	}, l.traits())
	l.put(minute, again)
	require.Empty(t, l.traits(), "a duplicate says nothing")
}

func TestTraitsOfAGroup(t *testing.T) {
	t.Parallel()
	l := newLog(t, fold.Limits{})
	group := func(kind, id string) footfall.ID { return schema.GroupID(l.header.Tenant, kind, id) }
	for _, test := range []struct{ traits, derived, kind string }{
		{`{"size":9}`, `{"$group_id":"a\"b"}`, "group"},
		{`{"groupType":"company","size":9}`, `{"$group_id":"a\"b"}`, "company"},
		{`{"groupType":"a.b","size":9}`, `{"$path":"/","$group_id":"a\"b"}`, "group"},
		{`{"groupType":7,"size":9}`, `{"$group_id":"a\"b"}`, "group"},
	} {
		l.put(0, l.said(footfall.Group, "v", "u", test.traits, test.derived))
		rows := l.traits()
		require.Equal(t, footfall.TraitMember, rows[0].Kind)
		require.Equal(t, l.user("u"), rows[0].ID)
		require.Equal(t, []string{test.kind, `"a\"b"`}, []string{rows[0].Key, rows[0].Value})
		size := rows[len(rows)-1]
		require.Equal(t, []string{"size", "9"}, []string{size.Key, size.Value})
		require.Equal(t, group(test.kind, `a"b`), size.ID)
		l.put(0, l.said(footfall.Group, "v", "", ``, test.derived))
		rows = l.traits()
		require.Len(t, rows, 1)
		require.Equal(t, footfall.TraitMember, rows[0].Kind)
		require.Equal(t, l.visitor("v"), rows[0].ID)
	}
	l.put(0, l.said(footfall.Group, "v", "u", `{"size":9}`, ``), l.said(footfall.Group, "v", "u", `{"size":9}`, `{"$group_id":""}`))
	require.Empty(t, l.traits(), "no group, nothing to say")
}

func TestErasureDropsTraits(t *testing.T) {
	t.Parallel()
	l := newLog(t, fold.Limits{})
	say := func() {
		l.put(0, l.said(footfall.Identify, "v", "", `{"a":1}`, ""), l.said(footfall.Identify, "", "u", `{"a":1}`, ""),
			l.said(footfall.Identify, "", "other", `{"a":1}`, ""), l.said(footfall.Group, "", "u", `{"a":1}`, `{"$group_id":"g"}`))
	}
	say()
	require.Equal(t, 5, l.state.Traits())
	l.order(0, record.Order{Erase: &record.Erase{Name: "e", Visitors: []string{"v"}, Users: []string{"u"}}})
	rows := l.traits()
	require.Len(t, rows, 2)
	require.Equal(t, l.user("other"), rows[0].ID)
	require.Equal(t, schema.GroupID(l.header.Tenant, "group", "g"), rows[1].ID, "what is said of a group is not its member's")
	say()
	l.order(0, record.Order{Erase: &record.Erase{Name: "e", All: true}})
	require.Empty(t, l.traits())
	require.Zero(t, l.state.Traits())
}
