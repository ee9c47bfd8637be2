package query

import (
	"cmp"
	"strings"

	"github.com/footfall-go/footfall/internal/schema"
)

// found is true for names that have the text that is searched for.
func (s *sql) found(name, search string) string {
	if search == "" {
		return "1"
	}
	return "positionCaseInsensitiveUTF8(" + name + ", " + s.text(search) + ") > 0"
}

// compileEventNames returns the names of events: name, count, first, last.
func (p *plan) compileEventNames(q CatalogQuery) Statement {
	s := p.sql()
	where := append(s.between(s.since, s.to), s.found("name", q.Search))
	return s.statement("SELECT toString(name) AS event, count() AS n, " + millis("min(time)") + " AS first, " + millis("max(time)") + " AS last\n" +
		"FROM (" + s.scan("name, time", schema.Events, where...) + ")\nGROUP BY name ORDER BY n DESC, event ASC LIMIT " + itoa(page(q.Limit)))
}

// cataloged selects the events whose properties are listed.
func (s *sql) cataloged(q CatalogQuery) []string {
	return append(s.between(s.since, s.to), s.selected(&Selector{Event: cmp.Or(q.Event, "*")})...)
}

// keyName is the name that a property of events is asked for by.
const keyName = "concat('" + ofEvent + ".', key)"

// compilePropertyKeys returns which names the texts or the numbers of events
// have: name without what it is of, count. It reads no values.
func (p *plan) compilePropertyKeys(q CatalogQuery, side string) Statement {
	s := p.sql()
	rows := s.scan("arrayJoin("+side+".keys) AS key", schema.Events, s.cataloged(q)...)
	return s.statement("SELECT toString(key) AS property, count() AS n\nFROM (" + rows + ")\n" + s.listedKeys(q) +
		" GROUP BY key LIMIT " + itoa(catalogKeys+1))
}

// listedKeys is the condition for a key to be in the catalog.
func (s *sql) listedKeys(q CatalogQuery) string {
	return "WHERE key != '" + schema.UnflattenedName + "' AND " + s.found(keyName, q.Search)
}

// compileMixedProperties returns one row with two numbers for each key: how many
// events have it, how many of them as a number.
func (p *plan) compileMixedProperties(q CatalogQuery, keys []string) Statement {
	s := p.sql()
	var counts []string
	for _, key := range keys {
		key = s.text(key)
		counts = append(counts, "countIf(has(t, "+key+") OR has(n, "+key+")), countIf(has(n, "+key+"))")
	}
	return s.statement("SELECT " + strings.Join(counts, ", ") + "\nFROM (" + s.scan("texts.keys AS t, numbers.keys AS n", schema.Events, s.cataloged(q)...) + ")")
}

// compilePropertyNames returns the properties of events: name, count, how many
// are numbers, how many are texts only. It reads no values either.
func (p *plan) compilePropertyNames(q CatalogQuery) Statement {
	s := p.sql()
	rows := s.scan("texts.keys AS t, numbers.keys AS n", schema.Events, s.cataloged(q)...)
	// Few sets of names are had by many events.
	rows = "SELECT t, n, count() AS events FROM (" + rows + ") GROUP BY t, n"
	keys := "SELECT arrayJoin(arrayDistinct(arrayConcat(t, n))) AS key, has(n, key) AS is_number, events FROM (" + rows + ")"
	return s.statement("SELECT " + keyName + " AS property, sum(events) AS total, sumIf(events, is_number) AS numeric, sumIf(events, NOT is_number) AS textual\n" +
		"FROM (" + keys + ")\n" + s.listedKeys(q) +
		"\nGROUP BY key ORDER BY total DESC, property ASC LIMIT " + itoa(page(q.Limit)))
}

