package query

// shown returns the lines of each series in the order of the answer. Under a
// formula all have the same ones: those of the first series, and that of all
// others if any has it. Where a series has nothing of a value its numbers are
// those of nothing.
func (q *Trend) shown(found []*lines) [][]*line {
	all := make([][]*line, len(found))
	if q.Formula == "" {
		for i := range found {
			all[i] = found[i].sorted()
		}
		return all
	}
	others := lineKey{other: true}
	for _, series := range found {
		if series.byKey[others] != nil {
			found[0].line(others)
		}
	}
	for _, line := range found[0].sorted() {
		for i := range found {
			all[i] = append(all[i], found[i].line(line.key))
		}
	}
	return all
}

// combine makes one line of those that the series have for each value of the
// breakdown.
func (q *Trend) combine(all [][]*line, buckets int) []Points {
	f, _ := parseFormula(q.Formula, len(q.Series)) // Validate has read it
	points := make([]Points, len(all[0]))
	for n := range points {
		of := make([]*line, len(all))
		for i := range all {
			of[i] = all[i][n]
		}
		points[n] = f.points(of, buckets)
		points[n].Name = q.Formula
	}
	return points
}

// points computes a formula over the lines of one value.
func (f *formula) points(of []*line, buckets int) Points {
	p := Points{Breakdown: of[0].Breakdown, Values: make([]*float64, buckets)}
	p.Total = f.value(func(i int) *float64 { return of[i].Total })
	for b := range p.Values {
		p.Values[b] = f.value(func(i int) *float64 { return of[i].Values[b] })
	}
	if of[0].Previous == nil {
		return p
	}
	p.Previous = &Previous{Values: make([]*float64, buckets)}
	p.Previous.Total = f.value(func(i int) *float64 { return of[i].Previous.Total })
	for b := range p.Previous.Values {
		p.Previous.Values[b] = f.value(func(i int) *float64 { return of[i].Previous.Values[b] })
	}
	return p
}
