package querytest

import (
	"fmt"
	"time"

	"github.com/footfall-go/footfall/query"
)

func (g *generator) retention() *query.Retention {
	return &query.Retention{
		Scope: g.scope(), Interval: pick(g, "", query.Hour, query.Day, query.Week, query.Month), Periods: g.IntN(6),
		Start: g.selector(), Return: g.selector(), Breakdown: g.breakdown(),
		Cohort:  pick(g, "", query.FirstEver, query.FirstInRange, query.Recurring),
		Count:   pick(g, "", query.OnPeriod, query.OnOrAfterward),
		Buckets: pick(g, "", query.CalendarBuckets, query.RollingBuckets),
	}
}

// behindRetention asks who is behind a number of a retention.
func (g *generator) behindRetention() *query.Persons {
	of := g.retention()
	at := &query.Cell{Cohort: g.bucket(of.Scope, of.Interval), Period: g.IntN(1 + periodsOf(of))}
	if g.IntN(4) == 0 {
		at.Period, at.Size = 0, true
	}
	if of.Breakdown != nil {
		at.Breakdown = g.value()
	}
	g.aim(of, at)
	return &query.Persons{Of: of, At: at}
}

func (g *generator) segmentSize() *query.SegmentSize {
	q := &query.SegmentSize{Segment: *g.segment(g.depth(1, 2))}
	if g.chance(2) {
		q.Scope = g.scope()
	}
	if g.chance(2) {
		q.At = g.moment().Format(time.RFC3339Nano)
	}
	return q
}

func (g *generator) segment(depth int) *query.Segment {
	if depth > 0 {
		switch g.IntN(6) {
		case 0:
			return &query.Segment{And: []query.Segment{*g.segment(depth - 1), *g.segment(depth - 1)}}
		case 1:
			return &query.Segment{Or: []query.Segment{*g.segment(depth - 1), *g.segment(depth - 1)}}
		case 2:
			return &query.Segment{Not: g.segment(depth - 1)}
		}
	}
	if len(g.stored) > 0 && g.chance(4) {
		return &query.Segment{ID: pick(g, g.stored...)}
	}
	within := func() *query.Range {
		return pick(g, nil, new(g.span()), &query.Range{Last: pick(g, "1d", "7d", "2w", "36h")})
	}
	did := new(g.selector())
	in := fmt.Sprint(1+g.IntN(100), pick(g, "s", "h", "h", "d"))
	switch g.IntN(6) {
	case 0:
		return &query.Segment{FirstSeen: new(g.span())}
	case 1:
		s := &query.Segment{Property: pick(g, "person.tier", "person.age")}
		s.Op, s.Value = g.comparison(s.Property)
		return s
	case 2:
		return &query.Segment{Did: did, Within: within(), Then: new(g.selector()), In: in}
	case 3:
		return &query.Segment{Did: did, Within: within(), NotThen: new(g.selector()), In: in}
	case 4:
		return &query.Segment{Did: did, Within: within(), Times: pick(g, &query.Times{AtLeast: new(2)}, &query.Times{AtMost: new(1)}, &query.Times{Exactly: new(0)}, &query.Times{AtLeast: new(1), AtMost: new(3)})}
	}
	return &query.Segment{Did: did, Within: within()}
}
