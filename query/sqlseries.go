package query

import (
	"slices"

	"github.com/footfall-go/footfall/internal/schema"
)

// seriesRows is the table a series is aggregated from, one row for each event,
// with the columns its measure, buckets and breakdown need.
func (s *sql) seriesRows(m *Series, b *Breakdown, edges []int64) string {
	var c columns
	if len(edges) > 1 {
		c.add("bucket", "toInt64("+s.bucketOf("time", edges)+")")
	}
	var of, by property
	switch m.measure() {
	case CountEvents, CountPersons, PerPerson:
	case CountSessions:
		c.addSession()
	default:
		of = parseProperty(m.Of)
	}
	if b != nil {
		by = parseProperty(b.Property)
	}
	// What stands in an event itself is read with it; the rest is joined.
	switch of.scope {
	case ofSession:
		c.addSession()
	case ofEvent:
		c.add("num", s.eventProperty(of.name).asNumber())
	case ofGroup:
		groupType, _ := parseGroup(of.name)
		c.add("own_of", "toString("+s.ownGroup(groupType)+")")
	}
	s.addLabel(&c, by)
	rows := s.eventRows(m, &c, by.byPerson() || of.byPerson(), len(edges) > 1)
	if by.joined() {
		rows = s.joined(by, "own", &c, rows, asLabel)
	}
	if of.joined() {
		rows = s.joined(of, "own_of", &c, rows, asNumber)
	}
	return rows
}

// addLabel adds what an event itself has of a value of a breakdown.
func (s *sql) addLabel(c *columns, by property) {
	switch by.scope {
	case ofSession:
		c.addSession()
	case ofSegment:
		c.addText(s.segmentProperty(by.name))
	case ofEvent:
		c.addText(s.eventProperty(by.name))
	case ofGroup:
		groupType, _ := parseGroup(by.name)
		c.add("own", "toString("+s.ownGroup(groupType)+")")
	}
}

// eventRows reads the events of a series, with their persons if those are
// needed.
func (s *sql) eventRows(m *Series, c *columns, ofPersons, bucketed bool) string {
	where := append(s.between(s.since, s.to), s.seriesWhere(m)...)
	if !m.ofPersons() {
		if !ofPersons {
			if len(c.names) == 0 {
				c.add("one", "1")
			}
			return s.scan(join(c.exprs), schema.Events, where...)
		}
		rows := s.scan(join(append(slices.Clone(c.exprs), actor)), schema.Events, where...)
		rows = s.withPerson(join(c.names), rows)
		c.add("person", "")
		return rows
	}
	var rows string
	if !bucketed {
		// Without buckets an id's events come down to few rows before they are
		// joined; with them that costs more than it saves (6 s against 1.5 s
		// for 10 million events in 366 buckets).
		group := append(slices.Clone(c.names), "actor")
		rows = s.scan(join(append(slices.Clone(c.exprs), actor, "count() AS n")), schema.Events, where...) + " GROUP BY " + join(group)
	} else {
		rows = s.scan(join(append(slices.Clone(c.exprs), actor, "1 AS n")), schema.Events, where...)
	}
	c.add("n", "")
	rows = s.withPerson(join(c.names), rows)
	c.add("person", "")
	return rows
}

// columns are those of a table in the making: what they are called, and what
// they are in the table that is read.
type columns struct{ names, exprs []string }

// add adds a column, once; one without an expression is there already.
func (c *columns) add(name, expr string) {
	if slices.Contains(c.names, name) {
		return
	}
	c.names = append(c.names, name)
	if expr != "" {
		name = expr + " AS " + name
	}
	c.exprs = append(c.exprs, name)
}

// addText adds what an event has as a value of a breakdown.
func (c *columns) addText(a accessor) {
	c.add("has", "toUInt8("+a.present()+")")
	c.add("label", "toString("+a.asText()+")")
}

// addSession adds what names a session.
func (c *columns) addSession() {
	c.add("visitor", "")
	c.add("session", "")
}

// ofPersons reports whether the measure needs to know who did it.
func (s *Series) ofPersons() bool { return s.measure() == CountPersons || s.measure() == PerPerson }

// value is what a property is read as: the columns that it becomes.
type value struct {
	names []string
	exprs func(a accessor) []string
}

// asLabel is a value of a breakdown, asNumber one that is measured.
var (
	asLabel = value{[]string{"has", "label"}, func(a accessor) []string {
		return []string{"toUInt8(" + a.present() + ")", "toString(" + a.asText() + ")"}
	}}
	asNumber = value{[]string{"num"}, func(a accessor) []string { return []string{a.asNumber()} }}
)

// of returns the value's columns of a table.
func (v value) of(a accessor) string {
	text := ""
	for i, expr := range v.exprs(a) {
		text += ", " + expr + " AS " + v.names[i]
	}
	return text
}

// joined adds to rows a property that does not stand in an event itself. Of a
// group's the rows have the text of the id that an event itself names.
func (s *sql) joined(p property, own string, c *columns, rows string, v value) string {
	head := "SELECT " + joinPrefixed("e.", c.names)
	for _, name := range v.names {
		c.add(name, "")
	}
	switch p.scope {
	case ofSession:
		table, a := s.sessionValues(p.name)
		values := "SELECT visitor, session" + v.of(a) + " FROM (" + table + ")"
		return head + ", " + joinPrefixed("l.", v.names) + " FROM (" + rows + ") AS e\nLEFT ANY JOIN (" + values +
			") AS l ON e.visitor = l.visitor AND e.session = l.session"
	case ofPerson:
		values := "SELECT person" + v.of(ofTrait) + " FROM (" + s.personTraits("key = "+s.text(p.name)+" AND "+anyTrait) + ")"
		return head + ", " + joinPrefixed("l.", v.names) + " FROM (" + rows + ") AS e\nLEFT ANY JOIN (" + values + ") AS l ON e.person = l.person"
	}
	groupType, name := parseGroup(p.name)
	members := s.personTraits("key = " + s.text(groupType) + " AND " + aMember)
	text := "if(e." + own + " = '', m.text, e." + own + ")"
	from := " FROM (" + rows + ") AS e\nLEFT ANY JOIN (SELECT person, text FROM (" + members + ")) AS m ON e.person = m.person"
	if name == groupIDName {
		return head + v.of(accessor{hasText: text + " != ''", text: text, hasNum: "0"}) + from
	}
	rows = head + ", " + s.groupID(groupType, text) + " AS gid" + from
	values := "SELECT id" + v.of(ofTrait) + " FROM (" + s.traits("key = "+s.text(name)) + ")"
	return head + ", " + joinPrefixed("l.", v.names) + " FROM (" + rows + ") AS e\nLEFT ANY JOIN (" + values + ") AS l ON e.gid = l.id"
}

// seriesWhere selects the events of a series under the question's own filter.
func (s *sql) seriesWhere(m *Series) []string {
	where := s.selected(&m.Selector)
	if s.shared != nil {
		where = append(where, s.filter(s.shared))
	}
	return where
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
