package clickhouse_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/query"
)

// wall knows the buckets of a local calendar because it looks at the wall every
// quarter of an hour.
type wall struct {
	numbers map[string]int
	starts  []time.Time
}

func lookAt(from, to time.Time, i query.Interval, sunday bool) wall {
	w := wall{numbers: map[string]int{}}
	for t := from.Truncate(15 * time.Minute); t.Before(to); t = t.Add(15 * time.Minute) {
		label := bucketLabel(t, i, sunday)
		if _, seen := w.numbers[label]; !seen {
			w.numbers[label] = len(w.starts)
			w.starts = append(w.starts, t)
		}
	}
	return w
}

// returner is somebody in a cohort and the periods that count.
type returner struct {
	person string
	cohort int
	key    string
	back   map[int]bool
}

// retained is the obvious way to the members of all cohorts.
func retained(facts []fact, q *query.Retention, from, to time.Time, label func(time.Time) int, starts, returns func(*fact) bool) []returner {
	width := map[query.Interval]time.Duration{query.Day: 24 * time.Hour, query.Week: 7 * 24 * time.Hour, query.Month: 30 * 24 * time.Hour}[q.Interval]
	byPerson := map[string][]*fact{}
	for i := range facts {
		byPerson[facts[i].person] = append(byPerson[facts[i].person], &facts[i])
	}
	var members []returner
	for person, all := range byPerson {
		slices.SortStableFunc(all, func(a, b *fact) int { return a.at.Compare(b.at) })
		taken := map[int]bool{}
		for _, f := range all {
			inRange := !f.at.Before(from) && f.at.Before(to)
			if !starts(f) || !inRange && q.Cohort != query.FirstEver {
				continue
			}
			if inRange && !taken[label(f.at)] {
				c := label(f.at)
				taken[c] = true
				m := returner{person: person, cohort: c, key: "null", back: map[int]bool{}}
				if f.plan != nil {
					m.key = "=" + *f.plan
				}
				for _, r := range all {
					if !returns(r) || r.at.Before(f.at) {
						continue
					}
					period := label(r.at) - c
					if q.Buckets == query.RollingBuckets {
						period = int(r.at.Sub(f.at) / width)
					}
					m.back[period] = true
					for j := range period {
						m.back[j] = m.back[j] || q.Count == query.OnOrAfterward
					}
				}
				members = append(members, m)
			}
			if q.Cohort != query.Recurring {
				break
			}
		}
	}
	return members
}

// TestRetentionsAgreeWithTheOracle asks generated questions about generated
// events in zones whose clocks change in the middle of them.
func TestRetentionsAgreeWithTheOracle(t *testing.T) {
	t.Parallel()
	askPlaces(t, "cohorts", 300, 20, askCohorts)
}

