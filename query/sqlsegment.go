package query

import (
	"slices"
	"strings"
	"time"

	"github.com/footfall-go/footfall/internal/schema"
)

// condition is what is true of the persons in a segment, told by the tables of
// persons it is made of. Who is in none of them is in the segment or not, which
// is known beforehand; so a statement never looks for everybody but to count
// them.
type condition struct {
	text   string // over marks, m1 and so on: whether the person is in that table
	others bool   // whether it is true of those in no table
	// proven says that whoever it is true of has done something: who is only in
	// a table of traits or in a frozen one may be a group, or be gone.
	proven bool
	// all is whether it is true of those in every table.
	all bool
}

func (c condition) not() condition {
	return condition{text: "NOT " + c.text, others: !c.others, all: !c.all}
}

// crew collects the tables that the condition of a segment needs.
type crew struct {
	*sql
	filter *Filter // of the events that count
	of     sphere  // of the question, where the filter was written
	tables []persona
}

// persona is a table of persons: a text of its own or, so that the events of
// all of them are read once, those who did something so often.
type persona struct {
	text string
	done deed
	// often is a comparison of how often it was done.
	often string
}

// sphere is where a segment was written: a stored one means the same in every
// question.
type sphere struct {
	cal      calendar
	from, to int64 // what Within is where it is not given
}

// written compiles what was written in a sphere, and what stands in it: a
// segment in a filter of a stored one is not about the range of the question.
func (s *sql) written(of sphere, compile func()) {
	asker, own := s.plan, *s.plan
	own.cal, own.asked = of.cal, &extent{of.from, of.to}
	s.plan = &own
	defer func() { s.plan = asker }()
	compile()
}

func (s *sql) sphere() sphere {
	if s.asked == nil {
		return sphere{s.cal, s.kept, s.at + 1}
	}
	return sphere{s.cal, s.asked.from, s.asked.to}
}

// window is when something counts: what came after the moment that is asked
// about does not.
func (c *crew) window(r *Range, of sphere) (from, to int64) {
	from, to = of.from, of.to
	if r != nil {
		a, b := r.resolve(time.UnixMilli(c.at), of.cal)
		from, to = a.UnixMilli(), b.UnixMilli()
	}
	from = max(from, c.kept)
	return from, max(from, min(to, c.at+1))
}

// table adds a table of persons and returns the condition to be in it.
func (c *crew) table(t persona, proven bool) condition {
	n := slices.Index(c.tables, t)
	if n < 0 {
		n, c.tables = len(c.tables), append(c.tables, t)
	}
	return condition{text: mark(n), proven: proven, all: true}
}

// mark is the column that says whether a person is in a table.
func mark(n int) string { return "m" + itoa(n+1) }

// during compiles what reads the events of some time.
func (s *sql) during(from, to int64, compile func() string) string {
	wide, narrow := s.plan, *s.plan
	narrow.since, narrow.to = from, to
	s.plan = &narrow
	defer func() { s.plan = wide }()
	return compile()
}

// segment returns the condition of a sound segment.
func (c *crew) segment(seg *Segment, of sphere) condition {
	switch seg.form() {
	case "id":
		stored := c.stored[seg.ID]
		if stored.Static {
			return c.table(persona{text: c.frozenMembers(seg.ID, stored.version)}, false)
		}
		var is condition
		always := sphere{c.home, c.kept, c.at + 1}
		c.written(always, func() { is = c.segment(&stored.Segment, always) })
		return is
	case "and":
		return c.join(seg.And, of, " AND ")
	case "or":
		return c.join(seg.Or, of, " OR ")
	case "not":
		return c.segment(seg.Not, of).not()
	case "first_seen":
		return c.firstSeen(seg, of)
	case "property":
		return c.trait(seg)
	}
	if seg.Then != nil || seg.NotThen != nil {
		return c.sequence(seg, of)
	}
	return c.did(seg, of)
}

