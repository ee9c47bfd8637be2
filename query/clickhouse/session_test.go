package clickhouse_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
)

// visits writes four sessions: a bounce, one of ten seconds, one of two views
// and one without any view.
func visits(w *world) {
	page := func(at, visitor string, session uint64, path string) ev {
		return ev{at: at, name: "$page", typ: footfall.Page, visitor: visitor, session: session, props: `{"$path":"` + path + `","plan":"` + visitor + `"}`}
	}
	w.write(
		page("2024-03-01T10:00:00Z", "a", 1, "/home"),
		ev{at: "2024-03-01T10:00:09.999Z", name: "Buy", visitor: "a", session: 1},

		page("2024-03-01T12:00:00Z", "b", 2, "/pricing"),
		ev{at: "2024-03-01T12:00:10Z", name: "Buy", visitor: "b", session: 2},

		// The last view by time arrived first; the first two have one time.
		page("2024-03-02T00:00:03Z", "c", 3, "/done"),
		page("2024-03-02T00:00:00Z", "c", 3, "/home"),
		page("2024-03-02T00:00:00Z", "c", 3, "/other"),
		ev{at: "2024-03-02T00:00:01Z", name: "$screen", typ: footfall.Screen, visitor: "c", session: 3, props: `{"name":"Home"}`},

		ev{at: "2024-03-02T08:00:00Z", name: "Buy", visitor: "d", session: 4},
		ev{at: "2024-03-02T08:00:00Z", name: "Buy", user: "server"},
	)
	w.session("a", 1, "2024-03-01T10:00:00Z", "2024-03-01T10:00:09.999Z", 1)
	w.session("b", 2, "2024-03-01T12:00:00Z", "2024-03-01T12:00:10Z", 1)
	w.session("c", 3, "2024-03-02T00:00:00Z", "2024-03-02T00:00:03Z", 2)
	w.session("c", 3, "2024-03-02T00:00:00Z", "2024-03-02T00:00:03Z", 4) // a later version
	w.session("d", 4, "2024-03-02T08:00:00Z", "2024-03-02T08:00:00Z", 0)
}

func TestSessions(t *testing.T) {
	t.Parallel()
	w := setup(t)
	visits(w)
	require.JSONEq(t, `{"buckets":["2024-01-01T00:00:00Z"],"last_open":false,"count":[4],"bounce_rate":[0.5],"views":[1.5],
		"seconds":[{"mean":5.74975,"median":6.4995,"p90":9.9997}],
		"entry":[{"value":"/home","count":2},{"value":"/pricing","count":1}],
		"exit":[{"value":"/done","count":1},{"value":"/home","count":1},{"value":"/pricing","count":1}]}`,
		w.result(`{"kind":"sessions",`+wholeYear+`}`))
	require.JSONEq(t, `{"buckets":["2024-02-29T00:00:00Z","2024-03-01T00:00:00Z","2024-03-02T00:00:00Z"],"last_open":false,"count":[0,2,2],"bounce_rate":[null,0.5,0.5],"views":[null,1,2],
		"seconds":[{"mean":null,"median":null,"p90":null},{"mean":9.9995,"median":9.9995,"p90":9.9999},{"mean":1.5,"median":1.5,"p90":2.7}],
		"entry":[{"value":"/home","count":2},{"value":"/pricing","count":1}],
		"exit":[{"value":"/done","count":1},{"value":"/home","count":1},{"value":"/pricing","count":1}]}`,
		w.result(`{"kind":"sessions","interval":"day","range":{"from":"2024-02-29","to":"2024-03-03"}}`))
	require.Contains(t, w.result(`{"kind":"sessions","range":{"from":"2024-03-01T10:00:00.001Z","to":"2024-03-02"}}`), `"count":[1]`,
		"a session lies where its start lies, not its events")
	require.Contains(t, w.result(`{"kind":"sessions","range":{"from":"2020-01-01","to":"2020-01-02"}}`),
		`"count":[0],"bounce_rate":[null],"views":[null],"seconds":[{"mean":null,"median":null,"p90":null}],"entry":[],"exit":[]`)

	for filter, want := range map[string]string{
		`{"property":"event.$name","op":"eq","value":"Buy"}`:                                                             `"count":[3]`,
		`{"property":"event.plan","op":"in","value":["a","c"]}`:                                                          `"count":[2]`,
		`{"property":"session.entry","op":"eq","value":"/home"}`:                                                         `"count":[2]`,
		`{"property":"session.views","op":"gte","value":2}`:                                                              `"count":[1]`,
		`{"property":"session.exit","op":"is_not_set"}`:                                                                  `"count":[1]`,
		`{"not":{"property":"session.entry","op":"eq","value":"/home"}}`:                                                 `"count":[2]`,
		`{"and":[{"property":"session.views","op":"lt","value":2},{"property":"event.$type","op":"eq","value":"page"}]}`: `"count":[2]`,
	} {
		require.Contains(t, w.result(`{"kind":"sessions",`+wholeYear+`,"filter":`+filter+`}`), want, filter)
	}
}

