package query

// compileSeries returns the numbers of one series: whether the row is a total,
// its bucket as seconds from the first edge, its value.
func (p *plan) compileSeries(q *Trend, i int, edges []int64) Statement {
	s := p.sql()
	s.shared = q.Filter
	m := &q.Series[i]
	a := aggregates[m.measure()]
	value := nullable(a.value())
	rows := s.seriesRows(m, nil, edges)
	switch {
	case len(edges) == 1:
		return s.statement("SELECT toUInt64(1) AS total, toInt64(0) AS bucket, " + value + "\nFROM (" + rows + ")")
	case q.Cumulative:
		return s.statement("SELECT toUInt64(0) AS total, bucket, " + nullable(a.merged(soFar(""))) +
			"\nFROM (SELECT bucket, " + a.states() + " FROM (" + rows + ")\nGROUP BY bucket)")
	}
	// The total is merged from the states of the buckets, not summed from
	// their numbers and not read twice.
	return s.statement("SELECT toUInt64(grouping(bucket)) AS total, bucket, " + value + "\nFROM (" + rows + ")\nGROUP BY bucket WITH ROLLUP")
}

func nullable(value string) string { return "toNullable(" + value + ") AS value" }

// soFar is the window of all buckets up to a row's own. Only the states of
// buckets are merged in it, so that nobody is counted twice.
func soFar(partition string) string {
	return "(" + partition + "ORDER BY bucket ASC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"
}

// compileBreakdown is compileSeries for each of the values that are shown and
// all others together: whether the row is a total, of the others, has a value;
// the value; bucket; number. Totals over all values come along and are to be
// skipped: they have level 3. Which values are shown is told by what whole is
// about: the plan itself, or that of the range it is compared with.
func (p *plan) compileBreakdown(q *Trend, i int, edges []int64, whole *plan) Statement {
	s := p.sql()
	s.shared = q.Filter
	m := &q.Series[i]
	a := aggregates[m.measure()]
	value := nullable(a.value())
	rows := s.seriesRows(m, q.Breakdown, edges)
	s.plan = whole
	rows = "SELECT *, if((has, label) IN (" + s.topValues(q, i) + "), (0, has, label), (1, 0, '')) AS grp FROM (" + rows + ")"
	s.plan = p
	head := "toUInt64(grp.1) AS other, toUInt64(grp.2) AS has_label, grp.3 AS value_label"
	switch {
	case len(edges) == 1:
		return s.statement("SELECT toUInt64(1) AS level, " + head + ", toInt64(0) AS bucket, " + value + "\nFROM (" + rows + ")\nGROUP BY grp")
	case q.Cumulative:
		return s.statement("SELECT toUInt64(0) AS level, " + head + ", bucket, " + nullable(a.merged(soFar("PARTITION BY grp "))) +
			"\nFROM (SELECT grp, bucket, " + a.states() + " FROM (" + rows + ")\nGROUP BY grp, bucket)")
	}
	return s.statement("SELECT toUInt64(grouping(grp) * 2 + grouping(bucket)) AS level, " + head + ", bucket, " + value +
		"\nFROM (" + rows + ")\nGROUP BY grp, bucket WITH ROLLUP")
}

// topValues returns which values of a breakdown are shown: has, label. One that
// has the name of the others is among them. Of a formula they are those of the
// first series.
func (s *sql) topValues(q *Trend, i int) string {
	if q.Formula != "" {
		i = 0
	}
	m := &q.Series[i]
	order := aggregates[m.measure()].value()
	if m.measure() == Sum {
		order = "ifNull(" + order + ", 0)" // as in the answer, so that it goes before what is below 0
	}
	return "SELECT has, label FROM (" + s.seriesRows(m, q.Breakdown, nil) + ")\nWHERE label != '" + Other + "' GROUP BY has, label" +
		" ORDER BY " + order + " DESC NULLS LAST, has DESC, label ASC LIMIT " + itoa(q.Breakdown.limit())
}

func (b *Breakdown) limit() int {
	if b.Limit == 0 {
		return defaultBreakdown
	}
	return b.Limit
}
