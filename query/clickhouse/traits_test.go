package clickhouse_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/query"
)

// trait is something said as a test writes it.
type trait struct {
	of         string // "visitor:…", "user:…" or "group:TYPE:ID"
	kind       footfall.TraitKind
	key, value string
	at         int64 // milliseconds
	message    string
	partition  uint16
}

// say stores traits.
func (w *world) say(traits ...trait) {
	w.tb.Helper()
	up := &footfall.Upserts{}
	for _, t := range traits {
		if t.kind == 0 {
			t.kind = footfall.TraitSet
		}
		up.Traits = append(up.Traits, footfall.Trait{
			Tenant: w.tenant.ID, Silo: w.tenant.Silo(), ID: w.saidOf(t.of), Kind: t.kind, Key: t.key, Value: t.value,
			Time: footfall.Millis(t.at), MessageID: t.message, Position: footfall.Position{Partition: t.partition, Offset: *w.offset},
		})
		*w.offset++
	}
	w.upsert(up)
}

func (w *world) saidOf(of string) footfall.ID {
	if group, ok := strings.CutPrefix(of, "group:"); ok {
		kind, id, _ := strings.Cut(group, ":")
		return schema.GroupID(w.tenant.ID, kind, id)
	}
	return w.id(of)
}

// member is the trait that says which group of a type somebody is in.
func member(of, groupType, id string, at int64) trait {
	value, _ := json.Marshal(id)
	return trait{of: of, kind: footfall.TraitMember, key: groupType, value: string(value), at: at}
}

// TestFiltersOfTraits asks of traits what TestFilters asks of properties, and
// expects the same.
func TestFiltersOfTraits(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		scope string
		say   func(w *world, i int, x string)
		own   bool
	}{
		"of a visitor": {"person", func(w *world, i int, x string) { w.say(trait{of: fmt.Sprint("visitor:v", i), key: "x", value: x}) }, false},
		"of the user a visitor is linked to": {"person", func(w *world, i int, x string) {
			w.edge(footfall.LinkUser, fmt.Sprint("visitor:v", i), fmt.Sprint("u", i))
			w.say(trait{of: fmt.Sprint("user:u", i), key: "x", value: x})
		}, false},
		"of a group that somebody is in": {"group.company", func(w *world, i int, x string) {
			w.say(member(fmt.Sprint("visitor:v", i), "company", fmt.Sprint("g", i), 1), trait{of: fmt.Sprint("group:company:g", i), key: "x", value: x})
		}, false},
		"of a group that an event names": {"group.company", func(w *world, i int, x string) {
			w.say(trait{of: fmt.Sprint("group:company:", i), key: "x", value: x})
			// An event's own group goes before that of its person.
			w.say(member(fmt.Sprint("visitor:v", i), "company", "other", 1), trait{of: "group:company:other", key: "x", value: "42"})
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			properties := make([]string, len(values))
			for i := range values {
				properties[i] = `{}`
				if test.own {
					properties[i] = fmt.Sprintf(`{"$groups":{"company":%d}}`, i)
				}
			}
			w.writeMasks(properties)
			for i, value := range values {
				var said struct{ X json.RawMessage }
				require.NoError(t, json.Unmarshal([]byte(value), &said))
				if said.X != nil && said.X[0] != '{' { // an object is one value here
					test.say(w, i, string(said.X))
				}
			}
			for _, c := range comparisons() {
				if filter := strings.ReplaceAll(c.filter, `"event.x"`, `"`+test.scope+`.x"`); !strings.Contains(filter, "event.x") {
					require.Equal(t, strconv.FormatInt(int64(c.want), 2), strconv.FormatInt(int64(w.mask(filter)), 2), filter)
				}
			}
		})
	}
}

// traitsOf returns the traits of each person of the year.
func (w *world) traitsOf() map[string]string {
	w.tb.Helper()
	all := map[string]string{}
	for _, p := range w.ask(`{"kind":"persons",` + wholeYear + `}`).Result.(*query.PersonsResult).Persons {
		text, err := json.Marshal(p.Traits)
		require.NoError(w.tb, err)
		all[p.ID] = string(text)
	}
	return all
}

