package clickhouse_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/tenant"
)

// fact is an event as the oracle sees it.
type fact struct {
	at            time.Time
	name, person  string
	visitor       string
	session       uint64
	plan          *string
	price         *float64
	views, length float64 // of the session
}

// generate writes events of some weeks around a change of the clock and
// returns them with the persons that the links make of them.
func generate(w *world, random *rand.Rand, n int, middle time.Time) []fact {
	var events []ev
	var facts []fact
	linked := map[string]string{}
	type totals struct {
		visitor     string
		first, last time.Time
		views       uint32
	}
	sessions := map[uint64]*totals{}
	plans := []string{`"free"`, `"pro"`, `"Pro"`, `7`, `7.5`, `true`, `""`, `null`}
	shown := map[string]string{`"free"`: "free", `"pro"`: "pro", `"Pro"`: "Pro", `7`: "7", `7.5`: "7.5", `true`: "true", `""`: ""}
	for i := range n {
		who := random.IntN(12)
		f := fact{
			at:   middle.Add(time.Duration(random.Int64N(int64(40*24*time.Hour))) - 20*24*time.Hour).Truncate(time.Millisecond),
			name: []string{"Buy", "Look", "$page"}[random.IntN(3)], visitor: fmt.Sprintf("v%d", who),
		}
		if random.IntN(10) == 0 { // exactly on an edge
			f.at = f.at.Truncate(time.Hour)
		}
		e := ev{at: f.at.Format(time.RFC3339Nano), name: f.name, visitor: f.visitor, id: fmt.Sprint(i)}
		if f.name == "$page" {
			e.typ = footfall.Page
		}
		if random.IntN(4) == 0 {
			e.user = fmt.Sprintf("u%d", who%4)
			if linked[f.visitor] == "" && who%3 > 0 {
				linked[f.visitor] = e.user
			}
			f.person = "user:" + e.user
		}
		if random.IntN(3) > 0 {
			// A session within one visitor and one day, numbered by both.
			f.session = uint64(who)<<32 | uint64(f.at.Unix()/86400)
			s := sessions[f.session]
			if s == nil {
				s = &totals{visitor: f.visitor, first: f.at, last: f.at}
				sessions[f.session] = s
			}
			if f.at.Before(s.first) {
				s.first = f.at
			}
			if f.at.After(s.last) {
				s.last = f.at
			}
			if e.typ == footfall.Page {
				s.views++
			}
			e.session = f.session
		}
		plan := plans[random.IntN(len(plans))]
		if text, ok := shown[plan]; ok {
			f.plan = &text
		}
		e.props = `{"plan":` + plan
		if random.IntN(4) > 0 {
			price := float64(random.IntN(400)-100) / 8
			f.price = &price
			e.props += `,"price":` + strconv.FormatFloat(price, 'f', -1, 64)
		}
		e.props += "}"
		events, facts = append(events, e), append(facts, f)
	}
	w.write(events...)
	up := &footfall.Upserts{}
	for visitor, user := range linked {
		w.addEdge(up, footfall.LinkUser, "visitor:"+visitor, user)
	}
	for number, s := range sessions {
		w.addSession(up, s.visitor, number, footfall.MillisOf(s.first), footfall.MillisOf(s.last), s.views)
	}
	w.upsert(up)
	for i := range facts {
		f := &facts[i]
		if f.person == "" {
			f.person = "visitor:" + f.visitor
			if user := linked[f.visitor]; user != "" {
				f.person = "user:" + user
			}
		}
		if s := sessions[f.session]; s != nil {
			f.views, f.length = float64(s.views), s.last.Sub(s.first).Seconds()
		}
	}
	return facts
}

