package clickhouse_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/tenant"
)

const january = `"range":{"from":"2024-01-01","to":"2024-02-01"}`

// levels writes the groups of a funnel on one line each: value, counts, and the
// counts of its buckets.
func levels(a *query.Answer) (text string) {
	for i, group := range a.Result.(*query.FunnelResult).Groups {
		if i > 0 {
			text += "; "
		}
		if group.Breakdown != nil {
			text += *group.Breakdown + ": "
		}
		for j, step := range group.Steps {
			if j > 0 {
				text += " "
			}
			text += fmt.Sprint(step.Count)
		}
		for _, bucket := range group.Trend {
			text += " " + fmt.Sprint(bucket.Counts)
		}
	}
	return text
}

// abc asks for a funnel of the steps A, B and C.
func (w *world) abc(rest string) string {
	w.tb.Helper()
	return levels(w.ask(`{"kind":"funnel",` + january + `,"steps":[{"event":"A"},{"event":"B"},{"event":"C"}]` + rest + `}`))
}

// journey writes what somebody did, a minute each: "A . B", where a dot is an
// hour in which nothing happens.
func journey(visitor, start string, names string, more ev) (events []ev) {
	at, _ := time.Parse(time.RFC3339, start)
	for name := range strings.FieldsSeq(names) {
		if name == "." {
			at = at.Add(time.Hour)
			continue
		}
		e := more
		e.at, e.name, e.visitor = at.Format(time.RFC3339Nano), name, visitor
		events = append(events, e)
		at = at.Add(time.Minute)
	}
	return events
}

func TestFunnelResult(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.write(journey("a", "2024-01-01T00:00:00Z", "A B", ev{})...)
	w.write(journey("b", "2024-01-02T00:00:00Z", "A . B", ev{})...)
	w.write(journey("c", "2024-01-09T00:00:00Z", "A", ev{})...)
	require.JSONEq(t, `{"groups":[{"breakdown":null,"steps":[
		{"name":"A","count":3,"dropped":0,"from_previous":1,"from_first":1,"seconds":{"mean":null,"median":null,"p90":null},"histogram":[]},
		{"name":"second","count":2,"dropped":1,"from_previous":0.6666666666666666,"from_first":0.6666666666666666,"seconds":{"mean":1860,"median":1860,"p90":3300},"histogram":[{"from":0,"to":300,"count":1},{"from":3600,"to":3900,"count":1}]},
		{"name":"C","count":0,"dropped":2,"from_previous":0,"from_first":0,"seconds":{"mean":null,"median":null,"p90":null},"histogram":[]}],
		"trend":[{"from":"2024-01-01T00:00:00Z","counts":[2,2,0]},{"from":"2024-01-08T00:00:00Z","counts":[1,0,0]}]}]}`,
		w.result(`{"kind":"funnel","range":{"from":"2024-01-01","to":"2024-01-10"},"interval":"week","steps":[{"event":"A"},{"event":"B","name":"second"},{"event":"C"}]}`))
	require.JSONEq(t, `{"groups":[{"breakdown":null,"steps":[{"name":"D","count":0,"dropped":0,"from_previous":null,"from_first":null,"seconds":{"mean":null,"median":null,"p90":null},"histogram":[]}],"trend":[]}]}`,
		w.result(`{"kind":"funnel",`+january+`,"steps":[{"event":"D"}]}`))
	require.JSONEq(t, `{"groups":[]}`, w.result(`{"kind":"funnel",`+january+`,"steps":[{"event":"D"}],"breakdown":{"property":"event.x"}}`))
}

