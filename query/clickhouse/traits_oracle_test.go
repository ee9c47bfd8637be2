package clickhouse_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
)

// edge is an identity edge as the oracle sees it.
type edge struct {
	kind     footfall.LinkKind
	from, to string
}

// personOf is the obvious way from an id to its person.
func personOf(id string, edges []edge) string {
	next := map[string]string{} // the user of a visitor
	aliases := map[string]int{} // the newest alias of an id
	kept := map[string]string{} // without those that close a circle
	ends := func(id string) string {
		for kept[id] != "" {
			id = kept[id]
		}
		return id
	}
	for i, e := range edges {
		switch e.kind {
		case footfall.LinkUser:
			if next[e.from] == "" {
				next[e.from] = e.to
			}
		case footfall.UnlinkUser:
			delete(next, e.from)
		case footfall.LinkAlias:
			aliases[e.from] = i
		}
	}
	for i, e := range edges {
		if e.kind == footfall.LinkAlias && aliases[e.from] == i && ends(e.to) != e.from {
			kept[e.from] = e.to
		}
	}
	if user := next[id]; user != "" {
		return ends(user)
	}
	return ends(id)
}

// counts returns of what was said of some ids what counts of each key.
func counts(said []trait, of func(trait) bool) map[string]string {
	best := map[string]trait{}
	for _, t := range said {
		if !of(t) {
			continue
		}
		old, ok := best[t.key]
		newer := t.at > old.at
		if t.kind == footfall.TraitOnce {
			newer = t.at < old.at
		}
		switch {
		case !ok:
		case t.kind != old.kind: // what was set goes before what was set once
			if t.kind == footfall.TraitOnce {
				continue
			}
		case t.at != old.at:
			if !newer {
				continue
			}
		case t.message+"\x00"+t.value < old.message+"\x00"+old.value:
			continue
		}
		best[t.key] = t
	}
	values := map[string]string{}
	for key, t := range best {
		if t.value != "null" {
			values[key] = t.value
		}
	}
	return values
}

// TestTraitsAgreeWithTheOracle says things of few visitors, users and groups in
// random order, at few times, by messages and partitions of which few differ,
// between links, unlinks and aliases, and asks for each person and value.
func TestTraitsAgreeWithTheOracle(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	all := setup(t)
	for round := range 4 {
		w := all.of(t, newTenant(t, fmt.Sprint("traits", round), all.tenant.Settings))
		ids := []string{"visitor:a", "visitor:b", "visitor:c", "user:x", "user:y", "user:z"}
		var events []ev
		for i, id := range ids {
			e := ev{at: "2024-03-01T10:00:00Z", name: "A", visitor: trim(id, "visitor:"), user: trim(id, "user:"), id: fmt.Sprint(i)}
			events = append(events, e)
		}
		w.write(events...)
		var said []trait
		var edges []edge
		for range 40 {
			if random.IntN(4) == 0 {
				e := edge{footfall.LinkKind(1 + random.IntN(3)), pick(ids[:3]...), pick(ids[3:]...)}
				if e.kind == footfall.LinkAlias {
					e.from = pick(ids...)
				}
				w.edge(e.kind, e.from, trim(e.to, "user:"))
				edges = append(edges, e)
				continue
			}
			s := trait{
				of: pick(append(ids, "group:team:g", "group:team:h")...), kind: footfall.TraitKind(1 + random.IntN(2)), key: pick("k", "l"),
				value: pick(`1`, `"1"`, `null`, `"two"`), at: int64(random.IntN(4)), message: pick("m", "n"), partition: uint16(random.IntN(2)),
			}
			if random.IntN(4) == 0 && s.of[0] != 'g' {
				s.kind, s.key, s.value = footfall.TraitMember, "team", pick(`"g"`, `"h"`, `"i"`)
			}
			w.say(s)
			said = append(said, s)
		}
		want, plans, sizes := map[string]string{}, map[string]int{}, map[string]int{}
		sums := map[string]float64{}
		for _, id := range ids {
			person := personOf(id, edges)
			of := func(t trait) bool { return personOf(t.of, edges) == person && t.kind != footfall.TraitMember }
			traits := counts(said, of)
			values := map[string]json.RawMessage{}
			for key, value := range traits {
				values[key] = json.RawMessage(value)
			}
			text, err := json.Marshal(values)
			require.NoError(t, err)
			want[person] = string(text)
			plans[plain(traits["k"])]++
			if traits["k"] == `1` {
				sums["person.k"]++
			}
			team := counts(said, func(t trait) bool { return personOf(t.of, edges) == person && t.kind == footfall.TraitMember })["team"]
			group := counts(said, func(t trait) bool { return t.of == "group:team:"+plain(team) })
			sizes[plain(group["l"])]++
			if group["l"] == `1` {
				sums["group.team.l"]++
			}
		}
		require.Equal(t, want, w.traitsOf(), "%v %v", edges, said)
		for property, counted := range map[string]map[string]int{"person.k": plans, "group.team.l": sizes} {
			for _, value := range []string{"1", "two"} {
				require.InDelta(t, counted[value], w.count(`{"property":"`+property+`","op":"eq","value":"`+value+`"}`), 0, "%s %s %v %v", property, value, edges, said)
			}
			require.InDelta(t, counted[""], w.count(`{"property":"`+property+`","op":"is_not_set"}`), 0, property)
			require.InDelta(t, sums[property], w.total(`{"kind":"trend","interval":"total",`+wholeYear+`,"series":[{"event":"A","measure":"sum","of":"`+property+`"}]}`), 0, "%s %v %v", property, edges, said)
			lines := map[string]int{}
			for _, line := range points(w.ask(`{"kind":"trend","interval":"total",` + wholeYear + `,"breakdown":{"property":"` + property + `"},"series":[{"event":"A"}]}`)) {
				label := ""
				if line.Breakdown != nil {
					label = *line.Breakdown
				}
				lines[label] = int(*line.Total)
			}
			require.Equal(t, counted, lines, "%s %v %v", property, edges, said)
		}
	}
}

// plain is the text of a JSON value.
func plain(value string) string {
	var text string
	if json.Unmarshal([]byte(value), &text) != nil {
		return value
	}
	return text
}
