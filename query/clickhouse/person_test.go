package clickhouse_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/tenant"
)

// doings are a filter for what persons do; without it, who only said who they are
// are listed too.
const doings = `"filter":{"property":"event.$type","op":"in","value":["track","page","screen"]}`

// persons returns who did something, asked for in three ways that must agree.
func (w *world) persons() []string {
	w.tb.Helper()
	list := w.ask(`{"kind":"persons",` + wholeYear + `,` + doings + `}`).Result.(*query.PersonsResult)
	var ids []string
	for _, p := range list.Persons {
		ids = append(ids, p.ID)
	}
	slices.Sort(ids)
	require.Len(w.tb, ids, int(list.Total))
	require.InDelta(w.tb, list.Total, w.total(`{"kind":"trend","interval":"total",`+wholeYear+`,"series":[{"event":"*","measure":"persons"}]}`), 0)
	seen := map[string]bool{}
	for _, e := range w.ask(`{"kind":"events",` + wholeYear + `}`).Result.(*query.EventsResult).Events {
		if e.Type == "track" {
			seen[*e.Person] = true
		}
	}
	require.Len(w.tb, seen, len(ids))
	for _, id := range ids {
		require.True(w.tb, seen[id], id)
	}
	return ids
}

// eventsOf returns the ids of a person's events, newest first.
func (w *world) eventsOf(person string) string {
	w.tb.Helper()
	q := query.Events{Person: person}
	q.Range = query.Range{From: "2024-01-01", To: "2025-01-01"}
	var ids []string
	for _, e := range w.run(&q).Result.(*query.EventsResult).Events {
		ids = append(ids, e.ID)
	}
	return strings.Join(ids, " ")
}

func TestPersonsAreResolvedWhenAsked(t *testing.T) {
	t.Parallel()
	const ann, bob = "ann", "bob"
	all := setup(t)
	for name, test := range map[string]struct {
		write func(w *world)
		want  []string
	}{
		"nobody is known": {
			func(*world) {},
			[]string{"user:ann", "visitor:phone", "visitor:tablet"},
		},
		"a late link takes what was done before it": {
			func(w *world) { w.edge(footfall.LinkUser, "visitor:phone", ann) },
			[]string{"user:ann", "visitor:tablet"},
		},
		"two devices": {
			func(w *world) {
				w.edge(footfall.LinkUser, "visitor:phone", ann)
				w.edge(footfall.LinkUser, "visitor:tablet", ann)
			},
			[]string{"user:ann"},
		},
		"a shared device stays with the first, and rows with a user are never re-assigned": {
			func(w *world) {
				w.edge(footfall.LinkUser, "visitor:phone", bob)
				w.edge(footfall.LinkUser, "visitor:phone", ann)
			},
			[]string{"user:ann", "user:bob", "visitor:tablet"},
		},
		"a repeated link is harmless": {
			func(w *world) {
				w.edge(footfall.LinkUser, "visitor:phone", ann)
				w.edge(footfall.LinkUser, "visitor:phone", bob)
				w.edge(footfall.LinkUser, "visitor:phone", ann)
			},
			[]string{"user:ann", "visitor:tablet"},
		},
		"an unlink restores history": {
			func(w *world) {
				w.edge(footfall.LinkUser, "visitor:phone", ann)
				w.edge(footfall.UnlinkUser, "visitor:phone", ann)
			},
			[]string{"user:ann", "visitor:phone", "visitor:tablet"},
		},
		"the first link after the last unlink counts": {
			func(w *world) {
				w.edge(footfall.LinkUser, "visitor:phone", ann)
				w.edge(footfall.UnlinkUser, "visitor:phone", ann)
				w.edge(footfall.LinkUser, "visitor:phone", "eve")
				w.edge(footfall.UnlinkUser, "visitor:phone", "eve")
				w.edge(footfall.LinkUser, "visitor:phone", bob)
				w.edge(footfall.LinkUser, "visitor:phone", ann)
				w.edge(footfall.LinkUser, "visitor:tablet", ann)
			},
			[]string{"user:ann", "user:bob"},
		},
		"an alias of a visitor": {
			func(w *world) { w.edge(footfall.LinkAlias, "visitor:phone", ann) },
			[]string{"user:ann", "visitor:tablet"},
		},
		"a link goes before an alias of the same visitor": {
			func(w *world) {
				w.edge(footfall.LinkUser, "visitor:phone", bob)
				w.edge(footfall.LinkAlias, "visitor:phone", ann)
			},
			[]string{"user:ann", "user:bob", "visitor:tablet"},
		},
		"an alias of a user, and of those linked to him": {
			func(w *world) {
				w.edge(footfall.LinkUser, "visitor:phone", ann)
				w.edge(footfall.LinkAlias, "user:ann", bob)
			},
			[]string{"user:bob", "visitor:tablet"},
		},
		"the newest alias of an id counts": {
			func(w *world) {
				w.edge(footfall.LinkAlias, "user:ann", "eve")
				w.edge(footfall.LinkAlias, "user:ann", bob)
			},
			[]string{"user:bob", "visitor:phone", "visitor:tablet"},
		},
		"a chain is followed": {
			func(w *world) {
				w.edge(footfall.LinkAlias, "user:c", "d")
				w.edge(footfall.LinkAlias, "user:ann", bob)
				w.edge(footfall.LinkAlias, "user:bob", "c")
				w.edge(footfall.LinkAlias, "user:d", "e")
				w.edge(footfall.LinkUser, "visitor:phone", bob)
				w.edge(footfall.LinkAlias, "visitor:tablet", bob)
			},
			[]string{"user:e"},
		},
		"the edge that closes a circle does not count": {
			func(w *world) {
				w.edge(footfall.LinkAlias, "user:ann", bob)
				w.edge(footfall.LinkAlias, "user:bob", "c")
				w.edge(footfall.LinkAlias, "user:c", ann)
				w.edge(footfall.LinkUser, "visitor:phone", bob)
				w.edge(footfall.LinkUser, "visitor:tablet", "c")
			},
			[]string{"user:c"},
		},
		"an alias of itself does not count": {
			func(w *world) { w.edge(footfall.LinkAlias, "user:ann", ann) },
			[]string{"user:ann", "visitor:phone", "visitor:tablet"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := all.of(t, newTenant(t, "t"+strconv.Itoa(int(*all.offset)), tenant.Settings{}))
			w.write(
				ev{at: "2024-03-01T10:00:00Z", name: "A", visitor: "phone"},
				ev{at: "2024-03-02T10:00:00Z", name: "A", visitor: "tablet"},
				ev{at: "2024-03-03T10:00:00Z", name: "A", visitor: "phone", user: ann},
				ev{at: "2024-03-04T10:00:00Z", name: "A", user: ann},
				ev{at: "2024-03-04T10:00:00Z", name: "$identify", typ: footfall.Identify, visitor: "ghost", user: "ghost"},
			)
			test.write(w)
			require.Equal(t, test.want, w.persons())
			require.Contains(t, w.result(`{"kind":"persons",`+wholeYear+`}`), `{"id":"user:ghost"`, "who has done nothing yet is listed")
		})
	}
}

