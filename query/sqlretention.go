package query

import (
	"cmp"
	"slices"
	"time"

	"github.com/footfall-go/footfall/internal/schema"
)

// grid is what a retention counts on: the starts of its cohorts and those of the
// calendar's buckets after them, as far as the last period of the last cohort
// reaches.
type grid struct {
	starts  []time.Time
	edges   []int64 // of the cohorts, and as many as there are periods after them
	end     int64   // of the last bucket
	cohorts int
	periods int   // without that of the start
	width   int64 // of a rolling period, 0 where periods are the calendar's
}

// widths are those of rolling periods.
var widths = map[Interval]time.Duration{Hour: time.Hour, Day: 24 * time.Hour, Week: 7 * 24 * time.Hour, Month: 30 * 24 * time.Hour}

// gridOf cuts time for a question whose cohorts start at some moments.
func (c calendar) gridOf(q *Retention, starts []time.Time) grid {
	interval := cmp.Or(q.Interval, Day)
	g := grid{starts: slices.Clone(starts), cohorts: len(starts), periods: q.periods()}
	for range g.periods {
		g.starts = append(g.starts, c.next(interval, g.starts[len(g.starts)-1]))
	}
	g.end = c.next(interval, g.starts[len(g.starts)-1]).UnixMilli()
	for _, start := range g.starts {
		g.edges = append(g.edges, start.UnixMilli())
	}
	if q.Buckets == RollingBuckets {
		g.width = widths[interval].Milliseconds()
	}
	return g
}

// index returns the expression for the number of the bucket that a time at or
// after the first edge lies in.
func (s *sql) index(ms string, g grid) string {
	edges := s.param("Array(Int64)", seconds(g.edges))
	numbers := make([]int64, len(g.edges))
	for i := range numbers {
		numbers[i] = int64(i)
	}
	return "transform(roundDown(intDiv(" + ms + " - " + s.integer(g.edges[0]) + ", 1000), " + edges + "), " + edges + ", " + s.param("Array(Int64)", numbers) + ")"
}

// retentionRows are the events that start or return, one row each: person, t
// (the time in milliseconds), starts, returns; and for a breakdown the place in
// the log, has, label.
func (s *sql) retentionRows(q *Retention, g grid) string {
	wide, reach := s.plan, *s.plan
	// Sessions that events are compared with may lie where the events do.
	if q.cohort() == FirstEver {
		reach.since = reach.kept
	}
	reach.to = latest.UnixMilli()
	switch {
	case q.Count == OnOrAfterward:
	case g.width > 0:
		reach.to = min(reach.to, wide.to+int64(g.periods+1)*g.width)
	default:
		reach.to = min(reach.to, g.end)
	}
	s.plan = &reach
	defer func() { s.plan = wide }()

	starts := append(s.selected(&q.Start), "time < "+s.moment(wide.to))
	returns := s.selected(&q.Return)
	if reach.since < wide.since {
		returns = append(returns, "time >= "+s.moment(wide.since))
	}
	var c columns
	c.add("t", millis("time"))
	c.add("starts", "toUInt8("+all(starts)+")")
	c.add("returns", "toUInt8("+all(returns)+")")
	var by property
	if q.Breakdown != nil {
		by = parseProperty(q.Breakdown.Property)
		for _, place := range []string{"_epoch", "_o", "_i"} {
			c.add(place, "")
		}
		s.addLabel(&c, by)
	}
	where := append(s.between(reach.since, reach.to), s.named(false, &q.Start, &q.Return), "(starts OR returns)")
	if q.Filter != nil {
		where = append(where, s.filter(q.Filter))
	}
	rows := s.withPerson(join(c.names), s.scan(join(append(slices.Clone(c.exprs), actor)), schema.Events, where...))
	c.add("person", "")
	if !by.joined() {
		return rows
	}
	return s.joined(by, "own", &c, rows, asLabel)
}

func all(conditions []string) string {
	text := ""
	for i, condition := range conditions {
		if i > 0 {
			text += " AND "
		}
		text += condition
	}
	return text
}