// compileDays returns when the first event of each day was and how many it has,
// newest first.
func (p *plan) compileDays(q CatalogQuery) Statement {
	s := p.sql()
	rows := s.scan("time", schema.Events, s.cataloged(q)...)
	return s.statement("SELECT " + millis("min(time)") + " AS first, count() AS n\nFROM (" + rows + ")\nGROUP BY toDate32(time) ORDER BY toDate32(time) DESC LIMIT 4000")
}

// topOf ends a statement over rows with name and label.
func topOf(rows string) string {
	return "SELECT name, label, count() AS n\nFROM (" + rows + ")\nWHERE length(label) <= " + itoa(catalogValue) +
		" GROUP BY name, label ORDER BY name ASC, n DESC, label ASC LIMIT " + itoa(catalogTop) + " BY name"
}

// compilePropertyValues returns the most frequent values of properties: name,
// value, count.
func (p *plan) compilePropertyValues(q CatalogQuery, keys []string) Statement {
	s := p.sql()
	rows := s.scan("texts.keys AS tk, texts.values AS tv, numbers.keys AS nk, numbers.values AS nv", schema.Events, s.cataloged(q)...)
	// Of one that is both the text is what the sender wrote.
	pairs := "SELECT arrayJoin(arrayConcat(arrayMap((k, v) -> (toString(k), v), tk, tv), " +
		"arrayFilter(x -> NOT has(tk, x.1), arrayMap((k, v) -> (toString(k), toString(v)), nk, nv)))) AS pair FROM (" + rows + ")"
	return s.statement(topOf("SELECT concat('event.', pair.1) AS name, pair.2 AS label FROM (" + pairs + ") WHERE pair.1 IN " + s.texts(keys)))
}

// traitRows returns what counts of each trait of persons and of groups that
// somebody is in: name, bits, text, num. An id of which neither is known is a
// group that everybody has left.
func (s *sql) traitRows() string {
	groups := "SELECT toString(key) AS group_type, text AS group_text FROM (" + s.personTraits(aMember) + ")"
	groups = "SELECT " + schema.GroupIDExpr("{tenant:String}", "group_type", "group_text") + " AS gid, any(group_type) AS of_type FROM (" + groups + ") GROUP BY gid"
	return "SELECT concat(if(g.of_type = '', 'person', concat('group.', g.of_type)), '.', r.key) AS name, r.bits AS bits, r.text AS text, r.num AS num" +
		" FROM (" + s.personTraits(anyTrait) + ") AS r\nLEFT ANY JOIN (" + groups + ") AS g ON r.person = g.gid\n" +
		"WHERE r.bits != 0 AND (g.of_type != '' OR r.person IN (" + s.scan("id", schema.IDs) + "))"
}

// compileTraitNames returns the names of traits: name, count, how many are
// numbers, how many are texts only, and the most frequent values with how many
// have each. Whose a trait is takes most of the time, so that names and values are
// counted in one pass.
func (p *plan) compileTraitNames(q CatalogQuery) Statement {
	s := p.sql()
	rows := "SELECT name, " + ofTrait.hasNum + " AS is_number, " + ofTrait.asText() + " AS said, length(said) <= " + itoa(catalogValue) + " AS short, if(short, said, '') AS label\n" +
		"FROM (" + s.traitRows() + ")\nWHERE " + s.found("name", q.Search)
	values := "SELECT name, short, label, count() AS n, countIf(is_number) AS numbers, countIf(NOT is_number) AS texts FROM (" + rows + ")\nGROUP BY name, short, label"
	top := "groupArraySortedIf(" + itoa(catalogTop) + ")((-toInt64(n), label), short) AS top"
	return s.statement("SELECT name, total, numeric, textual, top.2, arrayMap(n -> toUInt64(-n), top.1)\n" +
		"FROM (SELECT name, sum(n) AS total, sum(numbers) AS numeric, sum(texts) AS textual, " + top + " FROM (" + values + ")\nGROUP BY name)\nORDER BY total DESC, name ASC LIMIT " + itoa(page(q.Limit)))
}