// filters pairs conditions with what they mean.
var filters = []struct {
	filter string
	true   func(*fact) bool
}{
	{``, func(*fact) bool { return true }},
	{`{"property":"event.plan","op":"eq","value":"pro"}`, func(f *fact) bool { return f.plan != nil && *f.plan == "pro" }},
	{`{"property":"event.plan","op":"not_in","value":["7",true,""]}`, func(f *fact) bool {
		return f.plan == nil || !slices.Contains([]string{"7", "true", ""}, *f.plan)
	}},
	{`{"property":"event.plan","op":"contains","value":"ro"}`, func(f *fact) bool { return f.plan != nil && strings.Contains(*f.plan, "ro") }},
	{`{"property":"event.plan","op":"is_not_set"}`, func(f *fact) bool { return f.plan == nil }},
	{`{"property":"event.price","op":"gte","value":10}`, func(f *fact) bool { return f.price != nil && *f.price >= 10 }},
	{`{"not":{"property":"event.price","op":"lt","value":0}}`, func(f *fact) bool { return f.price == nil || *f.price >= 0 }},
	{`{"or":[{"property":"event.price","op":"lt","value":0},{"and":[{"property":"event.$name","op":"eq","value":"Buy"},{"property":"event.plan","op":"is_set"}]}]}`, func(f *fact) bool {
		return f.price != nil && *f.price < 0 || f.name == "Buy" && f.plan != nil
	}},
	{`{"property":"session.views","op":"gte","value":1}`, func(f *fact) bool { return f.session != 0 && f.views >= 1 }},
	{`{"not":{"property":"session.duration","op":"gt","value":3600}}`, func(f *fact) bool { return f.session == 0 || f.length <= 3600 }},
}

// bucketLabel names the bucket of a moment by the local calendar, by other
// means than the engine under test.
func bucketLabel(t time.Time, i query.Interval, sunday bool) string {
	switch i {
	case query.Hour:
		return t.Format("2006-01-02T15 -0700")
	case query.Month:
		return t.Format("2006-01")
	case query.Week:
		back := (int(t.Weekday()) + 6) % 7
		if sunday {
			back = int(t.Weekday())
		}
		y, m, d := t.Date()
		return time.Date(y, m, d-back, 12, 0, 0, 0, time.UTC).Format(time.DateOnly)
	case query.Day:
		return t.Format(time.DateOnly)
	}
	return ""
}

// measure is the obvious way to a number.
func measure(m query.Measure, of func(*fact) *float64, facts []*fact) *float64 {
	number := func(f float64) *float64 { return &f }
	distinct := func(key func(*fact) string) float64 {
		set := map[string]bool{}
		for _, f := range facts {
			if k := key(f); k != "" {
				set[k] = true
			}
		}
		return float64(len(set))
	}
	persons := distinct(func(f *fact) string { return f.person })
	var prices []float64
	sum := 0.0
	for _, f := range facts {
		if price := of(f); price != nil {
			prices = append(prices, *price)
			sum += *price
		}
	}
	slices.Sort(prices)
	quantile := func(q float64) *float64 {
		at := q * float64(len(prices)-1)
		low := int(at)
		high := min(low+1, len(prices)-1)
		return number(prices[low] + (at-float64(low))*(prices[high]-prices[low]))
	}
	switch m {
	case query.CountEvents:
		return number(float64(len(facts)))
	case query.CountPersons:
		return number(persons)
	case query.CountSessions:
		return number(distinct(func(f *fact) string {
			if f.session == 0 {
				return ""
			}
			return fmt.Sprint(f.session)
		}))
	case query.Sum:
		return number(sum)
	case query.PerPerson:
		if persons == 0 {
			return nil
		}
		return number(float64(len(facts)) / persons)
	}
	if len(prices) == 0 {
		return nil
	}
	switch m {
	case query.Avg:
		return number(sum / float64(len(prices)))
	case query.Min:
		return number(prices[0])
	case query.Max:
		return number(prices[len(prices)-1])
	case query.Median:
		return quantile(0.5)
	case query.P90:
		return quantile(0.9)
	case query.P95:
		return quantile(0.95)
	}
	return quantile(0.99)
}

func requireNumber(tb testing.TB, want, got *float64, where string) {
	tb.Helper()
	if want == nil || got == nil {
		require.Equal(tb, want, got, where)
		return
	}
	require.InDelta(tb, *want, *got, 1e-9*math.Max(1, math.Abs(*want)), where)
}

