package querytest

import (
	"fmt"

	"github.com/footfall-go/footfall/query"
)

// step is a selector of a funnel, which events of others' steps match often.
func (g *generator) step() query.Selector {
	s := query.Selector{Event: pick(g, "*", "A", "A", "B", "B", "C", "$page", "$identify")}
	if g.chance(g.sparing(6)) {
		s.Filter = g.filter(g.depth(0, 0, 1))
	}
	return s
}

func (g *generator) funnel() *query.Funnel {
	q := &query.Funnel{Scope: g.scope()}
	for range 1 + g.IntN(4) {
		q.Steps = append(q.Steps, g.step())
	}
	q.Order = pick(g, "", query.InOrder, query.Strict, query.Strict, query.AnyOrder)
	q.Window = pick(g, "", "none", "1d", "3d", fmt.Sprint(1+g.IntN(200), "h"))
	q.By = pick(g, "", "", "person", "session", "group.company")
	q.Reach = pick(g, "", query.WithinRange)
	q.Exclusion = pick(g, "", query.EndsAttempt, query.DropsPerson)
	if n := len(q.Steps); n > 1 && g.chance(3) {
		for range 1 + g.IntN(2) {
			after := 1 + g.IntN(n-1)
			q.Exclude = append(q.Exclude, query.Exclusion{Selector: g.step(), After: after, Before: after + 1 + g.IntN(n-after)})
		}
	}
	if g.chance(4) {
		q.Hold = pick(g, []string{"event.plan"}, []string{"event.plan", "event.$type"}, []string{"event.price"}, []string{"person.tier", "event.plan"}, []string{"session.entry"}, []string{"group.company.$id", "session.views"})
	}
	q.Interval = pick(g, "", "", query.Day, query.Week, query.Month)
	if b := g.breakdown(); b != nil {
		q.Breakdown = &query.FunnelBreakdown{Breakdown: *b, Attribution: pick(g, "", query.FirstTouch, query.LastTouch, query.AtStep)}
		if q.Breakdown.Attribution == query.AtStep {
			q.Breakdown.Step = 1 + g.IntN(len(q.Steps))
		}
	}
	return q
}

// behindFunnel asks who is behind a number of a funnel.
func (g *generator) behindFunnel() *query.Persons {
	of := g.funnel()
	at := &query.Cell{Step: 1 + g.IntN(len(of.Steps))}
	if at.Step > 1 {
		at.Outcome = pick(g, "", query.Converted, query.Dropped)
	}
	if of.Breakdown != nil {
		at.Breakdown = g.value()
	}
	g.aim(of, at)
	return &query.Persons{Of: of, At: at}
}

// value is one that a breakdown may have.
func (g *generator) value() *string {
	return pick(g, nil, new(query.Other), new("pro"), new("7"), new("gold"), new("acme"), new("A"), new("true"))
}
