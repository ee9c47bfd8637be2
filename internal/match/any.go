package match

import "math/bits"

// basis are the events that raise the level of an attempt in any order, the
// first of them in order, and the steps they are given.
type basis struct {
	size   int
	events [MaxSteps + 1]int32
	given  [MaxSteps]int32 // the event of each step
	held   uint32          // the steps that have one
	seen   uint32
}

// anyOrder makes the attempts of a part from the last to the first.
func (m *Matcher) anyOrder() {
	var b basis
	for at := len(m.groups) - 1; at >= 0; at-- {
		g := &m.groups[at]
		for i := g.to - 1; i >= g.from; i-- {
			b.prepend(m, m.order[i])
		}
		if g.time < m.funnel.From {
			return
		}
		if g.time >= m.funnel.To {
			continue
		}
		a := &m.current
		a.entry, a.Level = b.events[0], 0
		last := m.funnel.limit(g.time)
		for _, i := range b.events[:b.size] {
			if t := m.events[i].Time; t <= last {
				a.Times[a.Level], a.Events[a.Level] = t, i
				a.Level++
			}
		}
		m.settle(last)
	}
}

// prepend adds an event before all others: of those, one at most has become
// superfluous.
func (b *basis) prepend(m *Matcher, event int32) {
	copy(b.events[1:], b.events[:b.size])
	b.events[0] = event
	before := b.size + 1
	b.size, b.held = 0, 0
	for _, i := range b.events[:before] {
		b.seen = 0
		if b.add(m, i) {
			b.events[b.size] = i
			b.size++
		}
	}
}

// add gives an event a step, for which others may take another.
func (b *basis) add(m *Matcher, event int32) bool {
	wanted := m.events[event].Bits & (1<<m.funnel.Steps - 1)
	if free := wanted &^ b.held; free != 0 {
		step := bits.TrailingZeros32(free)
		b.given[step] = event
		b.held |= 1 << step
		return true
	}
	for wanted &^= b.seen; wanted != 0; wanted &^= b.seen {
		step := bits.TrailingZeros32(wanted)
		b.seen |= 1 << step
		if b.add(m, b.given[step]) {
			b.given[step] = event
			return true
		}
	}
	return false
}
