package query

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/footfall-go/footfall/internal/schema"
)

// asUnit is a group that is a unit.
var asUnit = value{[]string{"in_unit", "unit"}, asLabel.exprs}

// funnelRows returns the events of a funnel with what is packed of them, the
// columns of their unit, and whether their actor leads to it.
func (s *sql) funnelRows(q *Funnel, shape funnelShape) (rows, unit string, perActor bool) {
	var c columns
	s.packed(&c, q, shape)
	where := append(s.between(s.since, shape.end), s.named(q.Order == Strict, q.selectors()...))
	if s.shared != nil {
		where = append(where, s.filter(s.shared))
	}
	where = append(where, "matched != 0")
	var by property
	if q.Breakdown != nil {
		by = parseProperty(q.Breakdown.Property)
	}
	s.addLabel(&c, by)
	held := s.heldApart(&c, q.Hold)
	groupType, byGroup := strings.CutPrefix(q.by(), ofGroup+".")
	unit = "person"
	switch {
	case byGroup:
		c.add("own_unit", "toString("+s.ownGroup(groupType)+")")
		unit = "unit"
	case q.by() == bySession:
		c.addSession()
		where = append(where, "session != 0")
		unit = "visitor, session"
	}
	known := by.byPerson() || slices.ContainsFunc(held, property.byPerson)
	perActor = q.by() == byPerson && !known
	ofPersons := byGroup || known || shape.who == ofEvents || q.by() == byPerson && !perActor
	if perActor || ofPersons {
		c.exprs = append(c.exprs, actor)
	}
	rows = s.scan(join(c.exprs), schema.Events, where...)
	switch {
	case perActor:
		c.names = append(c.names, "actor")
	case ofPersons:
		rows = s.withPerson(join(c.names), rows)
		c.add("person", "")
	}
	if byGroup {
		rows = s.joined(property{ofGroup, groupType + "." + groupIDName}, "own_unit", &c, rows, asUnit)
		rows = "SELECT * FROM (" + rows + ") WHERE in_unit"
	}
	if by.joined() {
		rows = s.joined(by, "own", &c, rows, asLabel)
	}
	return s.holding(held, len(q.Steps), shape, &c, rows), unit, perActor
}

// packed adds what is known of an event.
func (s *sql) packed(c *columns, q *Funnel, shape funnelShape) {
	c.add("matched", s.matched(q))
	since := "toUInt64(" + millis("time") + " - " + s.integer(shape.base) + ")"
	if shape.wide {
		c.add("ms", since)
	} else {
		c.add("w", "bitOr(bitOr("+since+" * "+itoa(1<<shape.bits)+", matched), 9223372036854775808)")
	}
	if shape.placed {
		c.add("major", "bitOr(bitShiftLeft(toUInt64(_epoch), 48), bitShiftRight(_o, 16))")
		c.add("minor", "bitOr(bitShiftLeft(_o, 48), bitOr(bitShiftLeft(toUInt64(_i), 16), toUInt64(_p)))")
	}
	if shape.held {
		c.add("held", s.heldValues(q.Hold))
	}
}

// matched says as bits what an event matches.
func (s *sql) matched(q *Funnel) string {
	var terms []string
	bit := func(conditions []string, more string) {
		term := "(" + strings.Join(conditions, " AND ") + more + ")"
		if n := len(terms); n > 0 {
			term += " * " + itoa(1<<n) // in the smallest type that holds it
		}
		terms = append(terms, term)
	}
	holds := ""
	for _, a := range s.heldAlong(q.Hold) {
		if present := a.present(); present != "1" {
			holds += " AND " + present
		}
	}
	for i := range q.Steps {
		bit(s.selected(&q.Steps[i]), holds)
	}
	for i := range q.Exclude {
		bit(s.selected(&q.Exclude[i].Selector), "")
	}
	if q.Order == Strict {
		bit([]string{behaviour}, "")
	}
	return strings.Join(terms, " + ")
}

// selectors are all of a funnel.
func (q *Funnel) selectors() []*Selector {
	var list []*Selector
	for i := range q.Steps {
		list = append(list, &q.Steps[i])
	}
	for i := range q.Exclude {
		list = append(list, &q.Exclude[i].Selector)
	}
	return list
}

// by is whose events make an attempt.
func (q *Funnel) by() string { return cmp.Or(q.By, byPerson) }

// defaultWindow is how long an attempt may take where nothing is said.
const defaultWindow = 14 * 24 * time.Hour

// window is how long an attempt may take in milliseconds, negative for ever.
func (q *Funnel) window() int64 {
	switch q.Window {
	case "":
		return defaultWindow.Milliseconds()
	case noWindow:
		return -1
	}
	span, _ := parseSpan(q.Window)
	return span.Milliseconds()
}