func TestEventsOfAPersonAreThoseOfAllItsIDs(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.write(
		ev{at: "2024-03-01T10:00:00Z", name: "A", visitor: "phone", id: "1"},
		ev{at: "2024-03-02T10:00:00Z", name: "A", visitor: "tablet", id: "2"},
		ev{at: "2024-03-03T10:00:00Z", name: "A", visitor: "phone", user: "ann", id: "3"},
		ev{at: "2024-03-04T10:00:00Z", name: "A", user: "ann", id: "4"},
		ev{at: "2024-03-05T10:00:00Z", name: "A", visitor: "phone", user: "bob", id: "5"},
		ev{at: "2024-03-05T10:00:00Z", name: "A", visitor: "ann", id: "6"},
	)
	require.Equal(t, "4 3", w.eventsOf("user:ann"))
	require.Equal(t, "6", w.eventsOf("visitor:ann"), "equal texts never collide")
	require.Equal(t, "1", w.eventsOf("visitor:phone"))
	w.edge(footfall.LinkUser, "visitor:phone", "ann")
	require.Equal(t, "4 3 1", w.eventsOf("user:ann"))
	require.Equal(t, "4 3 1", w.eventsOf("visitor:phone"), "the person it belongs to")
	require.Equal(t, "5", w.eventsOf("user:bob"))
	w.edge(footfall.LinkAlias, "user:bob", "ann")
	w.edge(footfall.LinkAlias, "visitor:tablet", "bob")
	require.Equal(t, "5 4 3 2 1", w.eventsOf("user:bob"))
	require.Empty(t, w.eventsOf("user:nobody"))
}