// TestSessionProperties asks for events by what their session is like.
func TestSessionProperties(t *testing.T) {
	t.Parallel()
	w := setup(t)
	visits(w)
	for filter, want := range map[string]float64{
		`{"property":"session.duration","op":"gte","value":10}`:                  2,
		`{"property":"session.duration","op":"gte","value":9.999}`:               4,
		`{"property":"session.duration","op":"eq","value":"10"}`:                 2,
		`{"property":"session.duration","op":"lt","value":"3.5"}`:                5,
		`{"property":"session.duration","op":"contains","value":"9"}`:            2,
		`{"property":"session.duration","op":"is_set"}`:                          9,
		`{"property":"session.duration","op":"is_not_set"}`:                      1,
		`{"property":"session.views","op":"eq","value":4}`:                       4,
		`{"property":"session.views","op":"ne","value":4}`:                       6,
		`{"property":"session.views","op":"in","value":[0,4]}`:                   5,
		`{"property":"session.entry","op":"eq","value":"/home"}`:                 6,
		`{"property":"session.entry","op":"ne","value":"/home"}`:                 4,
		`{"property":"session.entry","op":"is_set"}`:                             8,
		`{"property":"session.exit","op":"matches","value":"^/(done|pricing)$"}`: 6,
		`{"property":"session.exit","op":"is_not_set"}`:                          2,
	} {
		require.InDelta(t, want, w.count(filter), 0, filter)
	}
	ask := func(property, series string) string {
		return "\n" + shape(w.ask(`{"kind":"trend","interval":"total",`+wholeYear+`,"breakdown":{"property":"`+property+`"},"series":[{"event":"*"`+series+`}]}`))
	}
	require.Equal(t, "\n*//home 6: 6\n*//pricing 2: 2\n*/null 2: 2\n", ask("session.entry", ``))
	require.Equal(t, "\n*//home 2: 2\n*/null 2: 2\n*//pricing 1: 1\n", ask("session.entry", `,"measure":"persons"`))
	require.Equal(t, "\n*/1 2: 2\n*/0 1: 1\n*/4 1: 1\n*/null 0: 0\n", ask("session.views", `,"measure":"sessions"`))
	require.Equal(t, "\n*/3 4: 4\n*/10 2: 2\n*/9.999 2: 2\n*/0 1: 1\n*/null 1: 1\n", ask("session.duration", ``))
}

// TestSessionFromAnotherDay has a session whose only event in the range is far
// from where it was opened.
func TestSessionFromAnotherDay(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.write(
		ev{at: "2024-03-01T01:00:00Z", name: "$page", typ: footfall.Page, visitor: "a", session: 1, props: `{"$path":"/in"}`},
		ev{at: "2024-03-01T23:00:00Z", name: "Buy", visitor: "a", session: 1},
		ev{at: "2024-03-02T00:30:00Z", name: "$page", typ: footfall.Page, visitor: "a", session: 1, props: `{"$path":"/out"}`},
	)
	w.session("a", 1, "2024-03-01T01:00:00Z", "2024-03-02T00:30:00Z", 2)
	for _, filter := range []string{
		`{"property":"session.entry","op":"eq","value":"/in"}`, `{"property":"session.exit","op":"eq","value":"/out"}`, `{"property":"session.duration","op":"eq","value":84600}`,
	} {
		for _, from := range []string{"2024-03-01T22:00:00Z", "2024-03-02T00:00:00Z"} {
			require.InDelta(t, 1, w.total(`{"kind":"trend","interval":"total","range":{"from":"`+from+`","to":"2024-03-02T01:00:00Z"},"series":[{"event":"*","measure":"persons"}],"filter":`+filter+`}`), 0, filter)
		}
	}
}
