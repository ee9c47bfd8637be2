package query

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// lineKey tells the lines of a series from each other: a value of the breakdown,
// none, or all that are not shown. Without a breakdown it is the zero one.
type lineKey struct {
	other, has bool
	label      string
}

// line is one in the making.
type line struct {
	Points
	key   lineKey
	given []bool // which buckets the store had a number for
}

func newLine(m *Series, key lineKey, buckets int) *line {
	l := &line{key: key, given: make([]bool, buckets)}
	l.Name, l.Total, l.Values = cmp.Or(m.Name, m.Event), m.finish(nil), make([]*float64, buckets)
	for i := range l.Values {
		l.Values[i] = m.finish(nil)
	}
	switch {
	case key.other:
		other := Other
		l.Breakdown = &other
	case key.has:
		l.Breakdown = &l.key.label
	}
	return l
}

// lines are those of a series, by key.
type lines struct {
	of    *Series
	edges []int64
	at    map[int64]int
	byKey map[lineKey]*line
}

func newLines(m *Series, edges []int64) *lines {
	return &lines{of: m, edges: edges, at: bucketIndex(edges), byKey: map[lineKey]*line{}}
}

// line returns the one of a key, which may be new.
func (l *lines) line(key lineKey) *line {
	if l.byKey[key] == nil {
		l.byKey[key] = newLine(l.of, key, len(l.edges))
	}
	return l.byKey[key]
}

// put stores a number; where there is one bucket it is the total as well.
func (l *lines) put(key lineKey, total bool, bucket int64, value *float64) error {
	line := l.line(key)
	value = l.of.finish(value)
	if total {
		line.Total = value
	}
	if total && len(l.edges) > 1 {
		return nil
	}
	i, ok := l.at[bucket]
	if !ok {
		return fmt.Errorf("the store made up a bucket at %d s", bucket)
	}
	line.Values[i], line.given[i] = value, true
	return nil
}

// sorted returns the lines, the greatest first and the others last.
func (l *lines) sorted() []*line {
	list := make([]*line, 0, len(l.byKey))
	for _, line := range l.byKey {
		list = append(list, line)
	}
	slices.SortFunc(list, compareLines)
	return list
}

func compareLines(a, b *line) int {
	return cmp.Or(
		compareBools(a.key.other, b.key.other),
		cmp.Compare(orderOf(b.Total), orderOf(a.Total)),
		compareBools(!a.key.has, !b.key.has),
		cmp.Compare(a.key.label, b.key.label),
	)
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

func orderOf(f *float64) float64 {
	if f == nil {
		return math.Inf(-1)
	}
	return *f
}

// accumulate fills the buckets in which nothing happened with what there was
// before them.
func (l *line) accumulate() {
	for i := range l.Values {
		if i > 0 && !l.given[i] {
			l.Values[i] = l.Values[i-1]
		}
	}
	if n := len(l.Values); n > 0 {
		l.Total = l.Values[n-1]
	}
}

// roll returns the means of each number and those before it, n at most; those
// that are none are left out.
func roll(values []*float64, n int) []*float64 {
	rolled := make([]*float64, len(values))
	for i := range values {
		sum, count := 0.0, 0
		for _, v := range values[max(0, i-n+1) : i+1] {
			if v != nil {
				sum += *v
				count++
			}
		}
		if count > 0 {
			mean := sum / float64(count)
			rolled[i] = &mean
		}
	}
	return rolled
}

// finish turns what a statement says into the number of an answer: counts and
// sums of nothing are 0, other measures of nothing are none.
func (s *Series) finish(value *float64) *float64 {
	if value == nil || math.IsNaN(*value) || math.IsInf(*value, 0) {
		switch s.measure() {
		case CountEvents, CountPersons, CountSessions, Sum:
			if value == nil {
				return new(float64)
			}
		}
		return nil
	}
	return value
}
