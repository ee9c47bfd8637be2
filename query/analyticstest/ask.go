package analyticstest

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/foldtest"
	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/query/querytest"
)

// Ask answers a question about what was sent so far, as of now. The answer has no
// stats. A question that is wrong fails the test, with all its mistakes.
func (a *Analytics) Ask(q query.Query) *query.Answer {
	a.t.Helper()
	world := a.world()
	answer, err := world.Answer(a.tenant, q, a.Now())
	if err != nil {
		a.t.Fatalf("analyticstest: ask a %s: %v", q.Kind(), err)
		return nil
	}
	return answer
}

// Funnel returns how many persons reached each step, in order and within the
// default window, among all that was sent.
func (a *Analytics) Funnel(steps ...string) []uint64 {
	a.t.Helper()
	q := &query.Funnel{Scope: query.Scope{Range: a.Always()}}
	for _, step := range steps {
		q.Steps = append(q.Steps, query.Selector{Event: step})
	}
	answer := a.Ask(q)
	if answer == nil {
		return nil
	}
	var counts []uint64
	for _, step := range answer.Result.(*query.FunnelResult).Groups[0].Steps {
		counts = append(counts, step.Count)
	}
	return counts
}

// Count returns how many events of a name were sent, "*" for all that somebody
// did. What was sent twice counts once.
func (a *Analytics) Count(event string) int { return a.total(event, query.CountEvents) }

// Persons returns how many persons did an event, "*" for anything.
func (a *Analytics) Persons(event string) int { return a.total(event, query.CountPersons) }

func (a *Analytics) total(event string, measure query.Measure) int {
	a.t.Helper()
	answer := a.Ask(&query.Trend{
		Scope: query.Scope{Range: a.Always()}, Interval: query.Total,
		Series: []query.Series{{Selector: query.Selector{Event: event}, Measure: measure}},
	})
	if answer == nil {
		return 0
	}
	return int(*answer.Result.(*query.TrendResult).Series[0].Total)
}

// Events returns the events as a store would have them, in the order of their
// times and then of their arrival, with their sessions. Those that say who
// somebody is, identify, group and alias, are among them.
func (a *Analytics) Events() []footfall.Event {
	a.t.Helper()
	return a.world().Events
}

// Always is the range of all that was sent so far, up to now at least.
func (a *Analytics) Always() query.Range {
	a.t.Helper()
	from := footfall.MillisOf(a.Now())
	to := from
	for _, ev := range a.world().Events {
		from, to = min(from, ev.Time), max(to, ev.Time)
	}
	text := func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
	return query.Range{From: text(from.Time()), To: text((to + 1).Time())}
}

// world is what a store would have of the log.
func (a *Analytics) world() *querytest.World {
	a.t.Helper()
	folded, err := foldtest.Fold(a.log.all(), foldtest.Options{})
	if err != nil {
		a.t.Fatalf("analyticstest: fold the log: %v", err)
		return &querytest.World{}
	}
	rows := folded.Rows
	world := &querytest.World{
		Events:   folded.Remaining(),
		Sessions: slices.Collect(maps.Values(rows.Sessions)),
		Links:    slices.Collect(maps.Values(rows.Links)),
		Traits:   slices.Collect(maps.Values(rows.Traits)),
		IDs:      slices.Collect(maps.Values(rows.IDs)),
	}
	slices.SortStableFunc(world.Events, func(x, y footfall.Event) int {
		return cmp.Or(cmp.Compare(x.Time, y.Time), x.Position.Compare(y.Position))
	})
	return world
}