func TestFunnelRules(t *testing.T) {
	t.Parallel()
	all := setup(t)
	for i, c := range []struct{ name, events, rest, want string }{
		{"others intervene", "A X B X C", ``, "1 1 1"},
		{"strict", "A X B C", `,"order":"strict"`, "1 0 0"},
		{"strict again", "A X A B C", `,"order":"strict"`, "1 1 1"},
		{"strict, with a filter of the whole", "A X B C", `,"order":"strict","filter":{"property":"event.$name","op":"ne","value":"X"}`, "1 1 1"},
		{"any", "C B A", `,"order":"any"`, "1 1 1"},
		{"the order", "C B A", ``, "1 0 0"},
		{"window", "A . B C", `,"window":"1h"`, "1 0 0"},
		{"window of a later entry", "A . A B C", `,"window":"1h"`, "1 1 1"},
		{"its end is in it", "A B C", `,"window":"2m"`, "1 1 1"},
		{"and what is behind is not", "A B C", `,"window":"119s"`, "1 1 0"},
		{"excluded", "A X B C", `,"exclude":[{"event":"X","after":1,"before":2}]`, "1 0 0"},
		{"excluded elsewhere", "A B X C", `,"exclude":[{"event":"X","after":1,"before":2}]`, "1 1 1"},
		{"excluded later", "A B X C", `,"exclude":[{"event":"Y","after":1,"before":3},{"event":"X","after":1,"before":3}]`, "1 1 0"},
		{"excluded once", "A X A B C", `,"exclude":[{"event":"X","after":1,"before":2}]`, "1 1 1"},
		{"excluded for ever", "A X A B C", `,"exclude":[{"event":"X","after":1,"before":2}],"exclusion":"person"`, "0 0 0"},
	} {
		w := all.of(t, newTenant(t, fmt.Sprintf("rule%d", i), tenant.Settings{}))
		w.write(journey("a", "2024-01-10T00:00:00Z", c.events, ev{})...)
		require.Equal(t, c.want, w.abc(c.rest), c.name)
	}
}

func TestFunnelReach(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.write(
		ev{at: "2023-12-31T23:59:59.999Z", name: "A", visitor: "early"},
		ev{at: "2024-01-01T00:00:00Z", name: "B", visitor: "early"},
		ev{at: "2024-01-31T23:59:59.999Z", name: "A", visitor: "late"},
		ev{at: "2024-02-01T00:00:00Z", name: "B", visitor: "late"},
		ev{at: "2024-02-14T23:59:59.999Z", name: "C", visitor: "late"},
		ev{at: "2024-02-01T00:00:00Z", name: "A", visitor: "after"},
		ev{at: "2024-01-05T00:00:00Z", name: "A", visitor: "long"},
		ev{at: "2030-01-05T00:00:00Z", name: "B", visitor: "long"},
	)
	require.Equal(t, "2 1 1", w.abc(``))
	require.Equal(t, "2 0 0", w.abc(`,"reach":"range"`))
	require.Equal(t, "2 2 1", w.abc(`,"window":"none"`), "to the end of the data")
	require.Equal(t, "2 1 1", w.abc(`,"window":"14d"`))
	require.Equal(t, "2 1 0", w.abc(`,"window":"13d"`))
	// Seven words of bits and a century do not fit into one.
	steps := strings.Repeat(`{"event":"B"},`, 18)
	require.Equal(t, "2 2"+strings.Repeat(" 0", 18), levels(w.ask(`{"kind":"funnel",`+january+`,"window":"none","order":"strict","steps":[{"event":"A"},`+steps+`{"event":"C"}],"exclude":[{"event":"X","after":1,"before":2},{"event":"X","after":1,"before":2},{"event":"X","after":1,"before":2}]}`)))
}

// TestFunnelPersons follows people over their devices.
func TestFunnelPersons(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.write(journey("phone", "2024-01-01T00:00:00Z", "A", ev{})...)
	w.write(journey("laptop", "2024-01-02T00:00:00Z", "B", ev{})...)
	w.write(ev{at: "2024-01-03T00:00:00Z", name: "C", user: "u"})
	w.write(journey("shared", "2024-01-01T00:00:00Z", "A", ev{user: "v"})...)
	w.write(journey("shared", "2024-01-02T00:00:00Z", "B", ev{user: "x"})...)
	require.Equal(t, "2 0 0", w.abc(``), "nobody is known to be another yet")
	w.edge(footfall.LinkUser, "visitor:phone", "u")
	require.Equal(t, "2 0 0", w.abc(``))
	w.edge(footfall.LinkUser, "visitor:laptop", "u")
	require.Equal(t, "2 1 1", w.abc(``), "and a shared device keeps two apart")
	require.Equal(t, "2 1 1", w.abc(`,"breakdown":{"property":"event.none"}`))
	w.edge(footfall.LinkAlias, "user:x", "v")
	require.Equal(t, "2 2 1", w.abc(``))
	w.edge(footfall.UnlinkUser, "visitor:phone", "u")
	require.Equal(t, "2 1 0", w.abc(``))
	of := `{"kind":"funnel",` + january + `,"steps":[{"event":"A"},{"event":"B"},{"event":"C"}]}`
	require.Equal(t, "phone user:v", w.behind(of, `{"step":1}`))
	require.Equal(t, "user:v", w.behind(of, `{"step":2}`))
	require.Equal(t, "phone", w.behind(of, `{"step":2,"outcome":"dropped"}`))
	require.Equal(t, "user:v", w.behind(of, `{"step":3,"outcome":"dropped"}`))
	require.Empty(t, w.behind(of, `{"step":3}`))
}

