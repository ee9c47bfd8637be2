package clickhouse_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/tenant"
)

// in returns who is in a segment, and how many: the number, the persons behind
// it and, but for the past, the persons of the events that it chooses agree.
func (w *world) in(segment, rest string) string {
	w.tb.Helper()
	question := `{"kind":"segment","segment":` + segment + rest + `}`
	ids := w.behind(question, `{}`)
	require.Equal(w.tb, uint64(len(strings.Fields(ids))), w.ask(question).Result.(*query.SegmentResult).Count, question)
	return ids
}

func TestSegmentOfHowOften(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.visits("a", "A 01-01T10", "A 01-02T10", "A 01-03T10", "B 01-03T10")
	w.visits("b", "A 01-01T10", "A 01-05T00")
	w.visits("c", "B 01-01T10")
	w.write(ev{at: "2024-01-01T00:00:00Z", name: "$identify", typ: footfall.Identify, visitor: "d"})
	did := func(rest string) string { return w.in(`{"did":{"event":"A"}`+rest+`}`, ``) }
	require.Equal(t, "a b", did(``))
	require.Equal(t, "a", did(`,"count":{"gte":3}`))
	require.Equal(t, "b", did(`,"count":{"eq":2}`))
	require.Equal(t, "a b", did(`,"count":{"gte":2,"lte":3}`))
	require.Equal(t, "c d", did(`,"count":{"eq":0}`), "who only said who it is, too")
	require.Equal(t, "b c d", did(`,"count":{"lte":2}`))
	require.Equal(t, "b c d", did(`,"count":{"gte":0,"lte":2}`))
	require.Equal(t, "a b c d", did(`,"count":{"gte":0}`))
	require.Equal(t, "b", did(`,"within":{"from":"2024-01-04","to":"2024-01-09"}`))
	require.Equal(t, "a c d", did(`,"count":{"eq":0},"within":{"from":"2024-01-04","to":"2024-01-09"}`))
	require.Equal(t, "a", w.in(`{"and":[{"did":{"event":"A"}},{"did":{"event":"B"}}]}`, ``))
	require.Equal(t, "a b c", w.in(`{"or":[{"did":{"event":"A"}},{"did":{"event":"B"}}]}`, ``))
	require.Equal(t, "d", w.in(`{"not":{"or":[{"did":{"event":"A"}},{"did":{"event":"B"}}]}}`, ``))
	require.Equal(t, "b", w.in(`{"and":[{"did":{"event":"A"}},{"not":{"did":{"event":"B"}}}]}`, ``))
	require.Empty(t, w.in(`{"and":[{"did":{"event":"A"}},{"not":{"did":{"event":"A"}}}]}`, ``))
	require.Equal(t, "a b c d", w.in(`{"or":[{"did":{"event":"A"}},{"not":{"did":{"event":"A"}}}]}`, ``))

	// At a moment nothing that came after it counts, not even that somebody was.
	require.Equal(t, "a", w.in(`{"did":{"event":"A"},"count":{"gte":2}}`, `,"at":"2024-01-02T10:00:00Z"`), "what came at it counts")
	require.Empty(t, w.in(`{"did":{"event":"A"},"count":{"gte":2}}`, `,"at":"2024-01-02T09:59:59.999Z"`))
	require.Equal(t, "d", w.in(`{"did":{"event":"A"},"count":{"lte":7}}`, `,"at":"2024-01-01T01:00:00Z"`))
	require.Equal(t, "a b", w.in(`{"did":{"event":"A"},"within":{"last":"2d"}}`, `,"at":"2024-01-02T12:00:00Z"`))
	require.Equal(t, "a", w.in(`{"did":{"event":"A"},"within":{"last":"2d"}}`, `,"at":"2024-01-03T12:00:00Z"`))

	// Within is the range of the question where it is not given.
	require.Equal(t, "b", w.in(`{"did":{"event":"A"}}`, `,"range":{"from":"2024-01-04","to":"2024-01-09"}`))
	require.Equal(t, "a b", w.in(`{"did":{"event":"A"},"within":{"from":"2024-01-01","to":"2025-01-01"}}`, `,"range":{"from":"2024-01-04","to":"2024-01-09"}`))
	require.Equal(t, "a", w.in(`{"did":{"event":"A"}}`, `,"filter":{"property":"event.$name","op":"eq","value":"A"},"range":{"from":"2024-01-02","to":"2024-01-04"}`))
	require.Empty(t, w.in(`{"did":{"event":"A"}}`, `,"filter":{"property":"event.$name","op":"eq","value":"B"}`))
}

