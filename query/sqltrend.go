package query

import "strings"

// compileSeries returns the numbers of one series: whether the row is a total,
// its bucket as seconds from the first edge, its value.
func (p *plan) compileSeries(q *Trend, i int, edges []int64) Statement {
	s := p.sql()
	s.shared = q.Filter
	m := &q.Series[i]
	a := m.aggregate()
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
	a := m.aggregate()
	value := nullable(a.value())
	rows := s.seriesRows(m, q.Breakdown, edges)
	ownTop := whole.since == p.since && whole.to == p.to && (q.Formula == "" || i == 0)
	if ownTop && !q.Cumulative && a.light() {
		return s.statement(s.rankedOnce(m, q.Breakdown, rows, len(edges) > 1))
	}
	s.plan = whole
	rows = "SELECT *, if((has, label) IN (" + s.topValues(q, i) + "), (0, has, label), (1, 0, '')) AS grp FROM (" + rows + ")"
	s.plan = p
	const head = groupColumns
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

// groupColumns are those of a group of values.
const groupColumns = "toUInt64(grp.1) AS other, toUInt64(grp.2) AS has_label, grp.3 AS value_label"

// rankedOnce reads the rows of a breakdown once: they come down to states for
// each value and bucket, and those are ranked as topValues does. States of
// persons or of all numbers would take more than to read the rows again.
func (s *sql) rankedOnce(m *Series, b *Breakdown, rows string, bucketed bool) string {
	a := m.aggregate()
	keys, level, by := "has, label", "toUInt64(1) AS level", "grp"
	bucket := "toInt64(0) AS bucket"
	if bucketed {
		keys, bucket = "has, label, bucket", "bucket"
		level, by = "toUInt64(grouping(grp) * 2 + grouping(bucket)) AS level", "grp, bucket WITH ROLLUP"
	}
	grouped, has := keys, ""
	if property := parseProperty(b.Property); property.scope == ofSegment || property.scope == ofEvent && s.eventProperty(property.name).present() == "1" {
		// Rows are grouped by one column in a third of the time that two take.
		grouped, has = strings.TrimPrefix(keys, "has, "), ", toUInt8(1) AS has"
	}
	cells := "SELECT " + grouped + has + ", " + a.states() + " FROM (" + rows + ")\nGROUP BY " + grouped
	order := a.merged("(PARTITION BY has, label)")
	if m.measure() == Sum {
		order = "ifNull(" + order + ", 0)"
	}
	ranked := "SELECT *, dense_rank() OVER (ORDER BY label = '" + Other + "' ASC, whole DESC NULLS LAST, has DESC, label ASC) AS rank FROM (" +
		"SELECT *, " + order + " AS whole FROM (" + cells + "))"
	shown := "SELECT *, if(rank <= " + itoa(b.limit()) + " AND label != '" + Other + "', (0, has, label), (1, 0, '')) AS grp FROM (" + ranked + ")"
	return "SELECT " + level + ", " + groupColumns + ", " + bucket + ", " + nullable(a.merge()) + "\nFROM (" + shown + ")\nGROUP BY " + by
}

// topValues returns which values of a breakdown are shown: has, label. One that
// has the name of the others is among them. Of a formula they are those of the
// first series.
func (s *sql) topValues(q *Trend, i int) string {
	if q.Formula != "" {
		i = 0
	}
	m := &q.Series[i]
	order := m.aggregate().value()
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
