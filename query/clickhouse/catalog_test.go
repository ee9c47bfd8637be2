package clickhouse_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/tenant"
)

func (w *world) catalog(q query.CatalogQuery) *query.Catalog {
	w.tb.Helper()
	catalog, err := w.engine.Catalog(w.tb.Context(), w.tenant, q)
	require.NoError(w.tb, err)
	return catalog
}

// listed renders a catalog: a line for each name.
func listed(c *query.Catalog) string {
	var text strings.Builder
	for _, e := range c.Events {
		fmt.Fprintf(&text, "%s %d %s %s\n", e.Name, e.Count, e.FirstSeen.Format(time.DateOnly), e.LastSeen.Format(time.DateOnly))
	}
	for _, p := range c.Properties {
		fmt.Fprintf(&text, "%s %v %d", p.Name, p.Types, p.Count)
		for _, v := range p.Top {
			fmt.Fprintf(&text, " %s:%d", v.Value, v.Count)
		}
		text.WriteByte('\n')
	}
	return text.String()
}

func TestCatalog(t *testing.T) {
	t.Parallel()
	w := setup(t)
	require.Equal(t, `{"events":[],"properties":[]}`, asJSON(t, w.catalog(query.CatalogQuery{})))
	w.write(
		ev{at: "2024-01-01T10:00:00Z", name: "Buy", visitor: "a", props: `{"price":10,"plan":"pro"}`},
		ev{at: "2024-01-03T10:00:00Z", name: "Buy", visitor: "b", props: `{"price":10,"plan":"free","long":"` + strings.Repeat("x", 300) + `"}`},
		ev{at: "2024-01-02T10:00:00Z", name: "Look", visitor: "b", props: `{"price":"10","plan":"pro"}`},
		ev{at: "2024-01-02T10:00:00Z", name: "$identify", typ: footfall.Identify, visitor: "b", props: `{"hidden":1}`},
		ev{at: "2024-01-02T10:00:00Z", name: "$group", typ: footfall.Group, visitor: "b", props: `{"$group_id":"acme"}`},
	)
	w.edge(footfall.LinkUser, "visitor:b", "ann")
	w.say(
		trait{of: "visitor:a", key: "age", value: "7"},
		trait{of: "visitor:b", key: "age", value: "8", at: 1},
		trait{of: "user:ann", key: "age", value: `"8"`, at: 2},
		trait{of: "user:ann", key: "gone", value: `null`},
		trait{of: "group:company:acme", key: "size", value: "100"},
		trait{of: "group:company:left", key: "size", value: "1"},
		trait{of: "group:team:red", key: "size", value: "5"},
		member("user:ann", "team", "red", 1),
		member("visitor:a", "company", "left", 1),
		member("visitor:a", "company", "acme", 2),
	)
	require.Equal(t, `Buy 2 2024-01-01 2024-01-03
$group 1 2024-01-02 2024-01-02
$identify 1 2024-01-02 2024-01-02
Look 1 2024-01-02 2024-01-02
event.plan [text] 3 pro:2 free:1
event.price [number text] 3 10:3
event.long [text] 1
person.age [number text] 2 7:1 8:1
group.company.size [number] 1 100:1
group.team.size [number] 1 5:1
`, listed(w.catalog(query.CatalogQuery{})))
	require.Equal(t, "Look 1 2024-01-02 2024-01-02\n", listed(w.catalog(query.CatalogQuery{Search: "loo"})))
	require.Equal(t, "event.plan [text] 3 pro:2 free:1\n", listed(w.catalog(query.CatalogQuery{Search: "PLAN"})))
	require.Equal(t, "event.price [number] 2 10:2\n", listed(w.catalog(query.CatalogQuery{Search: "pri", Event: "Buy"})))
	require.Equal(t, "Buy 2 2024-01-01 2024-01-03\nevent.plan [text] 3 pro:2 free:1\nperson.age [number text] 2 7:1 8:1\n", listed(w.catalog(query.CatalogQuery{Limit: 1})))

	other := w.of(t, newTenant(t, "other", tenant.Settings{}))
	other.write(ev{at: "2024-01-01T10:00:00Z", name: "Theirs", visitor: "a", props: `{"theirs":1}`})
	require.NotContains(t, listed(w.catalog(query.CatalogQuery{})), "heirs")
	require.Equal(t, "Theirs 1 2024-01-01 2024-01-01\nevent.theirs [number] 1 1:1\n", listed(other.catalog(query.CatalogQuery{})))

	_, err := w.engine.Catalog(t.Context(), w.tenant, query.CatalogQuery{Limit: 1001})
	require.ErrorContains(t, err, "limit")
}

