package query

import (
	"slices"

	"github.com/footfall-go/footfall/internal/schema"
)

// seriesRows is the table a series is aggregated from, one row for each event,
// with the columns its measure, buckets and breakdown need.
func (s *sql) seriesRows(m *Series, b *Breakdown, edges []int64) string {
	var inner, outer []string
	column := func(name, expr string) {
		if expr == "" {
			inner = append(inner, name)
		} else {
			inner = append(inner, expr+" AS "+name)
		}
		outer = append(outer, name)
	}
	if len(edges) > 1 {
		column("bucket", "toInt64("+s.bucketOf("time", edges)+")")
	}
	switch m.measure() {
	case CountEvents, CountPersons, PerPerson:
	case CountSessions:
		column("visitor", "")
		column("session", "")
	default:
		a := s.eventProperty(parseProperty(m.Of).name)
		if a.hasNum == "0" {
			column("num", "CAST(NULL AS Nullable(Float64))")
		} else {
			column("num", "if("+a.hasNum+", "+a.num+", NULL)")
		}
	}
	var by property
	if b != nil {
		by = parseProperty(b.Property)
	}
	switch by.scope {
	case ofSession:
		if m.measure() != CountSessions {
			column("visitor", "")
			column("session", "")
		}
	case ofEvent:
		a := s.eventProperty(by.name)
		column("has", "toUInt8("+a.present()+")")
		column("label", "toString("+a.asText()+")")
	case ofGroup:
		groupType, _ := parseGroup(by.name)
		column("own", "toString("+s.ownGroup(groupType)+")")
	}
	where := append(s.between(s.since, s.to), s.seriesWhere(m)...)
	if !m.ofPersons() {
		if !by.ofPersons() {
			if len(inner) == 0 {
				column("one", "1")
			}
			return s.withLabels(by, outer, s.scan(join(inner), schema.Events, where...))
		}
		rows := s.scan(join(append(inner, actor)), schema.Events, where...)
		return s.withLabels(by, append(outer, "person"), s.withPerson(join(outer), rows))
	}
	var rows string
	if len(edges) == 1 {
		// Without buckets an id's events come down to few rows before they are
		// joined; with them that costs more than it saves (6 s against 1.5 s
		// for 10 million events in 366 buckets).
		group := append(slices.Clone(outer), "actor")
		rows = s.scan(join(append(inner, actor, "count() AS n")), schema.Events, where...) + " GROUP BY " + join(group)
	} else {
		rows = s.scan(join(append(inner, actor, "1 AS n")), schema.Events, where...)
	}
	outer = append(outer, "n")
	rows = s.withPerson(join(outer), rows)
	return s.withLabels(by, append(outer, "person"), rows)
}

// ofPersons reports whether the measure needs to know who did it.
func (s *Series) ofPersons() bool { return s.measure() == CountPersons || s.measure() == PerPerson }

// withLabels adds to rows, for a breakdown, what does not stand in an event
// itself: has, label.
func (s *sql) withLabels(by property, columns []string, rows string) string {
	switch {
	case by.scope == ofSession:
		return "SELECT " + joinPrefixed("e.", columns) + ", l.has AS has, l.label AS label FROM (" + rows + ") AS e\nLEFT ANY JOIN (" +
			s.sessionLabels(by.name) + ") AS l ON e.visitor = l.visitor AND e.session = l.session"
	case by.ofPersons():
		return s.traitLabels(by, columns, rows)
	}
	return rows
}

// seriesWhere selects the events of a series under the question's own filter.
func (s *sql) seriesWhere(m *Series) []string {
	where := s.selected(&m.Selector)
	if s.shared != nil {
		where = append(where, s.filter(s.shared))
	}
	return where
}

// sessionLabels returns a session's property for a breakdown: visitor,
// session, has, label.
func (s *sql) sessionLabels(name string) string {
	table, a := s.sessionValues(name)
	return "SELECT visitor, session, toUInt8(" + a.present() + ") AS has, toString(" + a.asText() + ") AS label FROM (" + table + ")"
}

