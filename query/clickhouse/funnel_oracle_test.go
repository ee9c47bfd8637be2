package clickhouse_test

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/internal/match"
	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/tenant"
)

// TestFunnelsBringUnitsTogether asks generated funnels, and gives the same events
// to a matcher by other ways than a statement: what is compared is who the units
// are, what their events match, and how it is counted. That the matcher is right
// is shown where it is.
func TestFunnelsBringUnitsTogether(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	all := setup(t)
	middle := time.Date(2024, 3, 10, 7, 0, 0, 0, time.UTC)
	for i := range 4 {
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		w := all.of(t, newTenant(t, fmt.Sprintf("funnel%d", i), tenant.Settings{Zone: "America/New_York"}))
		facts := generate(w, random, 500, middle)
		for range 25 {
			askFunnel(t, w, random, facts, middle)
		}
	}
}

func askFunnel(tb testing.TB, w *world, random *rand.Rand, facts []fact, middle time.Time) {
	tb.Helper()
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	type step struct {
		event string
		pass  func(*fact) bool
	}
	selector := func(more string) (string, step) {
		filter, event := filters[random.IntN(len(filters))], pick("*", "Buy", "Look", "$page")
		text := `{"event":"` + event + `"` + more
		if filter.filter != "" {
			text += `,"filter":` + filter.filter
		}
		return text + "}", step{event, filter.true}
	}
	from := middle.Add(-time.Duration(random.IntN(20*24)) * time.Hour)
	to := middle.Add(time.Duration(1+random.IntN(10*24)) * time.Hour)
	f := match.Funnel{Steps: 1 + random.IntN(4), From: from.UnixMilli(), To: to.UnixMilli(), Reach: math.MaxInt64, Window: -1}
	var steps []step
	var texts []string
	for range f.Steps {
		text, of := selector("")
		steps, texts = append(steps, of), append(texts, text)
	}
	question := `{"kind":"funnel","range":{"from":"` + from.Format(time.RFC3339) + `","to":"` + to.Format(time.RFC3339) + `"},"steps":[` + strings.Join(texts, ",") + `]`
	order := pick("ordered", "strict", "any")
	f.Order = map[string]match.Order{"ordered": match.Ordered, "strict": match.Strict, "any": match.Any}[order]
	question += `,"order":"` + order + `"`
	if window := random.IntN(20); window > 0 {
		f.Window = int64(window) * 24 * 3600 * 1000
		question += fmt.Sprintf(`,"window":"%dd"`, window)
	} else {
		question += `,"window":"none"`
	}
	if random.IntN(2) == 0 {
		f.Reach = f.To
		question += `,"reach":"range"`
	}
	if f.Steps > 1 && random.IntN(2) == 0 {
		text, of := selector(`,"after":1,"before":2`)
		f.Exclude = []match.Exclusion{{After: 1, Before: 2}}
		steps = append(steps, of)
		question += `,"exclude":[` + text + `]`
		if f.Drops = random.IntN(2) == 0; f.Drops {
			question += `,"exclusion":"person"`
		}
	}
	if f.Holds = random.IntN(3) == 0; f.Holds {
		question += `,"hold":["event.plan"]`
	}
	shared := filters[0]
	if random.IntN(3) == 0 {
		shared = filters[random.IntN(len(filters))]
		if shared.filter != "" {
			question += `,"filter":` + shared.filter
		}
	}
	by := pick("person", "person", "session")
	question += `,"by":"` + by + `"`
	attribution := ""
	if random.IntN(2) == 0 {
		attribution = pick("first", "last", "step")
		question += `,"breakdown":{"property":"event.plan","limit":100,"attribution":"` + attribution + `"`
		if attribution == "step" {
			question += `,"step":1`
		}
		question += "}"
	}
	question += "}"

	units := map[string][]match.Event{}
	for i := range facts {
		v := &facts[i]
		if !shared.true(v) || v.at.Before(from) || by == "session" && v.session == 0 {
			continue
		}
		e := match.Event{Time: v.at.UnixMilli(), Minor: uint64(i), Value: uint32(i), Bits: match.Breaks}
		for n, of := range steps {
			bit := match.StepBit(n + 1)
			if n >= f.Steps {
				bit = match.ExclusionBit(n - f.Steps)
			} else if f.Holds && v.plan == nil {
				continue
			}
			if (of.event == "*" || of.event == v.name) && of.pass(v) {
				e.Bits |= bit
			}
		}
		if f.Holds && v.plan != nil {
			h := fnv.New64()
			_, _ = h.Write([]byte(*v.plan))
			e.Hold = h.Sum64()
		}
		unit := v.person
		if by == "session" {
			unit = fmt.Sprint(v.visitor, " ", v.session)
		}
		units[unit] = append(units[unit], e)
	}
	want := map[string][]uint64{}
	waits := map[string]map[int][]int64{}
	m := match.New(f)
	for _, events := range units {
		match.Sort(events)
		m.Match(events)
		a := m.Best()
		if a == nil {
			continue
		}
		var plans []string
		for level := range a.Level {
			if plan := facts[events[a.Events[level]].Value].plan; plan != nil {
				plans = append(plans, "="+*plan)
			} else if attribution == "step" {
				plans = append(plans, "")
			}
		}
		label := ""
		switch {
		case attribution == "" || len(plans) == 0:
		case attribution == "last":
			label = plans[len(plans)-1]
		default:
			label = plans[0]
		}
		if want[label] == nil {
			want[label], waits[label] = make([]uint64, f.Steps), map[int][]int64{}
		}
		for level := range a.Level {
			want[label][level]++
			if level > 0 {
				waits[label][level] = append(waits[label][level], a.Times[level]-a.Times[level-1])
			}
		}
	}
	if attribution == "" && len(want) == 0 {
		want[""] = make([]uint64, f.Steps)
	}
	got := map[string][]uint64{}
	for _, group := range w.ask(question).Result.(*query.FunnelResult).Groups {
		label := ""
		if group.Breakdown != nil {
			label = "=" + *group.Breakdown
		}
		for level, step := range group.Steps {
			got[label] = append(got[label], step.Count)
			if list := waits[label][level]; len(list) > 0 {
				slices.Sort(list)
				requireNumber(tb, median(list), step.Seconds.Median, question)
			} else {
				require.Nil(tb, step.Seconds.Median, question)
			}
		}
	}
	require.Equal(tb, want, got, question)
	if at := 1 + random.IntN(f.Steps); attribution == "" && by == "person" {
		behind := w.ask(fmt.Sprintf(`{"kind":"persons","of":%s,"at":{"step":%d}}`, question, at)).Result.(*query.PersonsResult)
		require.Equal(tb, want[""][at-1], behind.Total, question)
	}
}

// median is that of sorted milliseconds, in seconds.
func median(list []int64) *float64 {
	value := (float64(list[(len(list)-1)/2]) + float64(list[len(list)/2])) / 2000
	return &value
}
