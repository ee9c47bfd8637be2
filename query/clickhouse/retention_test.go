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

// cohorts writes an answer down: a line for each cohort with somebody in it.
func cohorts(answer *query.Answer) string {
	var b strings.Builder
	for _, group := range answer.Result.(*query.RetentionResult).Groups {
		name := "null"
		if group.Breakdown != nil {
			name = *group.Breakdown
		}
		for _, c := range group.Cohorts {
			if c.Size == 0 {
				continue
			}
			fmt.Fprintf(&b, "%s %s %d:", name, c.From.Format("01-02"), c.Size)
			for _, value := range c.Values {
				if value == nil {
					b.WriteString(" -")
				} else {
					fmt.Fprintf(&b, " %d", *value)
				}
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

// retention asks about A and B in the first days of 2024.
func retention(rest string) string {
	return `{"kind":"retention","range":{"from":"2024-01-01","to":"2024-01-05"},"periods":3,"start":{"event":"A"},"return":{"event":"B"}` + rest + `}`
}

// visits writes events of one visitor: "A 01-02T10" and so on.
func (w *world) visits(visitor string, events ...string) {
	w.tb.Helper()
	var list []ev
	for _, text := range events {
		name, at, _ := strings.Cut(text, " ")
		at, props, _ := strings.Cut(at, " ")
		if len(at) == len("01-02T10") {
			at += ":00:00"
		}
		list = append(list, ev{at: "2024-" + at + "Z", name: name, visitor: visitor, props: props})
	}
	w.write(list...)
}

func TestRetention(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.visits("a", "A 01-01T10", "B 01-01T09", "B 01-02T10", "B 01-03T10", "B 01-03T11", "A 01-03T23")
	w.visits("b", "A 01-01T10", "B 01-01T10", "B 01-05T00", "B 01-04T23:59:59.999")
	w.visits("c", "A 01-02T00", "B 01-09T00")
	w.visits("d", "B 01-02T00", "C 01-02T01")
	w.visits("e", "A 01-04T01")
	w.write(ev{at: "2023-05-05T00:00:00Z", name: "A", visitor: "old"}, ev{at: "2024-01-02T00:00:00Z", name: "B", visitor: "old"}, ev{at: "2024-01-02T01:00:00Z", name: "A", visitor: "old"})
	require.Equal(t, "null 01-01 2: 1 1 1 1\nnull 01-02 1: 0 0 0 0\nnull 01-04 1: 0 0 0 0\n", cohorts(w.ask(retention(``))), "the return before the start does not count, that at its moment does")
	require.Equal(t, "null 01-01 2: 1 1 1 1\nnull 01-02 2: 0 0 0 0\nnull 01-04 1: 0 0 0 0\n", cohorts(w.ask(retention(`,"cohort":"first_in_range"`))))
	require.Equal(t, "null 01-01 2: 1 1 1 1\nnull 01-02 2: 0 0 0 0\nnull 01-03 1: 0 0 0 0\nnull 01-04 1: 0 0 0 0\n", cohorts(w.ask(retention(`,"cohort":"recurring"`))))
	require.Equal(t, "null 01-01 2: 2 2 2 1\nnull 01-02 1: 1 1 1 1\nnull 01-04 1: 0 0 0 0\n", cohorts(w.ask(retention(`,"count":"on_or_after"`))), "a return after all periods is one after each")
	// From 10 o'clock on: a is back 24 and 48 h after the start, and 49; b at
	// once, 86 h (the fourth day) and 85.99 h after it.
	require.Equal(t, "null 01-01 2: 1 1 1 1\nnull 01-02 1: 0 0 0 0\nnull 01-04 1: 0 0 0 0\n", cohorts(w.ask(retention(`,"buckets":"rolling"`))))
	require.Equal(t, "null 01-01 2: 2 2 2 1\nnull 01-02 1: 1 1 1 1\nnull 01-04 1: 0 0 0 0\n", cohorts(w.ask(retention(`,"buckets":"rolling","count":"on_or_after"`))))

	same := strings.Replace(retention(`,"cohort":"recurring"`), `"return":{"event":"B"}`, `"return":{"event":"A"}`, 1)
	require.Equal(t, "null 01-01 2: 2 0 1 0\nnull 01-02 2: 2 0 0 0\nnull 01-03 1: 1 0 0 0\nnull 01-04 1: 1 0 0 0\n", cohorts(w.ask(same)), "the start is a return where it is one")

	result := w.ask(retention(``)).Result.(*query.RetentionResult)
	require.Len(t, result.Groups, 1)
	require.Len(t, result.Groups[0].Cohorts, 4, "the empty ones too")
	require.Equal(t, 4, result.Groups[0].Cohorts[3].Complete)
	require.InDelta(t, 0.25, *result.Groups[0].Mean[2], 1e-12, "1 of 4 persons")

	nobody := w.ask(strings.ReplaceAll(retention(``), `"A"`, `"Z"`)).Result.(*query.RetentionResult)
	require.Len(t, nobody.Groups[0].Cohorts, 4)
	require.Nil(t, nobody.Groups[0].Mean[0])
	by := strings.ReplaceAll(retention(`,"breakdown":{"property":"event.x"}`), `"A"`, `"Z"`)
	require.Empty(t, w.ask(by).Result.(*query.RetentionResult).Groups)
}

// TestRetentionHasLocalDays counts in zones in which a day is not 24 hours long,
// or is not there at all, and in weeks from either day.
func TestRetentionHasLocalDays(t *testing.T) {
	t.Parallel()
	all := setup(t)
	ask := func(name string, settings tenant.Settings, question string, events ...ev) string {
		w := all.of(t, newTenant(t, name, settings))
		w.write(events...)
		return cohorts(w.ask(question))
	}
	of := func(from, to, rest string) string {
		return `{"kind":"retention","range":{"from":"` + from + `","to":"` + to + `"},"periods":2,"start":{"event":"A"},"return":{"event":"B"}` + rest + `}`
	}
	// The day of 10 March ends after 23 hours; 24 hours later it is the next but
	// for a moment.
	spring := []ev{
		{at: "2024-03-10T05:00:00Z", name: "A", visitor: "a"}, {at: "2024-03-11T03:59:59Z", name: "B", visitor: "a"}, // the same day
		{at: "2024-03-10T05:00:00Z", name: "A", visitor: "b"}, {at: "2024-03-11T04:00:00Z", name: "B", visitor: "b"}, // the day after
		{at: "2024-03-10T05:00:00Z", name: "A", visitor: "c"}, {at: "2024-03-12T04:00:00Z", name: "B", visitor: "c"}, // two days after
	}
	york := tenant.Settings{Zone: "America/New_York"}
	require.Equal(t, "null 03-10 3: 1 1 1\n", ask("york", york, of("2024-03-10", "2024-03-11", ``), spring...))
	require.Equal(t, "null 03-10 3: 2 1 0\n", ask("york2", york, of("2024-03-10", "2024-03-11", `,"buckets":"rolling"`), spring...), "23 hours are no day, 47 no two")
	// Samoa had no 30 December 2011: the day after the 29th is the 31st.
	require.Equal(t, "null 12-29 1: 0 1 0\n", ask("apia", tenant.Settings{Zone: "Pacific/Apia"}, of("2011-12-29", "2011-12-30", ``),
		ev{at: "2011-12-29T10:00:00Z", name: "A", visitor: "a"}, ev{at: "2011-12-30T10:00:00Z", name: "B", visitor: "a"}))
	// On Lord Howe the clock goes back by half an hour.
	require.Equal(t, "null 04-07 1: 1 0 0\n", ask("howe", tenant.Settings{Zone: "Australia/Lord_Howe"}, of("2024-04-07", "2024-04-08", ``),
		ev{at: "2024-04-06T13:00:00Z", name: "A", visitor: "a"}, ev{at: "2024-04-07T13:29:59Z", name: "B", visitor: "a"}))

	// Sunday, 7 January: the next week already, or the same one.
	week := []ev{{at: "2024-01-02T10:00:00Z", name: "A", visitor: "a"}, {at: "2024-01-07T10:00:00Z", name: "B", visitor: "a"}}
	require.Equal(t, "null 12-31 1: 0 1 0\n", ask("sunday", tenant.Settings{WeekStart: tenant.SundayFirst}, of("2024-01-01", "2024-01-08", `,"interval":"week"`), week...))
	require.Equal(t, "null 01-01 1: 1 0 0\n", ask("monday", tenant.Settings{}, of("2024-01-01", "2024-01-08", `,"interval":"week"`), week...))
	// Across the end of a year, with months of different length.
	months := []ev{{at: "2023-12-31T23:00:00Z", name: "A", visitor: "a"}, {at: "2024-02-29T23:59:59Z", name: "B", visitor: "a"}, {at: "2024-01-30T23:00:00Z", name: "B", visitor: "a"}}
	require.Equal(t, "null 12-01 1: 0 1 1\n", ask("months", tenant.Settings{}, of("2023-12-01", "2024-01-01", `,"interval":"month"`), months...))
	require.Equal(t, "null 12-01 1: 0 1 1\n", ask("rolling", tenant.Settings{}, of("2023-12-01", "2024-01-01", `,"interval":"month","buckets":"rolling"`), months...), "30 days to the hour are the second month")
}

func TestRetentionOfPersons(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.visits("phone", "A 01-01T10")
	w.visits("tablet", `A 01-02T10 {"x":"late"}`, "B 01-02T11")
	w.visits("other", `A 01-02T10 {"x":7}`, "B 01-04T10")
	w.visits("odd", `A 01-01T10 {"x":"$other"}`)
	require.Equal(t, "null 01-01 2: 0 0 0 0\nnull 01-02 2: 1 0 1 0\n", cohorts(w.ask(retention(``))))
	w.edge(footfall.LinkUser, "visitor:phone", "ann")
	w.edge(footfall.LinkUser, "visitor:tablet", "ann")
	require.Equal(t, "null 01-01 2: 0 1 0 0\nnull 01-02 1: 0 0 1 0\n", cohorts(w.ask(retention(``))), "one person with two devices started once")
	require.Equal(t, "user:ann", w.behind(retention(``), `{"cohort":"2024-01-01","period":1}`))
	require.Empty(t, w.behind(retention(``), `{"cohort":"2024-01-01T00:00:00Z","period":2}`))
	// The size of a cohort, whoever came back.
	require.Equal(t, "odd user:ann", w.behind(retention(``), `{"cohort":"2024-01-01","size":true}`))
	require.Equal(t, "other", w.behind(retention(``), `{"cohort":"2024-01-02","size":true}`))
	require.Empty(t, w.behind(retention(``), `{"cohort":"2024-01-03","size":true}`))

	by := retention(`,"breakdown":{"property":"event.x","limit":1}`)
	require.Equal(t, "7 01-02 1: 0 0 1 0\n$other 01-01 2: 0 1 0 0\n", cohorts(w.ask(by)), "the value is that of the start")
	require.Equal(t, "other", w.behind(by, `{"cohort":"2024-01-02","period":2,"breakdown":"7"}`))
	require.Equal(t, "user:ann", w.behind(by, `{"cohort":"2024-01-01","period":1,"breakdown":"$other"}`))
	require.Equal(t, "user:ann", w.behind(by, `{"cohort":"2024-01-01","period":1}`), "who has none")
	require.Empty(t, w.behind(by, `{"cohort":"2024-01-01","period":1,"breakdown":"late"}`))
	later := retention(`,"count":"on_or_after","breakdown":{"property":"event.x","limit":1}`)
	require.Equal(t, "other", w.behind(later, `{"cohort":"2024-01-02","period":1,"breakdown":"7"}`))
	each := retention(`,"cohort":"recurring","breakdown":{"property":"event.x"}`)
	require.Equal(t, "7 01-02 1: 0 0 1 0\nlate 01-02 1: 1 0 0 0\nnull 01-01 1: 0 1 0 0\n$other 01-01 1: 0 0 0 0\n", cohorts(w.ask(each)))

	w.say(trait{of: "visitor:tablet", key: "plan", value: `"pro"`, at: 5})
	require.Equal(t, "null 01-01 1: 0 0 0 0\nnull 01-02 1: 0 0 1 0\npro 01-01 1: 0 1 0 0\n", cohorts(w.ask(retention(`,"breakdown":{"property":"person.plan"}`))))
	require.Equal(t, "null 01-01 1: 0 1 0 0\n", cohorts(w.ask(retention(`,"filter":{"property":"person.plan","op":"eq","value":"pro"}`))))

	// A return and the session it is compared with may lie after the range.
	w.write(ev{at: "2024-01-06T10:00:00Z", name: "B", visitor: "phone", session: 7})
	w.session("phone", 7, "2024-01-06T10:00:00Z", "2024-01-06T10:30:00Z", 3)
	session := `{"kind":"retention","range":{"from":"2024-01-01","to":"2024-01-02"},"periods":6,"start":{"event":"A"},"return":{"event":"B","filter":{"property":"session.views","op":"eq","value":3}}}`
	require.Equal(t, "null 01-01 2: 0 0 0 0 0 1 0\n", cohorts(w.ask(session)))

	q, err := query.Parse([]byte(`{"kind":"persons","of":` + retention(``) + `,"at":{"cohort":"2024-01-02T10:00:00Z"}}`))
	require.NoError(t, err)
	_, err = w.engine.Run(t.Context(), w.tenant, q)
	var invalid *query.InvalidError
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, "/at/cohort", invalid.Problems[0].Path)
}

// TestRetentionOfNow tells periods that are over from those that are not, and
// those from the ones that have not begun.
func TestRetentionOfNow(t *testing.T) {
	t.Parallel()
	w := setupWith(t, query.Config{}, tenant.Settings{Retention: 30 * 24 * time.Hour})
	now := time.Now().UTC()
	if now.Truncate(24*time.Hour) != now.Add(time.Minute).Truncate(24*time.Hour) {
		now = now.Add(time.Minute) // not across midnight: tomorrow's answers are others
	}
	at := func(days int, name, visitor string) ev {
		return ev{at: now.AddDate(0, 0, -days).Format(time.RFC3339Nano), name: name, visitor: visitor}
	}
	w.write(at(2, "A", "a"), at(1, "B", "a"), at(0, "B", "a"), at(2, "A", "b"), at(0, "A", "c"), at(40, "A", "c"), at(1, "A", "d"))
	rest := `,"periods":3,"start":{"event":"A"},"return":{"event":"B"}}`
	answer := w.ask(`{"kind":"retention","range":{"last":"3d"}` + rest).Result.(*query.RetentionResult).Groups[0]
	values := func(c query.CohortRow) (list []int) {
		for _, value := range c.Values {
			if value == nil {
				list = append(list, -1)
			} else {
				list = append(list, int(*value))
			}
		}
		return list
	}
	require.Len(t, answer.Cohorts, 3)
	require.Equal(t, []int{0, 1, 1, -1}, values(answer.Cohorts[0]))
	require.Equal(t, []int{0, 0, -1, -1}, values(answer.Cohorts[1]))
	require.Equal(t, []int{0, -1, -1, -1}, values(answer.Cohorts[2]))
	require.Equal(t, []int{2, 1, 0}, []int{answer.Cohorts[0].Complete, answer.Cohorts[1].Complete, answer.Cohorts[2].Complete})
	require.EqualValues(t, 1, answer.Cohorts[2].Size, "what the tenant keeps no longer is no first start")
	require.InDelta(t, 0, *answer.Mean[0], 0)
	require.InDelta(t, 0.5, *answer.Mean[1], 0, "the two of the first cohort alone")
	require.Nil(t, answer.Mean[2])

	// A rolling period is over when it is for those who started last.
	rolling := w.ask(`{"kind":"retention","range":{"last":"3d"},"buckets":"rolling"` + rest).Result.(*query.RetentionResult).Groups[0]
	require.Equal(t, []int{0, 1, 1, -1}, values(rolling.Cohorts[0]))
	require.Equal(t, []int{1, 0, 0}, []int{rolling.Cohorts[0].Complete, rolling.Cohorts[1].Complete, rolling.Cohorts[2].Complete})
	require.InDelta(t, 0, *rolling.Mean[0], 0)
	require.Nil(t, rolling.Mean[1])
	today := answer.Cohorts[2].From.Format(time.RFC3339)
	require.Empty(t, w.behind(`{"kind":"retention","range":{"last":"3d"}`+rest, `{"cohort":"`+today+`","period":1}`))
}

func TestRetentionIsBounded(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.visits("a", "A 01-01T10", "B 06-01T10")
	year := func(rest string) string {
		return `{"kind":"retention","range":{"from":"2023-06-01","to":"2024-06-01"},"periods":366,"start":{"event":"A"},"return":{"event":"B"}` + rest + `}`
	}
	answer := w.ask(year(``)).Result.(*query.RetentionResult)
	require.Len(t, answer.Groups[0].Cohorts, 366)
	row := answer.Groups[0].Cohorts[214]
	require.EqualValues(t, 1, row.Size)
	require.EqualValues(t, 1, *row.Values[152])
	q, err := query.Parse([]byte(year(`,"breakdown":{"property":"event.x"}`)))
	require.NoError(t, err)
	_, err = w.engine.Run(t.Context(), w.tenant, q)
	var invalid *query.InvalidError
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, "too_many", invalid.Problems[0].Code)
}