func (c *crew) join(list []Segment, of sphere, with string) condition {
	and := with == " AND "
	joined := condition{others: and, all: and, proven: !and}
	var texts []string
	for i := range list {
		part := c.segment(&list[i], of)
		texts = append(texts, part.text)
		if and {
			joined.others, joined.all, joined.proven = joined.others && part.others, joined.all && part.all, joined.proven || part.proven
		} else {
			joined.others, joined.all, joined.proven = joined.others || part.others, joined.all || part.all, joined.proven && part.proven
		}
	}
	joined.text = "(" + strings.Join(texts, with) + ")"
	return joined
}

// never is a time before all others, and after them with its sign changed.
const never = -4_000_000_000_000_000

// sequence finds those who did one thing and then another, or not. What a person
// did stands in an array, by time and place in the log: at each event the last
// of the first sort strictly before it is known, or the next of the second sort
// strictly after it, and one such pair decides.
func (c *crew) sequence(seg *Segment, of sphere) condition {
	from, to := c.window(seg.Within, of)
	then := seg.Then
	if then == nil {
		then = seg.NotThen
	}
	span, _ := parseSpan(seg.In)
	in := c.integer(span.Milliseconds())
	return c.table(persona{text: c.during(from, c.at+1, func() string {
		first := all(append(c.counted(seg.Did), "time < "+c.moment(to)))
		second := all(c.counted(then))
		rows := c.scan(millis("time")+" AS t, _epoch, _o, _i, toUInt8("+first+") AS a, toUInt8("+second+") AS b, "+actor, schema.Events,
			append(c.between(from, c.at+1), c.named(false, seg.Did, then), "(a OR b)")...)
		events := "SELECT person, arraySort(groupArray((t, _epoch, _o, _i, a, b))) AS did\nFROM (" + c.withPerson("t, _epoch, _o, _i, a, b", rows) + ") GROUP BY person HAVING countIf(a) > 0"
		head := "SELECT person FROM (SELECT person, arrayMap(x -> x.1, did) AS times, arrayMap(x -> x.5, did) AS firsts, arrayMap(x -> x.6, did) AS thens\nFROM (" + events + "))\nWHERE "
		if seg.Then != nil {
			before := "arrayPopBack(arrayFill((t, a) -> a, arrayPushFront(times, " + c.integer(never) + "), arrayPushFront(firsts, 1)))"
			return head + "arrayExists((t, b, last) -> b AND t - last <= " + in + ", times, thens, " + before + ")"
		}
		after := "arrayPopFront(arrayReverseFill((t, b) -> b, arrayPushBack(times, " + c.integer(-never) + "), arrayPushBack(thens, 1)))"
		return head + "arrayExists((t, a, next) -> a AND next - t > " + in + " AND t + " + in + " <= " + c.integer(c.at) + ", times, firsts, " + after + ")"
	})}, true)
}

// firstSeen finds those whose first event is in a range: the first of what they
// did or, of those who did nothing, of what says who they are.
func (c *crew) firstSeen(seg *Segment, of sphere) condition {
	from, to := c.window(seg.FirstSeen, of)
	return c.table(persona{text: c.during(c.kept, c.at+1, func() string {
		rows := c.scan(actor+", minIfOrNull(time, "+behaviour+") AS acted, min(time) AS said", schema.Events, c.between(c.kept, c.at+1)...) + " GROUP BY actor"
		return "SELECT person FROM (SELECT person, ifNull(min(acted), min(said)) AS first FROM (" + c.withPerson("acted, said", rows) + ") GROUP BY person)" +
			" WHERE first >= " + c.moment(from) + " AND first < " + c.moment(to)
	})}, true)
}