// cohortMembers has a row for each person in each cohort: person, c (the number
// of the cohort), t0 (when the person started), back (the periods that count for
// the person); and for a breakdown has, label.
//
// All that a person did is put together in sorted arrays first, so that a
// person's returns are read once, whatever the number of cohorts.
func (s *sql) cohortMembers(q *Retention, g grid) string {
	label, values := "", ""
	if q.Breakdown != nil {
		label, values = ", has, label", ", x.5, x.6"
	}
	// begun are the starts that may count, each a tuple that begins with its
	// time, in order.
	var begun string
	switch {
	case q.cohort() == Recurring && label != "":
		begun = "arraySort(groupArrayIf((t, _epoch, _o, _i" + label + "), starts))"
	case q.cohort() == Recurring:
		begun = "arrayMap(x -> tuple(x), arraySort(groupArrayIf(t, starts)))"
	case label != "":
		begun = "[minIf((t, _epoch, _o, _i" + label + "), starts)]"
	default:
		begun = "[tuple(minIf(t, starts))]"
	}
	returned := "arraySort(groupArrayIf(t, returns))"
	if q.Count == OnOrAfterward {
		returned = "if(countIf(returns) = 0, [], [maxIf(t, returns)])" // whoever came last came at all
	}
	some := "countIf(starts) > 0"
	if q.cohort() != Recurring {
		// Of most persons nothing more has to be found out: they came before.
		some += " AND minIf(t, starts) >= " + s.integer(s.since)
	}
	persons := "SELECT person, " + begun + " AS begun, " + returned + " AS returned\nFROM (" + s.retentionRows(q, g) + ")\nGROUP BY person HAVING " + some

	// Of the starts in one bucket the first counts, and of the returns in one
	// that is all of a period the last tells whether it is before the start.
	from := s.integer(s.since)
	first := "arrayFilter((x, n, before) -> n != before, inside, numbers, arrayShiftRight(numbers, 1, toInt64(-1)))"
	columns := "person, arrayFilter(x -> x.1 >= " + from + ", begun) AS inside, arrayMap(x -> " + s.index("x.1", g) + ", inside) AS numbers, " +
		"arrayMap(x -> (" + s.index("x.1", g) + ", x.1" + values + "), " + first + ") AS members"
	member := "person, arrayJoin(members) AS member"
	if g.width > 0 {
		columns += ", returned"
		member += ", returned"
	} else {
		columns += ", arrayFilter(x -> x >= " + from + ", returned) AS later, arrayMap(x -> " + s.index("x", g) + ", later) AS buckets" +
			", arrayFilter((x, n, after) -> n != after, later, buckets, arrayShiftLeft(buckets, 1, toInt64(-1))) AS lasts, arrayCompact(buckets) AS seen"
		member += ", lasts, seen"
	}
	head := "person, member.1 AS c, member.2 AS t0, " + s.periodsBack(q, g) + " AS back"
	if label != "" {
		head += ", member.3 AS has, member.4 AS label"
	}
	return "SELECT " + head + "\nFROM (SELECT " + member + "\nFROM (SELECT " + columns + "\nFROM (" + persons + ")))"
}

// periodsBack returns the expression for the periods that count for a member of
// a cohort, each once: those in which there is a return at or after the start or,
// where it is enough to come later, the last of them.
func (s *sql) periodsBack(q *Retention, g grid) string {
	most := s.integer(int64(g.periods))
	numbers := "arrayMap(n -> n - c, arrayFilter((n, x) -> n > c OR n = c AND x >= t0, seen, lasts))"
	if g.width > 0 {
		numbers = "arrayCompact(arrayMap(x -> intDiv(x - t0, " + s.integer(g.width) + "), arrayFilter(x -> x >= t0, returned)))"
	}
	if q.Count == OnOrAfterward {
		return "arrayMap(n -> least(n, " + most + "), " + numbers + ")"
	}
	return "arrayFilter(n -> n <= " + most + ", " + numbers + ")"
}

// compileRetention returns how many members of each cohort came back in each
// period: whether the row is of the others, has a value, the value; cohort,
// period, count. The period -1 has the size of the cohort. Where it is enough to
// come later a member is in the last period only.
func (p *plan) compileRetention(q *Retention, g grid) Statement {
	s := p.sql()
	members := s.cohortMembers(q, g)
	const period = "arrayJoin(arrayPushFront(back, toInt64(-1))) AS j"
	if q.Breakdown == nil {
		return s.statement("SELECT toUInt64(0) AS other, toUInt64(0) AS has_label, '' AS value_label, c, j, count() AS n\nFROM (SELECT c, " + period + "\nFROM (" + members + "))\nGROUP BY c, j")
	}
	cells := "SELECT has, label, c, j, count() AS n\nFROM (SELECT has, label, c, " + period + "\nFROM (" + members + "))\nGROUP BY has, label, c, j"
	values := "SELECT has, label, sumIf(n, j = -1) AS size, groupArray((c, j, n)) AS cells\nFROM (" + cells + ")\nGROUP BY has, label"
	ranked := "SELECT has, label, cells, row_number() OVER (ORDER BY label = '" + Other + "' ASC, size DESC, has DESC, label ASC) AS rank\nFROM (" + values + ")"
	shown := "rank <= " + itoa(q.Breakdown.limit()) + " AND label != '" + Other + "'"
	return s.statement("SELECT toUInt64(grp.1) AS other, toUInt64(grp.2) AS has_label, grp.3 AS value_label, cell.1 AS c, cell.2 AS j, sum(cell.3) AS n\n" +
		"FROM (SELECT if(" + shown + ", (0, has, label), (1, 0, '')) AS grp, arrayJoin(cells) AS cell\nFROM (" + ranked + "))\nGROUP BY grp, c, j")
}

func (q *Retention) cohort() Cohort { return cmp.Or(q.Cohort, FirstEver) }
