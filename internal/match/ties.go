package match

import "slices"

// ties answers how far a tie takes an attempt where events match several steps.
type ties struct {
	steps int
	// known has one more than the answer for each tie and level, 0 if that was
	// not asked yet.
	known []uint8
	// candidates are the events of each step in the tie looked at last, as many
	// as can matter: however the other steps choose, one of them is left.
	candidates [MaxSteps][]int32
	listed     int32
	// given is the event that each step has.
	given [MaxSteps]int32
	seen  uint32 // steps asked for their event in this search
	taken [MaxSteps + 1]int32
	gone  int // events taken out
}

func (t *ties) reset(ties, steps int) {
	t.steps, t.listed = steps, 0
	if size := ties * (steps + 1); cap(t.known) < size {
		t.known = make([]uint8, size)
	} else {
		t.known = t.known[:size]
		clear(t.known)
	}
}

// list fills candidates.
func (t *ties) list(m *Matcher, g *group) {
	if t.listed == g.tie {
		return
	}
	t.listed = g.tie
	for step := range t.steps {
		t.candidates[step] = t.candidates[step][:0]
	}
	for _, i := range m.order[g.from:g.to] {
		of := m.events[i].Bits
		for step := range t.steps {
			if of>>step&1 != 0 && len(t.candidates[step]) <= t.steps {
				t.candidates[step] = append(t.candidates[step], i)
			}
		}
	}
}

// advance returns the largest number of steps behind a level that can be given
// distinct events of a tie.
func (t *ties) advance(m *Matcher, g *group, level int) int {
	known := &t.known[int(g.tie-1)*(t.steps+1)+level]
	if *known == 0 {
		t.list(m, g)
		t.gone = 0
		*known = uint8(1 + t.match(level, t.steps))
	}
	return int(*known) - 1
}

// entries finds the first event that begins an attempt for each level that one
// can get to within the tie, -1 where none does.
func (t *ties) entries(m *Matcher, g *group, first *[MaxSteps + 1]int32) {
	for i := range first {
		first[i] = -1
	}
	t.list(m, g)
	t.gone = 0
	most := t.match(1, t.steps)
	given := t.given
	for _, entry := range m.order[g.from:g.to] {
		if m.events[entry].Bits&1 == 0 {
			continue
		}
		level := 1 + most
		if slices.Contains(given[1:1+most], entry) { // the others have to do without it
			t.taken[0], t.gone = entry, 1
			level = 1 + t.match(1, t.steps)
		}
		if first[level] < 0 {
			first[level] = entry
		}
	}
}

// choose gives the steps between two levels, which can be given events, the
// first that allow it.
func (t *ties) choose(m *Matcher, g *group, from, to int, entry int32, used *[MaxSteps]int32) {
	t.list(m, g)
	t.gone = 0
	if entry >= 0 {
		t.taken[0], t.gone = entry, 1
	}
	for step := from; step < to; step++ {
		for _, i := range t.candidates[step] {
			if t.isTaken(i) {
				continue
			}
			t.taken[t.gone] = i
			t.gone++
			if t.match(step+1, to) == to-step-1 {
				used[step] = i
				break
			}
			t.gone--
		}
	}
}

// match gives events to the steps from one on, one after the other, and returns
// how many got one.
func (t *ties) match(from, to int) int {
	for step := from; step < to; step++ {
		t.given[step] = -1
	}
	for step := from; step < to; step++ {
		t.seen = 0
		if !t.augment(step, from, to) {
			return step - from
		}
	}
	return to - from
}

// augment gives a step an event, for which others may take another.
func (t *ties) augment(step, from, to int) bool {
	t.seen |= 1 << step
	for _, i := range t.candidates[step] {
		if t.isTaken(i) {
			continue
		}
		owner := -1
		for other := from; other < to; other++ {
			if t.given[other] == i {
				owner = other
			}
		}
		if owner < 0 || t.seen>>owner&1 == 0 && t.augment(owner, from, to) {
			t.given[step] = i
			return true
		}
	}
	return false
}

func (t *ties) isTaken(i int32) bool {
	return slices.Contains(t.taken[:t.gone], i)
}