func TestTraitsOfPersons(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.write(
		ev{at: "2024-03-01T10:00:00Z", name: "A", visitor: "phone"},
		ev{at: "2024-03-02T10:00:00Z", name: "A", visitor: "tablet"},
		ev{at: "2024-03-03T10:00:00Z", name: "A", user: "ann"},
	)
	w.say(
		trait{of: "user:ann", key: "plan", value: `"free"`, at: 5, message: "a"},
		trait{of: "user:ann", key: "plan", value: `"pro"`, at: 6, message: "a"},
		trait{of: "user:ann", key: "age", value: `42.0`, at: 5},
		trait{of: "user:ann", key: "address", value: ` {"city": "Bonn", "zip": [1, null]}`, at: 5},
		trait{of: "visitor:phone", key: "plan", value: `"trial"`, at: 7, message: "a"},
		trait{of: "visitor:phone", key: "seen", value: `true`, at: 1},
		trait{of: "visitor:tablet", key: "seen", value: `false`, at: 1},
		trait{of: "visitor:tablet", key: "age", value: `null`, at: 6},
		member("visitor:phone", "company", "acme", 1),
		trait{of: "group:company:acme", key: "size", value: `9`, at: 1},
	)
	require.Equal(t, map[string]string{
		"user:ann":       `{"address":{"city":"Bonn","zip":[1,null]},"age":42.0,"plan":"pro"}`,
		"visitor:phone":  `{"plan":"trial","seen":true}`,
		"visitor:tablet": `{"seen":false}`,
	}, w.traitsOf(), "only what was said of an id, and groups apart")

	w.edge(footfall.LinkUser, "visitor:phone", "ann")
	require.Equal(t, map[string]string{
		"user:ann":       `{"address":{"city":"Bonn","zip":[1,null]},"age":42.0,"plan":"trial","seen":true}`,
		"visitor:tablet": `{"seen":false}`,
	}, w.traitsOf(), "a late link: the newest over all ids")
	count := func(filter string) float64 { return w.count(filter) }
	require.InDelta(t, 2, count(`{"property":"person.plan","op":"eq","value":"trial"}`), 0)
	require.InDelta(t, 0, count(`{"property":"person.plan","op":"eq","value":"pro"}`), 0)
	require.InDelta(t, 2, count(`{"property":"group.company.size","op":"eq","value":9}`), 0)
	require.InDelta(t, 2, count(`{"property":"group.company.$id","op":"eq","value":"acme"}`), 0)
	require.InDelta(t, 0, count(`{"property":"group.team.$id","op":"is_set"}`), 0)

	w.edge(footfall.LinkAlias, "visitor:tablet", "ann")
	require.Equal(t, map[string]string{
		"user:ann": `{"address":{"city":"Bonn","zip":[1,null]},"plan":"trial","seen":true}`,
	}, w.traitsOf(), "what is null now is gone, and of equal times and messages the greater value counts")

	w.edge(footfall.UnlinkUser, "visitor:phone", "ann")
	require.Equal(t, map[string]string{
		"user:ann":      `{"address":{"city":"Bonn","zip":[1,null]},"plan":"pro","seen":false}`,
		"visitor:phone": `{"plan":"trial","seen":true}`,
	}, w.traitsOf(), "an unlink gives back")

	w.say(
		trait{of: "user:ann", kind: footfall.TraitOnce, key: "first", value: `2`, at: 9},
		trait{of: "visitor:tablet", kind: footfall.TraitOnce, key: "first", value: `1`, at: 3},
		trait{of: "user:ann", kind: footfall.TraitOnce, key: "plan", value: `"never"`, at: 1},
	)
	require.JSONEq(t, `{"address":{"city":"Bonn","zip":[1,null]},"first":1,"plan":"pro","seen":false}`, w.traitsOf()["user:ann"])
	require.InDelta(t, 2, count(`{"property":"person.first","op":"lt","value":2}`), 0)
	require.InDelta(t, 0, count(`{"property":"person.plan","op":"eq","value":"never"}`), 0)
}