func TestFunnelHold(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.write(
		ev{at: "2024-01-01T00:00:00Z", name: "A", visitor: "a", props: `{"cart":1}`},
		ev{at: "2024-01-01T00:00:01Z", name: "A", visitor: "a", props: `{"cart":"2","shop":"x"}`},
		ev{at: "2024-01-01T00:00:02Z", name: "B", visitor: "a", props: `{"cart":2,"shop":"y"}`},
		ev{at: "2024-01-01T00:00:03Z", name: "C", visitor: "a", props: `{"cart":3,"shop":"x"}`},
		ev{at: "2024-01-01T00:00:04Z", name: "C", visitor: "a"},
		ev{at: "2024-01-01T00:00:05Z", name: "A", visitor: "none"},
	)
	require.Equal(t, "2 1 1", w.abc(``))
	require.Equal(t, "1 1 0", w.abc(`,"hold":["event.cart"]`))
	require.Equal(t, "1 0 0", w.abc(`,"hold":["event.cart","event.shop"]`), "42 and \"42\" are equal, but x and y are not")
	require.Equal(t, "1 1 0", w.abc(`,"hold":["event.cart"],"order":"strict"`))
	require.Equal(t, "1 1 0", w.abc(`,"hold":["event.cart"],"order":"any"`))
}

func TestFunnelBreakdown(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for _, p := range []struct{ visitor, first, second string }{
		{"a", `"x"`, `"y"`},
		{"b", `"x"`, `"x"`},
		{"c", `null`, `"y"`},
		{"d", `"z"`, `null`},
		{"e", `null`, `null`},
		{"f", `"$other"`, ``},
	} {
		w.write(ev{at: "2024-01-01T00:00:00Z", name: "A", visitor: p.visitor, props: `{"p":` + p.first + `}`})
		if p.second != "" {
			w.write(ev{at: "2024-01-02T00:00:00Z", name: "B", visitor: p.visitor, props: `{"p":` + p.second + `}`})
		}
	}
	by := func(rest string) string { return w.abc(`,"breakdown":{"property":"event.p"` + rest + `}`) }
	require.Equal(t, "x: 2 2 0; y: 1 1 0; z: 1 1 0; 1 1 0; $other: 1 0 0", by(``))
	require.Equal(t, "x: 2 2 0; $other: 4 3 0", by(`,"limit":1`))
	require.Equal(t, "y: 2 2 0; x: 1 1 0; z: 1 1 0; 1 1 0; $other: 1 0 0", by(`,"attribution":"last"`))
	require.Equal(t, "x: 2 2 0; 2 2 0; z: 1 1 0; $other: 1 0 0", by(`,"attribution":"step","step":1`))
	require.Equal(t, "y: 2 2 0; 2 2 0; x: 1 1 0", by(`,"attribution":"step","step":2`), "who did not get there is in no group")
	require.Equal(t, "x: 2 2 0 [2 2 0] [0 0 0]; $other: 4 3 0 [4 3 0] [0 0 0]",
		levels(w.ask(`{"kind":"funnel","range":{"from":"2024-01-01","to":"2024-01-03"},"interval":"day","steps":[{"event":"A"},{"event":"B"},{"event":"C"}],"breakdown":{"property":"event.p","limit":1}}`)))

	of := `{"kind":"funnel",` + january + `,"steps":[{"event":"A"},{"event":"B"}],"breakdown":{"property":"event.p","limit":2}}`
	require.Equal(t, "a b", w.behind(of, `{"step":2,"breakdown":"x"}`))
	require.Equal(t, "e", w.behind(of, `{"step":2}`), "those without a value")
	require.Equal(t, "d e f", w.behind(of, `{"step":1,"breakdown":"$other"}`))
	require.Equal(t, "f", w.behind(of, `{"step":2,"outcome":"dropped","breakdown":"$other"}`))
	require.Equal(t, "d", w.behind(of, `{"step":1,"breakdown":"z"}`), "a value that is not shown")
}