func askCohorts(tb testing.TB, w *world, random *rand.Rand, facts []fact, middle time.Time, sunday bool) {
	tb.Helper()
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	loc := w.tenant.Location()
	from := middle.Add(-time.Duration(random.IntN(20*24)) * time.Hour).In(loc)
	to := middle.Add(time.Duration(1+random.IntN(20*24)) * time.Hour).In(loc)
	startFilter, returnFilter, shared := filters[random.IntN(len(filters))], filters[random.IntN(len(filters))], filters[random.IntN(3)]
	selector := func(event, filter string) string {
		if filter != "" {
			filter = `,"filter":` + filter
		}
		return `{"event":"` + event + `"` + filter + `}`
	}
	startName, returnName := pick("*", "Buy", "Look"), pick("*", "Buy", "$page")
	question := `{"kind":"retention","interval":"` + pick("day", "week", "month") + `","periods":` + strconv.Itoa(1+random.IntN(6)) +
		`,"range":{"from":"` + from.Format(time.RFC3339Nano) + `","to":"` + to.Format(time.RFC3339Nano) + `"}` +
		`,"start":` + selector(startName, startFilter.filter) + `,"return":` + selector(returnName, returnFilter.filter) +
		`,"cohort":"` + pick("first_ever", "first_in_range", "recurring") + `","count":"` + pick("on", "on_or_after") + `","buckets":"` + pick("calendar", "rolling") + `"`
	if shared.filter != "" {
		question += `,"filter":` + shared.filter
	}
	limit := 0
	if random.IntN(2) == 0 {
		limit = 1 + random.IntN(9)
		question += `,"breakdown":{"property":"event.plan","limit":` + strconv.Itoa(limit) + `}`
	}
	question += "}"
	parsed, err := query.Parse([]byte(question))
	require.NoError(tb, err)
	q := parsed.(*query.Retention)

	of := func(name string, filter func(*fact) bool) func(*fact) bool {
		return func(f *fact) bool { return (name == "*" || f.name == name) && filter(f) && shared.true(f) }
	}
	wall := lookAt(middle.AddDate(0, -3, 0).In(loc), middle.AddDate(0, 3, 0).In(loc), q.Interval, sunday)
	first := wall.numbers[bucketLabel(from, q.Interval, sunday)]
	label := func(t time.Time) int { return wall.numbers[bucketLabel(t.In(loc), q.Interval, sunday)] - first }
	groups, sizes := map[string][]returner{}, map[string]int{}
	if limit == 0 {
		groups["null"] = nil
	}
	for _, m := range retained(facts, q, from, to, label, of(startName, startFilter.true), of(returnName, returnFilter.true)) {
		if limit == 0 {
			m.key = "null"
		}
		groups[m.key] = append(groups[m.key], m)
		sizes[m.key]++
	}
	answer := w.ask(question).Result.(*query.RetentionResult)
	var shown []string
	least := len(facts)
	for _, group := range answer.Groups {
		if key := keyOf(group.Breakdown); key != "="+query.Other {
			shown = append(shown, key)
			least = min(least, sizes[key])
		}
	}
	var rest []returner
	for key, of := range groups {
		if !slices.Contains(shown, key) {
			rest = append(rest, of...)
			require.LessOrEqual(tb, len(of), least, "%s: %s is greater than what is shown", question, key)
		}
	}
	require.Len(tb, shown, min(len(groups), max(limit, 1)), question)
	for _, group := range answer.Groups {
		of := groups[keyOf(group.Breakdown)]
		if keyOf(group.Breakdown) == "="+query.Other {
			of = rest
		}
		requireCohorts(tb, w, q, &group, of, wall.starts[first:], func(n int) bool { return random.IntN(n) == 0 }, question)
	}
}

func keyOf(value *string) string {
	if value == nil {
		return "null"
	}
	return "=" + *value
}

func requireCohorts(tb testing.TB, w *world, q *query.Retention, group *query.CohortGroup, members []returner, starts []time.Time, chance func(int) bool, question string) {
	tb.Helper()
	total := 0
	for i, c := range group.Cohorts {
		where := fmt.Sprintf("%s: %s, cohort %s", question, keyOf(group.Breakdown), c.From)
		require.True(tb, starts[i].Equal(c.From), where)
		require.Equal(tb, len(c.Values), c.Complete, where)
		size, back := 0, make([]map[string]bool, len(c.Values))
		for _, m := range members {
			if m.cohort == i {
				size++
				for j := range back {
					if m.back[j] {
						if back[j] == nil {
							back[j] = map[string]bool{}
						}
						back[j][m.person] = true
					}
				}
			}
		}
		require.EqualValues(tb, size, c.Size, where)
		total += size
		for j, value := range c.Values {
			require.NotNil(tb, value, where)
			require.EqualValues(tb, len(back[j]), *value, "%s, period %d", where, j)
			if chance(20 * len(group.Cohorts)) {
				at := &query.Cell{Cohort: c.From.Format(time.RFC3339), Period: j, Breakdown: group.Breakdown}
				result := w.run(&query.Persons{Of: q, At: at}).Result.(*query.PersonsResult)
				require.Len(tb, back[j], int(result.Total), where)
				for _, p := range result.Persons {
					require.True(tb, back[j][p.ID], "%s: %s", where, p.ID)
				}
			}
		}
	}
	require.Len(tb, members, total, "everybody is in a cohort: %s", question)
}