func TestSegmentOfOneAfterTheOther(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.visits("before", "B 01-01T09", "A 01-01T10")
	w.visits("after", "A 01-01T10", "B 01-01T12")
	w.visits("late", "A 01-01T10", "B 01-01T12:00:00.001")
	w.visits("never", "A 01-01T10")
	w.visits("twice", "A 01-01T10", "A 01-02T10", "B 01-02T11")
	w.visits("tie", "A 01-01T10", "B 01-01T10")
	w.visits("eit", "B 01-01T10", "A 01-01T10")
	w.visits("open", "A 01-09T10")
	then := func(rest, more string) string { return w.in(`{"did":{"event":"A"},`+rest+`}`, more) }
	require.Equal(t, "after tie twice", then(`"then":{"event":"B"},"in":"2h"`, ``), "the span has both its ends; of one time what came later")
	require.Equal(t, "before eit late never open twice", then(`"not_then":{"event":"B"},"in":"2h"`, ``), "one A without it is enough")
	require.Equal(t, "before eit late never twice", then(`"not_then":{"event":"B"},"in":"2h"`, `,"at":"2024-01-09T11:59:59Z"`), "the span is not over")
	require.Equal(t, "before eit late never open twice", then(`"not_then":{"event":"B"},"in":"2h"`, `,"at":"2024-01-09T12:00:00Z"`))
	require.Equal(t, "twice", then(`"then":{"event":"B"},"in":"2h","within":{"from":"2024-01-02","to":"2024-01-03"}`, ``))
	require.Equal(t, "late", then(`"then":{"event":"B","filter":{"property":"event.$name","op":"ne","value":"x"}},"in":"121m","within":{"from":"2024-01-01","to":"2024-01-01T12:00:00Z"}`, `,"filter":{"segment":{"did":{"event":"B"},"within":{"from":"2024-01-01T12:00:00.001Z","to":"2024-01-02"}}}`), "B may come after the range")
	require.Equal(t, "twice", w.in(`{"did":{"event":"A"},"then":{"event":"A"},"in":"1d"}`, ``), "another one")
	const alone = `{"did":{"event":"*"},"not_then":{"event":"*"},"in":"1h"}`
	require.Equal(t, "after before eit late never open tie twice", w.in(alone, `,"at":"2024-01-09T11:00:00Z"`))
	require.Equal(t, "after before eit late never tie twice", w.in(alone, `,"at":"2024-01-09T10:59:59.999Z"`))
}

func TestSegmentOfWhoSomebodyIs(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.write(
		ev{at: "2024-01-01T00:00:00Z", name: "$identify", typ: footfall.Identify, visitor: "a"},
		ev{at: "2024-01-05T00:00:00Z", name: "A", visitor: "a"},
		ev{at: "2024-01-02T00:00:00Z", name: "A", visitor: "b"},
		ev{at: "2024-01-03T00:00:00Z", name: "$identify", typ: footfall.Identify, visitor: "c"},
		ev{at: "2024-01-01T00:00:00Z", name: "A", visitor: "phone"},
		ev{at: "2024-01-04T00:00:00Z", name: "A", user: "ann"},
	)
	w.edge(footfall.LinkUser, "visitor:phone", "ann")
	first := func(from, to string) string {
		return w.in(`{"first_seen":{"from":"2024-01-`+from+`","to":"2024-01-`+to+`"}}`, ``)
	}
	require.Equal(t, "user:ann", first("01", "02"), "by any of the ids; who said who it is was not seen then")
	require.Equal(t, "b", first("02", "03"))
	require.Equal(t, "c", first("03", "04"), "who did nothing else")
	require.Equal(t, "a", first("05", "06"))
	require.Equal(t, "a b c user:ann", first("01", "09"))
	require.Equal(t, "a b c user:ann", w.in(`{"property":"person.plan","op":"ne","value":"pro"}`, ``), "nobody has one")

	w.say(
		trait{of: "visitor:b", key: "plan", value: `"pro"`, at: 5}, trait{of: "visitor:phone", key: "plan", value: `"free"`, at: 5},
		trait{of: "user:gone", key: "plan", value: `"pro"`, at: 5},
	)
	require.Equal(t, "b", w.in(`{"property":"person.plan","op":"eq","value":"pro"}`, ``))
	require.Equal(t, "user:ann", w.in(`{"property":"person.plan","op":"eq","value":"free"}`, ``))
	require.Equal(t, "a c", w.in(`{"property":"person.plan","op":"is_not_set"}`, ``))
	require.Equal(t, "a c user:ann", w.in(`{"property":"person.plan","op":"not_in","value":["pro"]}`, ``))
}