// trait finds those with a trait. It is what counts now, whatever the moment.
func (c *crew) trait(seg *Segment) condition {
	op, negated := negations[seg.Op]
	if !negated {
		op = seg.Op
	}
	name := parseProperty(seg.Property).name
	rows := c.personTraits("key = " + c.text(name) + " AND " + anyTrait)
	found := c.table(persona{text: "SELECT person FROM (" + rows + ") WHERE " + c.compare(ofTrait, op, seg.Value)}, false)
	if negated {
		return found.not()
	}
	return found
}

// persons returns a table of those who are in a segment and in one of its
// tables or, where others are in the segment, of those who are not.
func (s *sql) persons(seg *Segment, filter *Filter) (table string, c condition) {
	crew := &crew{sql: s, filter: filter, of: s.sphere()}
	c = crew.segment(seg, s.sphere())
	if len(crew.tables) == 0 || len(crew.tables) == 1 && c.all == c.others {
		return s.scan("person", schema.Members, "0"), c // nobody
	}
	text := c.text
	if c.others {
		text = "NOT " + text
	}
	return "SELECT person FROM (" + crew.marked() + ") WHERE " + text, c
}

// marked has a row for each person in any of the tables: person and the marks.
func (c *crew) marked() string {
	var tables, marks, numbers []string
	for i, t := range c.tables {
		number := itoa(i + 1)
		marks = append(marks, "has(ns, "+number+") AS "+mark(i))
		if t.text != "" {
			tables = append(tables, "SELECT person, "+number+" AS n FROM ("+t.text+")")
		} else {
			numbers = append(numbers, "if("+mark(i)+", "+number+", 0)")
		}
	}
	done := c.doers()
	switch {
	case len(tables) == 0:
		return done
	case len(c.tables) == 1:
		return "SELECT person, 1 AS " + mark(0) + " FROM (" + c.tables[0].text + ")"
	case done != "":
		tables = append(tables, "SELECT person, arrayJoin(arrayFilter(n -> n != 0, ["+join(numbers)+"])) AS n FROM ("+done+")")
	}
	return "SELECT person, " + join(marks) + " FROM (SELECT person, groupUniqArray(n) AS ns FROM (" + strings.Join(tables, "\nUNION ALL ") + ") GROUP BY person)"
}

// inSegment is true for events of persons in a segment.
func (s *sql) inSegment(seg *Segment) string {
	persons, c := s.persons(seg, nil)
	ids := persons
	if s.resolved() != "" {
		s.usesEdges = true
		ids = "SELECT arrayJoin(arrayPushFront(o.ids, p.person)) AS id FROM (" + persons + ") AS p" +
			" LEFT ANY JOIN (SELECT person, groupArray(id) AS ids FROM edges GROUP BY person) AS o ON p.person = o.person"
	}
	text := "if(user = 0, visitor, user) IN (" + ids + ")"
	if c.others {
		return "NOT " + text
	}
	return text
}

// members returns a table of the persons in a segment, once or several times,
// among all who did something or of whom it was said who they are.
func (s *sql) members(q *SegmentSize) string {
	persons, c := s.persons(&q.Segment, q.Filter)
	if !c.others && c.proven {
		return persons
	}
	is := "IN"
	if c.others {
		is = "NOT IN"
	}
	return "SELECT person FROM (" + s.anybody() + ") WHERE person " + is + " (" + persons + ")"
}

func segmentCrowd(q *SegmentSize) crowd {
	return crowd{rows: func(s *sql) string { return s.members(q) }}
}

// compileSegment counts the persons in a segment.
func (p *plan) compileSegment(q *SegmentSize) Statement {
	s := p.sql()
	return s.statement("SELECT uniqExact(person) AS n\nFROM (" + s.members(q) + ")")
}

// compileMembers returns the persons in a segment, each once, up to a number.
func (p *plan) compileMembers(q *SegmentSize, most int) Statement {
	s := p.sql()
	s.limits.result = int64(most)
	return s.statement("SELECT DISTINCT " + hexOf("person") + " AS person_id\nFROM (" + s.members(q) + ")\nLIMIT " + itoa(most))
}
