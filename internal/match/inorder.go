package match

import "math/bits"

// inOrder makes the attempts of a part, ordered or strict.
func (m *Matcher) inOrder() {
	for i := range m.groups {
		g := &m.groups[i]
		if g.bits&1 == 0 || g.time < m.funnel.From {
			continue
		}
		if g.time >= m.funnel.To {
			return
		}
		if g.tie == 0 {
			if entry := m.firstOf(g, 1); !m.done(entry) {
				level := 1
				if g.to-g.from > 1 {
					level += run(g.bits, 1)
				}
				m.attempt(i, entry, level)
			}
			continue
		}
		// Those that get equally far in their own tie go the same way from
		// there, so that the first of them stands for all. Those that get
		// further in it come first, because they are never behind.
		var first [MaxSteps + 1]int32
		m.ties.entries(m, g, &first)
		for level := m.funnel.Steps; level > 0; level-- {
			if entry := first[level]; entry >= 0 && !m.done(entry) {
				m.attempt(i, entry, level)
			}
		}
	}
}

// run returns how many steps behind a level follow each other in the bits.
func run(of uint32, level int) int { return bits.TrailingZeros32(^(of >> level)) }

// firstOf returns the first event of a group that has a bit.
func (m *Matcher) firstOf(g *group, bit uint32) int32 {
	for _, i := range m.order[g.from:g.to] {
		if m.events[i].Bits&bit != 0 {
			return i
		}
	}
	return -1
}

// attempt follows an attempt that has got to a level in its entry's own group.
func (m *Matcher) attempt(at int, entry int32, level int) {
	a := &m.current
	a.entry, a.Level = entry, level
	t := m.groups[at].time
	last := m.funnel.limit(t)
	for i := range a.Level {
		a.Times[i] = t
	}
	for a.Level < m.funnel.Steps {
		m.next[a.Level] = m.find(a.Level, max(m.next[a.Level], at+1))
		found := m.next[a.Level]
		if m.funnel.Order == Strict {
			// The first of those between is where it ends.
			broken, ok := after(m.breaks, m.groups[at].time)
			if ok && (found == len(m.groups) || broken < m.groups[found].time) {
				last = min(last, broken)
				break
			}
		}
		if found == len(m.groups) || m.groups[found].time > last {
			break
		}
		at = found
		g := &m.groups[at]
		before := a.Level
		for range m.advance(g, before) {
			a.Times[a.Level] = g.time
			a.Level++
		}
		if m.funnel.Order == Strict && a.Level < m.funnel.Steps && m.leavesBreaks(g, before, a.Level) {
			last = g.time
			break
		}
	}
	m.settle(last)
}

// find returns the first group from one on that has an event of a step.
func (m *Matcher) find(step, from int) int {
	for from < len(m.groups) && m.groups[from].bits>>step&1 == 0 {
		from++
	}
	return from
}

// advance returns how many steps a group takes an attempt of a level further.
func (m *Matcher) advance(g *group, level int) int {
	switch {
	case g.to-g.from == 1:
		return 1
	case g.tie == 0:
		return run(g.bits, level)
	}
	return m.ties.advance(m, g, level)
}

// leavesBreaks reports whether the steps between two levels leave something in
// their group that breaks.
func (m *Matcher) leavesBreaks(g *group, from, to int) bool {
	breaks := upTo(m.breaks, g.time) - upTo(m.breaks, g.time-1)
	if !g.quiet {
		return breaks > to-from
	}
	var used [MaxSteps]int32
	m.use(g, from, to, -1, &used)
	for _, i := range used[from:to] {
		if m.events[i].Bits&Breaks != 0 {
			breaks--
		}
	}
	return breaks > 0
}

// trace fills in the events of an attempt in order; those of one in any order
// are known.
func (m *Matcher) trace(a *Attempt) {
	if m.funnel.Order == Any {
		return
	}
	if len(m.parts) > 1 {
		m.gather(m.parts[a.part])
	}
	a.Events[0] = a.entry
	at := 0
	for level := 0; level < a.Level; {
		t := a.Times[level]
		at = m.groupAt(at, t)
		to := level
		for to < a.Level && a.Times[to] == t {
			to++
		}
		if level == 0 {
			m.use(&m.groups[at], 1, to, a.entry, &a.Events)
		} else {
			m.use(&m.groups[at], level, to, -1, &a.Events)
		}
		level = to
	}
}

// groupAt returns the group of a time, which is at an index or behind it.
func (m *Matcher) groupAt(at int, t int64) int {
	low, high := at, len(m.groups)
	for low < high {
		if middle := (low + high) / 2; m.groups[middle].time < t {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

// use chooses the events of a group that reach the steps between two levels,
// without the entry if that is in it.
func (m *Matcher) use(g *group, from, to int, entry int32, used *[MaxSteps]int32) {
	if g.tie != 0 {
		m.ties.choose(m, g, from, to, entry, used)
		return
	}
	for step := from; step < to; step++ {
		used[step] = m.firstOf(g, 1<<step)
	}
}

// upTo returns how many of sorted times are not later than t.
func upTo(times []int64, t int64) int {
	low, high := 0, len(times)
	for low < high {
		if middle := (low + high) / 2; times[middle] <= t {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}