// TestTrendsAgreeWithTheOracle asks generated questions about generated events
// in zones whose clocks change in the middle of them.
func TestTrendsAgreeWithTheOracle(t *testing.T) {
	t.Parallel()
	askPlaces(t, "oracle", 400, 15, askOracle)
}

// askPlaces asks questions about generated events of some zones, a tenant for
// each.
func askPlaces(t *testing.T, name string, events, questions int, ask func(tb testing.TB, w *world, random *rand.Rand, facts []fact, middle time.Time, sunday bool)) {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	all := setup(t)
	for i, place := range []struct {
		zone   string
		middle string
		start  tenant.WeekStart
	}{
		{"America/New_York", "2024-03-10T07:00:00Z", tenant.SundayFirst},
		{"Australia/Lord_Howe", "2024-04-06T15:00:00Z", tenant.MondayFirst},
		{"Pacific/Apia", "2011-12-30T10:00:00Z", tenant.MondayFirst},
		{"America/Sao_Paulo", "2018-11-04T03:00:00Z", tenant.SundayFirst},
		{"Asia/Kathmandu", "2023-12-31T18:15:00Z", tenant.MondayFirst},
	} {
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		w := all.of(t, newTenant(t, name+strconv.Itoa(i), tenant.Settings{Zone: place.zone, WeekStart: place.start}))
		middle, err := time.Parse(time.RFC3339, place.middle)
		require.NoError(t, err)
		facts := generate(w, random, events, middle)
		for range questions {
			ask(t, w, random, facts, middle, place.start == tenant.SundayFirst)
		}
	}
}