func TestPersonsPage(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.write(
		ev{at: "2023-06-01T10:00:00Z", name: "A", visitor: "phone"},
		ev{at: "2024-03-01T10:00:00Z", name: "B", visitor: "phone", user: "ann", props: `{"price":3}`},
		ev{at: "2024-03-02T10:00:00.005Z", name: "A", user: "ann"},
		ev{at: "2024-03-02T10:00:00Z", name: "B", visitor: "tablet"},
	)
	w.edge(footfall.LinkUser, "visitor:phone", "ann")
	got := w.result(`{"kind":"persons",` + wholeYear + `,"filter":{"property":"event.price","op":"gte","value":3}}`)
	require.JSONEq(t, `{"total":1,"next":null,"persons":[{"id":"user:ann","user":"ann","visitors":["phone"],"traits":{},
		"first_seen":"2023-06-01T10:00:00Z","last_seen":"2024-03-02T10:00:00.005Z"}]}`, got)
	got = w.result(`{"kind":"persons",` + wholeYear + `,"filter":{"property":"event.price","op":"is_not_set"}}`)
	require.Contains(t, got, `{"id":"visitor:tablet","user":null,"visitors":["tablet"],"traits":{},"first_seen":"2024-03-02T10:00:00Z","last_seen":"2024-03-02T10:00:00Z"}`)
	require.JSONEq(t, `{"total":0,"next":null,"persons":[]}`, w.result(`{"kind":"persons","range":{"from":"2020-01-01","to":"2020-01-02"}}`))

	var many []ev
	for i := range 25 {
		many = append(many, ev{at: "2022-01-01T00:00:00Z", name: "A", visitor: string(rune('a' + i))})
	}
	w.write(many...)
	seen := map[string]bool{}
	cursor, pages := "", 0
	for {
		q := query.Persons{Limit: 10, Cursor: cursor}
		q.Range = query.Range{From: "2022-01-01", To: "2022-01-02"}
		page := w.run(&q).Result.(*query.PersonsResult)
		require.Equal(t, uint64(25), page.Total)
		for _, p := range page.Persons {
			require.False(t, seen[p.ID])
			seen[p.ID] = true
		}
		if pages++; page.Next == nil {
			break
		}
		cursor = *page.Next
	}
	require.Len(t, seen, 25)
	require.Equal(t, 3, pages)
}

func TestEventsPage(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.write(
		ev{at: "2024-03-01T10:00:00.123Z", name: "Buy", visitor: "phone", user: "ann", session: 0xabc, id: "m-1", props: `{"price":19.90,"a":{"b":["<x>"]}}`},
		ev{at: "2024-03-01T10:00:00.122Z", name: "$identify", typ: footfall.Identify, user: "ann", id: "m-2"},
	)
	got := w.result(`{"kind":"events",` + wholeYear + `}`)
	require.JSONEq(t, `{"next":null,"events":[
		{"id":"m-1","type":"track","name":"Buy","time":"2024-03-01T10:00:00.123Z","original":"2024-03-01T10:00:00.123Z","sent":"2024-03-01T10:00:00.133Z","received":"2024-03-01T10:00:00.173Z",
		 "visitor":"phone","user":"ann","person":"user:ann","session":"0000000000000abc","properties":{"price":19.90,"a":{"b":["<x>"]}},"context":{"ip":"1.2.3.0"}},
		{"id":"m-2","type":"identify","name":"$identify","time":"2024-03-01T10:00:00.122Z","original":"2024-03-01T10:00:00.122Z","sent":"2024-03-01T10:00:00.132Z","received":"2024-03-01T10:00:00.172Z",
		 "visitor":null,"user":"ann","person":"user:ann","session":null,"properties":{},"context":{"ip":"1.2.3.0"}}]}`, got)
	require.Contains(t, got, `"price":19.90`, "as it was sent")

	// Many at one instant: only their places in the log tell them apart.
	var many []ev
	for range 57 {
		many = append(many, ev{at: "2022-01-01T00:00:00Z", name: "A", visitor: "a"})
	}
	w.write(many...)
	seen := map[string]bool{}
	cursor := ""
	for pages := 1; ; pages++ {
		q := query.Events{Limit: 10, Cursor: cursor}
		q.Range = query.Range{From: "2022-01-01", To: "2022-01-02"}
		page := w.run(&q).Result.(*query.EventsResult)
		for _, e := range page.Events {
			require.False(t, seen[e.ID], e.ID)
			seen[e.ID] = true
		}
		if page.Next == nil {
			require.Equal(t, 6, pages)
			break
		}
		cursor = *page.Next
		// What arrives meanwhile moves nothing.
		w.write(ev{at: "2022-01-01T00:00:01Z", name: "A", visitor: "a", id: "new" + cursor})
	}
	require.Len(t, seen, 57)
}

func TestAnswerEnvelope(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.write(ev{at: "2024-01-01T10:00:00Z", name: "Buy", visitor: "a"})
	b, err := json.Marshal(w.ask(`{"kind":"trend","zone":"Europe/Berlin","range":{"from":"2024-01-01","to":"2024-01-03"},"series":[{"event":"Buy"}]}`))
	require.NoError(t, err)
	var got map[string]any
	require.NoError(t, json.Unmarshal(b, &got))
	delete(got, "stats")
	b, err = json.Marshal(got)
	require.NoError(t, err)
	require.JSONEq(t, `{"kind":"trend","zone":"Europe/Berlin","exact":true,"range":{"from":"2024-01-01T00:00:00+01:00","to":"2024-01-03T00:00:00+01:00"},
		"text":"Number of \"Buy\" per day, 1 January 2024 to 2 January 2024 (Europe/Berlin)",
		"result":{"buckets":["2024-01-01T00:00:00+01:00","2024-01-02T00:00:00+01:00"],"last_open":false,"series":[{"name":"Buy","breakdown":null,"total":1,"values":[1,0]}]}}`, string(b))
}