func TestBreakdownByTraits(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.write(
		ev{at: "2024-03-01T10:00:00Z", name: "A", visitor: "phone", session: 1},
		ev{at: "2024-03-01T10:00:01Z", name: "A", visitor: "phone", session: 1, props: `{"$groups":{"company":"globex"}}`},
		ev{at: "2024-03-02T10:00:00Z", name: "A", visitor: "tablet", session: 2},
		ev{at: "2024-04-03T10:00:00Z", name: "A", user: "ann"},
		ev{at: "2024-04-03T10:00:00Z", name: "A", visitor: "ghost"},
	)
	w.edge(footfall.LinkUser, "visitor:phone", "ann")
	w.say(
		trait{of: "user:ann", key: "plan", value: `"pro"`}, trait{of: "visitor:tablet", key: "plan", value: `7`},
		member("user:ann", "company", "acme", 1), member("visitor:tablet", "company", "globex", 1),
		trait{of: "group:company:acme", key: "size", value: `10`}, trait{of: "group:company:globex", key: "size", value: `20`},
	)
	lines := func(property, measure, interval string) string {
		text := ""
		for _, line := range points(w.ask(fmt.Sprintf(`{"kind":"trend","interval":%q,%s,"breakdown":{"property":%q},"series":[{"event":"A","measure":%q}]}`, interval, wholeYear, property, measure))) {
			label := "-"
			if line.Breakdown != nil {
				label = *line.Breakdown
			}
			text += fmt.Sprintf("%s %v ", label, *line.Total)
		}
		return text
	}
	for _, interval := range []string{"total", "month"} {
		require.Equal(t, "pro 3 7 1 - 1 ", lines("person.plan", "events", interval))
		require.Equal(t, "7 1 pro 1 - 1 ", lines("person.plan", "persons", interval))
		require.Equal(t, "7 1 pro 1 - 0 ", lines("person.plan", "sessions", interval))
		require.Equal(t, "pro 3 7 1 - 1 ", lines("person.plan", "per_person", interval))
		require.Equal(t, "10 2 20 2 - 1 ", lines("group.company.size", "events", interval))
		require.Equal(t, "20 2 10 1 - 1 ", lines("group.company.size", "persons", interval))
		require.Equal(t, "acme 2 globex 2 - 1 ", lines("group.company.$id", "events", interval))
		require.Equal(t, "- 5 ", lines("group.team.$id", "events", interval))
	}
	sessions := w.ask(`{"kind":"sessions",` + wholeYear + `,"filter":{"property":"person.plan","op":"eq","value":7}}`)
	require.NotNil(t, sessions)
	events := w.ask(`{"kind":"events",` + wholeYear + `,"filter":{"property":"group.company.$id","op":"eq","value":"globex"}}`).Result.(*query.EventsResult)
	require.Len(t, events.Events, 2)
	persons := w.ask(`{"kind":"persons",` + wholeYear + `,"filter":{"property":"person.plan","op":"is_not_set"}}`).Result.(*query.PersonsResult)
	require.Len(t, persons.Persons, 1)
	require.Equal(t, "visitor:ghost", persons.Persons[0].ID)
}

// TestManyConditionsOnTraits has as many as a question may have, each on a trait
// of its own, where all sorts of edges make them long.
func TestManyConditionsOnTraits(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.write(ev{at: "2024-03-01T10:00:00Z", name: "A", visitor: "phone"})
	w.edge(footfall.LinkUser, "visitor:phone", "ann")
	w.edge(footfall.UnlinkUser, "visitor:phone", "ann")
	w.edge(footfall.LinkUser, "visitor:phone", "ann")
	w.edge(footfall.LinkAlias, "user:ann", "bob")
	w.edge(footfall.LinkAlias, "user:bob", "eve")
	var filters []string
	for i := range 20 {
		w.say(trait{of: "user:ann", key: fmt.Sprint("k", i), value: `1`})
		filters = append(filters, fmt.Sprintf(`{"property":"person.k%d","op":"eq","value":1}`, i))
	}
	require.InDelta(t, 1, w.count(`{"and":[`+strings.Join(filters, ",")+`]}`), 0)
}