func TestSegmentAsAFilter(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.visits("a", "A 01-01T10", "B 01-02T10")
	w.visits("b", "A 01-01T11", "A 01-03T10", "A 01-03T11")
	w.visits("phone", "B 01-02T10")
	w.write(ev{at: "2024-01-05T00:00:00Z", name: "A", user: "ann"})
	w.edge(footfall.LinkUser, "visitor:phone", "ann")
	for filter, want := range map[string]float64{
		`{"segment":{"did":{"event":"B"}}}`:                                                           4,
		`{"segment":{"not":{"did":{"event":"B"}}}}`:                                                   3,
		`{"not":{"segment":{"did":{"event":"B"}}}}`:                                                   3,
		`{"segment":{"did":{"event":"B"},"count":{"eq":0}}}`:                                          3,
		`{"and":[{"segment":{"did":{"event":"B"}}},{"segment":{"did":{"event":"A"}}}]}`:               4,
		`{"segment":{"and":[{"did":{"event":"B"}},{"did":{"event":"A"},"count":{"gte":2}}]}}`:         0,
		`{"or":[{"segment":{"did":{"event":"Z"}}},{"property":"event.$name","op":"eq","value":"B"}]}`: 2,
		`{"segment":{"did":{"event":"A","filter":{"segment":{"did":{"event":"B"}}}}}}`:                4,
	} {
		require.InDelta(t, want, w.count(filter), 0, filter)
	}
	// The range of the question is when it was done, where that is not said.
	const early = `{"kind":"trend","interval":"total","range":{"from":"2024-01-02","to":"2024-01-06"},"series":[{"event":"*","filter":{"segment":{"did":{"event":"A"}WITHIN}}}]}`
	require.InDelta(t, 4, w.total(strings.Replace(early, "WITHIN", "", 1)), 0)
	require.InDelta(t, 5, w.total(strings.Replace(early, "WITHIN", `,"within":{"from":"2024-01-01","to":"2024-02-01"}`, 1)), 0)

	// In every kind of question.
	const of = `"filter":{"segment":{"did":{"event":"B"}}}`
	require.Len(t, w.ask(`{"kind":"events",`+wholeYear+`,`+of+`}`).Result.(*query.EventsResult).Events, 4)
	require.Len(t, w.ask(`{"kind":"persons",`+wholeYear+`,`+of+`}`).Result.(*query.PersonsResult).Persons, 2)
	require.Equal(t, "null 01-01 1: 0 1 0 0\nnull 01-02 1: 1 0 0 0\n", cohorts(w.ask(`{"kind":"retention","periods":3,"range":{"from":"2024-01-01","to":"2024-01-04"},"start":{"event":"*"},"return":{"event":"B"},`+of+`}`)))
	w.session("a", 7, "2024-01-01T10:00:00Z", "2024-01-01T10:30:00Z", 1)
	require.Equal(t, []uint64{0}, w.ask(`{"kind":"sessions",`+wholeYear+`,`+of+`}`).Result.(*query.SessionsResult).Count, "its events have no session")
}

func TestSegmentsAreTheTenantsOwn(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.visits("a", "A 01-01T10")
	other := w.of(t, newTenant(t, "other", tenant.Settings{}))
	other.visits("a", "A 01-01T10")
	other.visits("b", "A 01-01T10")
	require.Equal(t, "a", w.in(`{"did":{"event":"A"}}`, ``))
	require.Equal(t, "a b", other.in(`{"did":{"event":"A"}}`, ``))
	require.Empty(t, w.in(`{"not":{"did":{"event":"A"}}}`, ``))
	require.InDelta(t, 2, other.count(`{"segment":{"did":{"event":"A"},"count":{"eq":1}}}`), 0)
}