// TestCatalogOfMixedNames has names that are text here, number there and both
// elsewhere, as numbers are that a Float64 cannot give back. Of few such names
// and of many the catalog says the same.
func TestCatalogOfMixedNames(t *testing.T) {
	t.Parallel()
	const big = "9007199254740993"
	many := map[string]json.Number{}
	for i := range 101 {
		many[fmt.Sprintf("k%03d", i)] = big
	}
	for name, others := range map[string]map[string]json.Number{
		"few": {"k000": big}, "many": many, "a long one": {"k000": big, strings.Repeat("k", 401): big},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			w.write(
				ev{at: "2024-01-01T10:00:00Z", name: "Buy", visitor: "a", props: `{"mix":` + big + `,"id":` + big + `,"plan":"pro"}`},
				ev{at: "2024-01-01T10:01:00Z", name: "Buy", visitor: "a", props: `{"mix":"7","id":` + big + `,"plan":"pro"}`},
				ev{at: "2024-01-01T10:02:00Z", name: "Buy", visitor: "a", props: `{"mix":7,"size":1,"either":"1"}`},
				ev{at: "2024-01-01T10:03:00Z", name: "Buy", visitor: "a", props: `{"mix":` + big + `,"either":1}`},
				ev{at: "2024-01-01T10:04:00Z", name: "Look", visitor: "a", props: `{"mix":1}`},
				ev{at: "2024-01-01T10:05:00Z", name: "Other", visitor: "a", props: asJSON(t, others)},
			)
			counted := func(q query.CatalogQuery) string {
				c := w.catalog(q)
				c.Events = nil
				for i := range c.Properties {
					c.Properties[i].Top = nil
				}
				return listed(c)
			}
			const first = "event.mix [number text] 5\nevent.either [number text] 2\nevent.id [number] 2\nevent.plan [text] 2\nevent.k000 [number] 1\n"
			require.Equal(t, first, counted(query.CatalogQuery{Limit: 5}))
			all := counted(query.CatalogQuery{Limit: 1000})
			require.Equal(t, len(others)+5, strings.Count(all, "\n"))
			require.True(t, strings.HasPrefix(all, first) && strings.HasSuffix(all, "event.size [number] 1\n"), all)
			require.Equal(t, "event.mix [number text] 4\n", counted(query.CatalogQuery{Search: "MI", Event: "Buy"}))
		})
	}
}

func TestCatalogOfStrangersNames(t *testing.T) {
	t.Parallel()
	w := setup(t)
	long := strings.Repeat("ä", 500)
	for i, name := range []string{`'"\`, "{p1:String}", "a.b", "Ünï", long} {
		props, err := json.Marshal(map[string]any{name: name})
		require.NoError(t, err)
		w.write(ev{at: "2024-01-01T10:00:00Z", name: name, visitor: "v", id: fmt.Sprint(i), props: string(props)})
		got := w.catalog(query.CatalogQuery{Search: strings.ToUpper(name), Event: name})
		require.Len(t, got.Events, 1, name)
		require.Len(t, got.Properties, 1, name)
		require.Equal(t, []string{name, "event." + name}, []string{got.Events[0].Name, got.Properties[0].Name})
		if name != long {
			require.Equal(t, []query.ValueCount{{Value: name, Count: 1}}, got.Properties[0].Top)
		}
	}
}

func asJSON(tb testing.TB, v any) string {
	tb.Helper()
	b, err := json.Marshal(v)
	require.NoError(tb, err)
	return string(b)
}
