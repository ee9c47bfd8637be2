package clickhouse_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/tenant"
)

// deed is an event as the oracle of segments sees it; they stand in the order of
// the log.
type deed struct {
	at           time.Time
	name, person string
	acted        bool
}

// belief says of somebody's deeds whether a segment is true of them.
type belief func(person string, deeds []deed) bool

// segments generates segments, each with what it means.
type segments struct {
	*rand.Rand

	begin    time.Time // of the events, which are of two days
	at       time.Time
	from, to time.Time // what within is where it is not given
	plans    map[string]string
}

func (g *segments) pick(list ...string) string { return list[g.IntN(len(list))] }

// moment is one on the grid that the events are on.
func (g *segments) moment() time.Time {
	return g.begin.Add(time.Duration(g.IntN(97)) * 30 * time.Minute)
}

func (g *segments) within() (text string, from, to time.Time) {
	from, to = g.moment(), g.moment()
	switch {
	case g.IntN(3) == 0:
		n := 1 + g.IntN(3)
		y, m, d := g.at.UTC().Date()
		end := time.Date(y, m, d+1, 0, 0, 0, 0, time.UTC)
		return `{"last":"` + strconv.Itoa(n) + `d"}`, end.AddDate(0, 0, -n), end
	case !from.Before(to):
		to = from.Add(24 * time.Hour)
	}
	return `{"from":"` + from.Format(time.RFC3339) + `","to":"` + to.Format(time.RFC3339) + `"}`, from, to
}

func (g *segments) segment(depth int) (string, belief) {
	if depth > 0 && g.IntN(2) == 0 {
		if g.IntN(3) == 0 {
			text, is := g.segment(depth - 1)
			return `{"not":` + text + `}`, func(p string, d []deed) bool { return !is(p, d) }
		}
		and := g.IntN(2) == 0
		var texts []string
		var parts []belief
		for range 1 + g.IntN(3) {
			text, is := g.segment(depth - 1)
			texts, parts = append(texts, text), append(parts, is)
		}
		return `{"` + map[bool]string{true: "and", false: "or"}[and] + `":[` + strings.Join(texts, ",") + `]}`, func(p string, d []deed) bool {
			for _, is := range parts {
				if is(p, d) != and {
					return !and
				}
			}
			return and
		}
	}
	switch g.IntN(6) {
	case 0:
		text, from, to := g.within()
		return `{"first_seen":` + text + `}`, func(_ string, deeds []deed) bool {
			acted := func(d deed) bool { return d.acted }
			if some := slices.DeleteFunc(slices.Clone(deeds), func(d deed) bool { return !acted(d) }); len(some) > 0 {
				deeds = some
			}
			first := slices.MinFunc(deeds, func(a, b deed) int { return a.at.Compare(b.at) }).at
			return !first.Before(from) && first.Before(to)
		}
	case 1:
		plan, op := g.pick("free", "pro"), g.pick("eq", "ne")
		return `{"property":"person.plan","op":"` + op + `","value":"` + plan + `"}`, func(p string, _ []deed) bool {
			return (g.plans[p] == plan) == (op == "eq")
		}
	case 2, 3:
		return g.did()
	}
	return g.sequence()
}

// chosen are the deeds of a name in a range.
func chosen(deeds []deed, name string, from, to time.Time) (list []int) {
	for i, d := range deeds {
		if d.acted && (name == "*" || d.name == name) && !d.at.Before(from) && d.at.Before(to) {
			list = append(list, i)
		}
	}
	return list
}

func (g *segments) did() (string, belief) {
	name := g.pick("A", "B", "*")
	text, from, to := `{"did":{"event":"`+name+`"}`, g.from, g.to
	if g.IntN(2) == 0 {
		var within string
		within, from, to = g.within()
		text += `,"within":` + within
	}
	least, most := 1, 1000
	switch g.IntN(5) {
	case 0:
		least = g.IntN(4)
		text += `,"count":{"gte":` + strconv.Itoa(least) + `}`
	case 1:
		least, most = 0, g.IntN(4)
		text += `,"count":{"lte":` + strconv.Itoa(most) + `}`
	case 2:
		least = g.IntN(4)
		most = least
		text += `,"count":{"eq":` + strconv.Itoa(least) + `}`
	case 3:
		least = g.IntN(3)
		most = least + g.IntN(3)
		text += `,"count":{"gte":` + strconv.Itoa(least) + `,"lte":` + strconv.Itoa(most) + `}`
	}
	return text + "}", func(_ string, deeds []deed) bool {
		n := len(chosen(deeds, name, from, to))
		return n >= least && n <= most
	}
}