func askOracle(tb testing.TB, w *world, random *rand.Rand, facts []fact, middle time.Time, sunday bool) {
	tb.Helper()
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	loc := w.tenant.Location()
	interval := query.Interval(pick("hour", "day", "week", "month", "total"))
	from := middle.Add(-time.Duration(random.IntN(20*24)) * time.Hour).In(loc)
	to := middle.Add(time.Duration(1+random.IntN(20*24)) * time.Hour).In(loc)
	m := query.Measure(pick("events", "persons", "sessions", "per_person", "sum", "avg", "min", "max", "median", "p90", "p95", "p99"))
	event := pick("*", "Buy", "Look", "$page")
	filter, shared := filters[random.IntN(len(filters))], filters[random.IntN(len(filters))]
	limit := 0
	series := `{"event":"` + event + `","measure":"` + string(m) + `"`
	if filter.filter != "" {
		series += `,"filter":` + filter.filter
	}
	number := pick("event.price", "session.views", "session.duration")
	if !slices.Contains([]query.Measure{query.CountEvents, query.CountPersons, query.CountSessions, query.PerPerson}, m) {
		series += `,"of":"` + number + `"`
	}
	count := func(facts []*fact) *float64 {
		return measure(m, func(f *fact) *float64 {
			switch {
			case number == "event.price":
				return f.price
			case f.session == 0:
				return nil
			case number == "session.views":
				return &f.views
			}
			return &f.length
		}, facts)
	}
	question := `{"kind":"trend","interval":"` + string(interval) + `","range":{"from":"` + from.Format(time.RFC3339Nano) + `","to":"` + to.Format(time.RFC3339Nano) + `"},"series":[` + series + `}]`
	if shared.filter != "" {
		question += `,"filter":` + shared.filter
	}
	if random.IntN(2) == 0 {
		limit = 1 + random.IntN(9)
		question += `,"breakdown":{"property":"event.plan","limit":` + strconv.Itoa(limit) + `}`
	}
	cumulative, rolling, twice := random.IntN(4) == 0, 1, random.IntN(4) == 0
	if cumulative {
		question += `,"cumulative":true`
	} else if random.IntN(4) == 0 {
		rolling = 1 + random.IntN(5)
		question += `,"rolling":` + strconv.Itoa(rolling)
	}
	if twice {
		question += `,"formula":"A + a*1.0"`
	}
	question += "}"
	shape := func(f *float64) *float64 {
		if f == nil || !twice {
			return f
		}
		double := *f * 2
		return &double
	}

	lines := map[string][]*fact{}
	for i := range facts {
		f := &facts[i]
		if f.at.Before(from) || !f.at.Before(to) || event != "*" && f.name != event || !filter.true(f) || !shared.true(f) {
			continue
		}
		key := "null"
		if limit > 0 && f.plan != nil {
			key = "=" + *f.plan
		}
		lines[key] = append(lines[key], f)
	}
	if limit == 0 && len(lines) == 0 {
		lines["null"] = nil
	}
	answer := w.ask(question).Result.(*query.TrendResult)

	// Which values are shown is told by their own totals, so that only equals
	// may change places; the others are compared as one.
	var shown []string
	for _, line := range answer.Series {
		key := "null"
		if line.Breakdown != nil {
			key = "=" + *line.Breakdown
		}
		if key != "="+query.Other {
			shown = append(shown, key)
		}
	}
	var rest []*fact
	least := math.Inf(1)
	for _, key := range shown {
		least = min(least, order(count(lines[key])))
	}
	for key, of := range lines {
		if !slices.Contains(shown, key) {
			rest = append(rest, of...)
			require.LessOrEqual(tb, order(count(of)), least+1e-9, "%s: %s is greater than what is shown", question, key)
		}
	}
	require.Len(tb, shown, min(len(lines), max(limit, 1)), question)
	for _, line := range answer.Series {
		of := rest
		if line.Breakdown == nil {
			of = lines["null"]
		} else if *line.Breakdown != query.Other {
			of = lines["="+*line.Breakdown]
		}
		requireNumber(tb, shape(count(of)), line.Total, question)
		if random.IntN(3) == 0 {
			requirePersons(tb, w, question, line.Breakdown, "", of)
		}
		byBucket := map[string][]*fact{}
		for _, f := range of {
			label := bucketLabel(f.at.In(loc), interval, sunday)
			byBucket[label] = append(byBucket[label], f)
		}
		var soFar []*fact
		var last []float64
		for i, start := range answer.Buckets {
			label := bucketLabel(start.In(loc), interval, sunday)
			behind := byBucket[label]
			if soFar = append(soFar, behind...); cumulative {
				behind = soFar
			}
			value := count(behind)
			if last = append(last, math.NaN()); value != nil {
				last[i] = *value
			}
			if rolling > 1 {
				value = mean(last[max(0, i+1-rolling):])
			}
			requireNumber(tb, shape(value), line.Values[i], question+" "+label)
			if random.IntN(len(answer.Buckets)) == 0 {
				requirePersons(tb, w, question, line.Breakdown, start.Format(time.RFC3339), behind)
			}
			delete(byBucket, label)
		}
		require.Empty(tb, byBucket, question)
	}
}

func order(f *float64) float64 {
	if f == nil {
		return math.Inf(-1)
	}
	return *f
}

// requirePersons asks who is behind a number.
func requirePersons(tb testing.TB, w *world, question string, value *string, bucket string, facts []*fact) {
	tb.Helper()
	of, err := query.Parse([]byte(question))
	require.NoError(tb, err)
	answer := w.run(&query.Persons{Of: of, At: &query.Cell{Bucket: bucket, Breakdown: value}}).Result.(*query.PersonsResult)
	want, got := map[string]bool{}, map[string]bool{}
	for _, f := range facts {
		want[f.person] = true
	}
	for _, p := range answer.Persons {
		got[p.ID] = true
	}
	require.Equal(tb, want, got, "%s at %s", question, bucket)
	require.Len(tb, want, int(answer.Total), question)
}

// mean is that of the numbers there are.
func mean(list []float64) *float64 {
	list = slices.DeleteFunc(slices.Clone(list), math.IsNaN)
	if len(list) == 0 {
		return nil
	}
	sum := 0.0
	for _, f := range list {
		sum += f
	}
	sum /= float64(len(list))
	return &sum
}