// TestFunnelUnits asks by sessions and groups, and breaks down by what is said of
// persons, groups and sessions.
func TestFunnelUnits(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.write(journey("a", "2024-01-01T00:00:00Z", "A B", ev{session: 1, props: `{"$groups":{"company":"acme"}}`})...)
	w.write(journey("a", "2024-01-02T00:00:00Z", "A", ev{session: 2})...)
	w.write(journey("b", "2024-01-02T00:00:00Z", "A", ev{session: 3, props: `{"$groups":{"company":"acme"}}`})...)
	w.write(journey("b", "2024-01-03T00:00:00Z", "C", ev{session: 4, props: `{"$groups":{"company":"acme"}}`})...)
	w.write(journey("c", "2024-01-03T00:00:00Z", "A B C", ev{})...)
	w.session("a", 1, "2024-01-01T00:00:00Z", "2024-01-01T00:01:00Z", 5)
	w.session("a", 2, "2024-01-02T00:00:00Z", "2024-01-02T00:00:00Z", 1)
	w.session("b", 3, "2024-01-02T00:00:00Z", "2024-01-02T00:00:00Z", 1)
	require.Equal(t, "3 2 1", w.abc(``))
	require.Equal(t, "3 1 0", w.abc(`,"by":"session"`), "c has no session")
	require.Equal(t, "1: 2 0 0; 5: 1 1 0", w.abc(`,"by":"session","breakdown":{"property":"session.views"}`))
	require.Equal(t, "1 1 1", w.abc(`,"by":"group.company"`), "a and b go the way of one company")
	require.Equal(t, "1 1 1; 5: 1 1 0; 1: 1 0 0", w.abc(`,"breakdown":{"property":"session.views"}`))
	w.say(trait{of: "visitor:a", key: "plan", value: `"pro"`}, trait{of: "visitor:b", key: "plan", value: `"free"`}, trait{of: "group:company:acme", key: "size", value: `7`})
	require.Equal(t, "1 1 1; pro: 1 1 0; free: 1 0 0", w.abc(`,"breakdown":{"property":"person.plan"}`))
	require.Equal(t, "pro: 2 1 0; free: 1 0 0", w.abc(`,"by":"session","breakdown":{"property":"person.plan"}`))
	require.Equal(t, "7: 2 1 0; 1 0 0", w.abc(`,"by":"session","breakdown":{"property":"group.company.size"}`))
	require.Equal(t, "pro: 1 1 1", w.abc(`,"by":"group.company","breakdown":{"property":"person.plan"}`))
	require.Equal(t, "7: 1 1 1", w.abc(`,"by":"group.company","breakdown":{"property":"group.company.size"}`))
	require.Equal(t, "1 0 0", levels(w.ask(`{"kind":"funnel",`+january+`,"steps":[{"event":"A","filter":{"property":"person.plan","op":"eq","value":"free"}},{"event":"B"},{"event":"C"}]}`)))

	w.say(member("visitor:c", "company", "other", 1))
	require.Equal(t, "2 2 2", w.abc(`,"by":"group.company"`), "the events of c name none, but c is in one")

	of := `{"kind":"funnel",` + january + `,"steps":[{"event":"A"},{"event":"B"},{"event":"C"}],"by":"session"}`
	require.Equal(t, "a b", w.behind(of, `{"step":1}`), "a began two")
	require.Equal(t, "a", w.behind(of, `{"step":2}`))
	of = strings.Replace(of, "session", "group.company", 1)
	require.Equal(t, "a c", w.behind(of, `{"step":3}`), "who began it")
}

// TestFunnelLimits shows that a funnel ends at the tenant's limits.
func TestFunnelLimits(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var events []ev
	for i := range 3000 {
		events = append(events, ev{at: "2024-01-01T10:00:00Z", name: "A", visitor: fmt.Sprint(i), id: fmt.Sprint(i), props: fmt.Sprintf(`{"p":%d}`, i)})
	}
	w.write(events...)
	ask := func(config query.Config, settings tenant.Settings, rest string) error {
		config.Conn = w.conn
		engine, err := query.NewEngine(config)
		require.NoError(t, err)
		q, err := query.Parse([]byte(`{"kind":"funnel",` + january + `,"steps":[{"event":"A"},{"event":"B"}]` + rest + `}`))
		require.NoError(t, err)
		_, err = engine.Run(t.Context(), newTenant(t, "shop", settings), q)
		return err
	}
	const by = `,"breakdown":{"property":"event.p"}`
	require.NoError(t, ask(query.Config{}, tenant.Settings{QueryTime: time.Minute}, by))
	require.ErrorIs(t, ask(query.Config{MaxRows: 100}, tenant.Settings{}, ``), query.ErrLimit)
	require.ErrorIs(t, ask(query.Config{MaxMemory: 10_000}, tenant.Settings{}, ``), query.ErrLimit)
	require.ErrorIs(t, ask(query.Config{}, tenant.Settings{QueryTime: time.Nanosecond}, ``), query.ErrTimeout)
}