func (g *segments) sequence() (string, belief) {
	first, second, what := g.pick("A", "B", "*"), g.pick("A", "B", "*"), g.pick("then", "not_then")
	half := 1 + g.IntN(8)
	span := time.Duration(half) * 30 * time.Minute
	text := `{"did":{"event":"` + first + `"},"` + what + `":{"event":"` + second + `"},"in":"` + strconv.Itoa(30*half) + `m"`
	from, to := g.from, g.to
	if g.IntN(2) == 0 {
		var within string
		within, from, to = g.within()
		text += `,"within":` + within
	}
	return text + "}", func(_ string, deeds []deed) bool {
		for _, a := range chosen(deeds, first, from, to) {
			followed := false
			for _, b := range chosen(deeds, second, deeds[a].at, g.at.Add(time.Millisecond)) {
				late := deeds[b].at.Sub(deeds[a].at)
				followed = followed || late <= span && (late > 0 || b > a)
			}
			if what == "then" && followed || what == "not_then" && !followed && !deeds[a].at.Add(span).After(g.at) {
				return true
			}
		}
		return false
	}
}

// TestSegmentsAgreeWithTheOracle asks generated segments about generated events,
// many of them at one time, at many moments; and of now as a filter, too.
func TestSegmentsAgreeWithTheOracle(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	all := setup(t)
	begin := time.Date(2024, 2, 28, 12, 0, 0, 0, time.UTC)
	for i := range 4 {
		g := &segments{Rand: rand.New(rand.NewPCG(seed, uint64(i))), begin: begin, plans: map[string]string{}}
		w := all.of(t, newTenant(t, "segments"+strconv.Itoa(i), tenant.Settings{}))
		deeds := g.generate(w)
		for range 40 {
			w.askSegment(g, deeds)
		}
	}
}

func (g *segments) generate(w *world) []deed {
	linked := map[string]string{"v1": "user:u0", "v2": "user:u1"}
	var events []ev
	var deeds []deed
	for range 90 {
		visitor := fmt.Sprintf("v%d", g.IntN(9))
		d := deed{at: g.moment(), name: g.pick("A", "A", "B", "C", "$identify"), acted: true, person: "visitor:" + visitor}
		e := ev{at: d.at.Format(time.RFC3339), name: d.name, visitor: visitor}
		if d.name == "$identify" {
			e.typ, d.acted = footfall.Identify, false
		}
		if user := linked[visitor]; user != "" {
			d.person = user
		}
		if g.IntN(5) == 0 {
			e.user = fmt.Sprintf("u%d", g.IntN(2))
			d.person = "user:" + e.user
		}
		events, deeds = append(events, e), append(deeds, d)
	}
	w.write(events...)
	for visitor, user := range linked {
		w.edge(footfall.LinkUser, "visitor:"+visitor, strings.TrimPrefix(user, "user:"))
	}
	for _, person := range []string{"visitor:v3", "visitor:v4", "visitor:v5", "user:u0", "visitor:v8"} {
		g.plans[person] = g.pick("free", "pro")
		w.say(trait{of: person, key: "plan", value: `"` + g.plans[person] + `"`, at: 5})
	}
	return deeds
}

func (w *world) askSegment(g *segments, deeds []deed) {
	w.tb.Helper()
	// A whole answer about the past, or the persons of all events of now.
	past := g.IntN(3) > 0
	g.at, g.from, g.to = time.Now(), time.Unix(0, 0), time.Now()
	rest := ""
	if past {
		g.at = g.moment()
		g.to = g.at.Add(time.Millisecond)
		rest = `,"at":"` + g.at.Format(time.RFC3339) + `"`
	}
	if !past || g.IntN(3) == 0 {
		g.from, g.to = g.moment(), g.begin.Add(49*time.Hour)
		rest += `,"range":{"from":"` + g.from.Format(time.RFC3339) + `","to":"` + g.to.Format(time.RFC3339) + `"}`
	}
	text, is := g.segment(2)
	question := text + rest
	mine := map[string][]deed{}
	for _, d := range deeds {
		if !d.at.After(g.at) {
			mine[d.person] = append(mine[d.person], d)
		}
	}
	var want []string
	events := 0
	for person, of := range mine {
		if !is(person, of) {
			continue
		}
		want = append(want, strings.TrimPrefix(person, "visitor:"))
		events += len(chosen(of, "*", g.from, g.to))
	}
	slices.Sort(want)
	require.Equal(w.tb, strings.Join(want, " "), w.in(text, rest), question)
	if !past {
		trend := `{"kind":"trend","interval":"total","series":[{"event":"*"}],"filter":{"segment":` + text + `}` + rest + `}`
		require.InDelta(w.tb, events, w.total(trend), 0, trend)
	}
}
