package querytest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/footfall-go/footfall/query"
)

// matcher follows the attempts of one unit on the way through a funnel.
type matcher struct {
	*asked
	q      *query.Funnel
	events []*fact // of the unit, in order
	known  map[*fact][]bool
}

// attempt is how far a unit got from one entry.
type attempt struct {
	events  []*fact // by which each step was reached
	dropped bool    // an excluded event came between
}

func (t *attempt) level() int { return len(t.events) }

// units returns the events of each unit, in order.
func (a *asked) units(q *query.Funnel) map[string][]*fact {
	units := map[string][]*fact{}
	for _, f := range a.facts {
		if a.expired(f) || !a.passes(q.Filter, f) {
			continue
		}
		switch kind, byGroup := strings.CutPrefix(q.By, "group."); {
		case byGroup:
			if group := a.group(kind, f); group != "" {
				units[group] = append(units[group], f)
			}
		case q.By == "session":
			if f.Session != 0 {
				key := fmt.Sprint(f.Visitor, f.Session)
				units[key] = append(units[key], f)
			}
		default:
			units[f.person.String()] = append(units[f.person.String()], f)
		}
	}
	return units
}

// best returns the attempt of a unit that got furthest, of several the first, of
// those that begin in a span of time; nil if there is none.
func (m *matcher) best(from, to time.Time) *attempt {
	var best *attempt
	for _, entry := range m.events {
		if entry.at.Before(from) || !entry.at.Before(to) || !m.holds(entry, entry) || !m.begins(entry) {
			continue
		}
		t := m.follow(entry)
		if t.dropped && m.q.Exclusion == query.DropsPerson {
			return nil
		}
		if best == nil || t.level() > best.level() {
			best = t
		}
	}
	return best
}

// begins reports whether an event begins an attempt.
func (m *matcher) begins(f *fact) bool {
	if m.q.Order != query.AnyOrder {
		return m.isStep(0, f)
	}
	for step := range m.q.Steps {
		if m.isStep(step, f) {
			return true
		}
	}
	return false
}

// isStep reports whether an event is one of a step, which is found out once.
func (m *matcher) isStep(step int, f *fact) bool {
	if m.known[f] == nil {
		is := make([]bool, len(m.q.Steps))
		for i := range m.q.Steps {
			is[i] = m.chosen(&m.q.Steps[i])(f)
		}
		m.known[f] = is
	}
	return m.known[f][step]
}

// holds reports whether an event has what the entry has of all that is held.
func (m *matcher) holds(entry, f *fact) bool {
	for _, property := range m.q.Hold {
		want, ok := m.property(property, entry)
		if got, has := m.property(property, f); !ok || !has || got.text != want.text {
			return false
		}
	}
	return true
}

// follow makes the attempt that begins with an event: it goes from one time at
// which something happened to the next.
func (m *matcher) follow(entry *fact) *attempt {
	t := &attempt{}
	for at := range m.times(entry) {
		var here []*fact
		for _, f := range m.events {
			if f.at.Equal(at) {
				here = append(here, f)
			}
		}
		gained := m.gain(t, entry, here)
		if m.excluded(t, gained, here, at) {
			t.dropped = true
			return t
		}
		between := len(t.events) > 0 && m.leftOver(gained, here)
		t.events = append(t.events, gained...)
		if len(t.events) == len(m.q.Steps) || between && m.q.Order == query.Strict {
			return t
		}
	}
	return t
}

// times returns the times at which something of the unit happened, from that of
// the entry to the last at which a step counts.
func (m *matcher) times(entry *fact) func(yield func(time.Time) bool) {
	return func(yield func(time.Time) bool) {
		last := time.Time{}
		for _, f := range m.events {
			switch {
			case f.at.Before(entry.at) || f.at.Equal(last):
				continue
			case m.q.Reach == query.WithinRange && !f.at.Before(m.to):
				return
			case m.q.Window != "none" && f.at.Sub(entry.at) > duration(cmp.Or(m.q.Window, "14d")):
				return
			}
			if last = f.at; !yield(last) {
				return
			}
		}
	}
}

// gain returns the events of one time that take an attempt further, one for each
// step: as many as there can be, and of those the first.
func (m *matcher) gain(t *attempt, entry *fact, here []*fact) []*fact {
	var usable []*fact
	for _, f := range here {
		if m.holds(entry, f) {
			usable = append(usable, f)
		}
	}
	if m.q.Order == query.AnyOrder {
		return m.gainAny(t, usable)
	}
	var gained []*fact
	level := t.level()
	if level == 0 { // the entry is the first step
		gained, level = []*fact{entry}, 1
		usable = without(usable, entry)
	}
	for steps := len(m.q.Steps) - level; steps > 0; steps-- {
		if found := m.assign(level, level+steps, usable); found != nil {
			return append(gained, found...)
		}
	}
	return gained
}

// assign gives the steps from one to another distinct events, the first that
// allow it; nil if none do.
func (m *matcher) assign(step, to int, usable []*fact) []*fact {
	if step == to {
		return []*fact{}
	}
	tried := 0
	for _, f := range usable {
		if !m.isStep(step, f) {
			continue
		}
		if tried++; tried > to-step {
			break // the other steps leave one of those before it
		}
		if rest := m.assign(step+1, to, without(usable, f)); rest != nil {
			return append([]*fact{f}, rest...)
		}
	}
	return nil
}

// gainAny returns the events that make it possible to give distinct events to
// more steps, whichever.
func (m *matcher) gainAny(t *attempt, usable []*fact) (gained []*fact) {
	for _, f := range usable {
		if all := slices.Concat(t.events, gained, []*fact{f}); m.assignAny(all, 0) {
			gained = append(gained, f)
		}
	}
	return gained
}

// assignAny reports whether all events can be given different steps; taken has
// a bit for each step that is given.
func (m *matcher) assignAny(events []*fact, taken int) bool {
	if len(events) == 0 {
		return true
	}
	for step := range m.q.Steps {
		if taken>>step&1 == 0 && m.isStep(step, events[0]) && m.assignAny(events[1:], taken|1<<step) {
			return true
		}
	}
	return false
}

func without(events []*fact, one *fact) []*fact {
	return slices.DeleteFunc(slices.Clone(events), func(f *fact) bool { return f == one })
}

// excluded reports whether an event of this time ends an attempt: the step
// behind which it is excluded was reached earlier, and that before which it is
// excluded is not reached yet.
func (m *matcher) excluded(t *attempt, gained, here []*fact, at time.Time) bool {
	for i := range m.q.Exclude {
		x := &m.q.Exclude[i]
		if t.level() < x.After || !t.events[x.After-1].at.Before(at) || t.level()+len(gained) >= x.Before {
			continue
		}
		if slices.ContainsFunc(here, m.chosen(&x.Selector)) {
			return true
		}
	}
	return false
}

// leftOver reports whether something was done that reached no step.
func (m *matcher) leftOver(gained, here []*fact) bool {
	return slices.ContainsFunc(here, func(f *fact) bool { return behaviour(f) && !slices.Contains(gained, f) })
}