// aggregates are the measures over seriesRows. Aggregates of num skip events
// without the property and are NULL where there are none.
var aggregates = map[Measure]string{
	CountEvents:   "toFloat64(count())",
	CountPersons:  "toFloat64(uniqExact(person))",
	CountSessions: "toFloat64(uniqExactIf((visitor, session), session != 0))",
	PerPerson:     "sum(n) / uniqExact(person)",
	Sum:           "sumKahan(num)",
	Avg:           "sumKahan(num) / count(num)",
	Min:           "min(num)",
	Max:           "max(num)",
	Median:        "quantileExactInclusive(0.5)(num)",
	P90:           "quantileExactInclusive(0.9)(num)",
	P95:           "quantileExactInclusive(0.95)(num)",
	P99:           "quantileExactInclusive(0.99)(num)",
}

// compileSeries returns the numbers of one series: whether the row is a total,
// its bucket as seconds from the first edge, its value.
func (p *plan) compileSeries(q *Trend, i int, edges []int64) Statement {
	s := p.sql()
	s.shared = q.Filter
	m := &q.Series[i]
	value := "toNullable(" + aggregates[m.measure()] + ") AS value"
	rows := s.seriesRows(m, nil, edges)
	if len(edges) == 1 {
		return s.statement("SELECT toUInt64(1) AS total, toInt64(0) AS bucket, " + value + "\nFROM (" + rows + ")")
	}
	// The total is merged from the states of the buckets, not summed from
	// their numbers and not read twice.
	return s.statement("SELECT toUInt64(grouping(bucket)) AS total, bucket, " + value + "\nFROM (" + rows + ")\nGROUP BY bucket WITH ROLLUP")
}

// compileBreakdown is compileSeries for each of the greatest values of a
// property and all others together: whether the row is a total, of the others,
// has a value; the value; bucket; number. Totals over all values come along
// and are to be skipped: they have level 3.
func (p *plan) compileBreakdown(q *Trend, i int, edges []int64) Statement {
	s := p.sql()
	s.shared = q.Filter
	m := &q.Series[i]
	value := "toNullable(" + aggregates[m.measure()] + ") AS value"
	rows := s.seriesRows(m, q.Breakdown, edges)
	group := "if((has, label) IN (" + s.topValues(q, i, edges) + "), (0, has, label), (1, 0, '')) AS grp"
	head := "toUInt64(grp.1) AS other, toUInt64(grp.2) AS has_label, grp.3 AS value_label"
	if len(edges) == 1 {
		return s.statement("SELECT toUInt64(1) AS level, " + head + ", toInt64(0) AS bucket, " + value + "\nFROM (SELECT *, " + group + " FROM (" + rows + "))\nGROUP BY grp")
	}
	return s.statement("SELECT toUInt64(grouping(grp) * 2 + grouping(bucket)) AS level, " + head + ", bucket, " + value +
		"\nFROM (SELECT *, " + group + " FROM (" + rows + "))\nGROUP BY grp, bucket WITH ROLLUP")
}

// topValues returns which values of a breakdown are shown: has, label. One that
// has the name of the others is among them.
func (s *sql) topValues(q *Trend, i int, edges []int64) string {
	m := &q.Series[i]
	order := aggregates[m.measure()]
	if m.measure() == Sum {
		order = "ifNull(" + order + ", 0)" // as in the answer, so that it goes before what is below 0
	}
	return "SELECT has, label FROM (" + s.seriesRows(m, q.Breakdown, edges[:1]) + ")\nWHERE label != '" + Other + "' GROUP BY has, label" +
		" ORDER BY " + order + " DESC NULLS LAST, has DESC, label ASC LIMIT " + itoa(q.Breakdown.limit())
}

func (b *Breakdown) limit() int {
	if b.Limit == 0 {
		return defaultBreakdown
	}
	return b.Limit
}

func join(columns []string) string { return joinPrefixed("", columns) }

func joinPrefixed(prefix string, columns []string) string {
	text := ""
	for i, column := range columns {
		if i > 0 {
			text += ", "
		}
		if prefix != "" {
			text += prefix + column + " AS " + column
		} else {
			text += column
		}
	}
	return text
}
