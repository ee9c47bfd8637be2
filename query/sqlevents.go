package query

import (
	"cmp"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
)

// place is what events are listed by: newest first, and by their place in the
// log where times are equal.
type place struct{ time, epoch, partition, offset, index int64 }

const placeColumns = "_epoch, _p, _o, _i"

// compileEventPlaces returns which events a page has: their places and the
// rest of what finds them. Only a page's events are read whole.
func (p *plan) compileEventPlaces(q *Events, ids []string, after *place) Statement {
	s := p.sql()
	where := s.between(s.since, s.to)
	if after != nil {
		where = append(where, "time <= "+s.moment(after.time),
			"(time, "+placeColumns+") < ("+s.moment(after.time)+", "+s.integer(after.epoch)+", "+s.integer(after.partition)+", "+s.integer(after.offset)+", "+s.integer(after.index)+")")
	}
	if q.Person != "" {
		list := s.ids(ids)
		where = append(where, "(user IN "+list+" OR (user = 0 AND visitor IN "+list+"))")
	}
	if q.Filter != nil {
		where = append(where, s.filter(q.Filter))
	}
	return s.statement(s.scan(millis("time")+" AS ms, toInt64(_epoch), toInt64(_p), toInt64(_o), toInt64(_i), id", schema.Events, where...) +
		"\nORDER BY time DESC, _epoch DESC, _p DESC, _o DESC, _i DESC LIMIT " + itoa(page(q.Limit)+1))
}

// compileEvents returns the events at the places, and perhaps others, in any
// order.
func (p *plan) compileEvents(places []place, messages []string) Statement {
	s := p.sql()
	first, last := places[len(places)-1].time, places[0].time
	offsets := make([]int64, len(places))
	for i, at := range places {
		offsets[i] = at.offset
	}
	where := append(s.between(first, last+1),
		"_o IN "+s.param("Array(Int64)", offsets), "id IN "+s.texts(messages))
	columns := millis("time") + " AS ms, toInt64(_epoch) AS epoch, toInt64(_p) AS part, toInt64(_o) AS offset, toInt64(_i) AS idx, id, toString(type) AS kind, toString(name) AS event" +
		", _original, _sent, _received, " + hexOf("visitor") + " AS who, " + hexOf("user") + " AS account, session, properties, context"
	rows := s.scan(columns+", "+actor, schema.Events, where...)
	return s.statement(s.withPersonHex("ms, epoch, part, offset, idx, id, kind, event, _original, _sent, _received, who, account, session, properties, context", rows))
}

// withPersonHex adds the person as a text.
func (s *sql) withPersonHex(columns, table string) string {
	return "SELECT " + columns + ", " + hexOf("person") + " AS person_id FROM (" + s.withPerson(columns, table) + ")"
}

// compileIDs returns the texts of ids: id, kind, text.
func (p *plan) compileIDs(ids []string) Statement {
	s := p.sql()
	return s.statement(s.scan(hexOf("id")+" AS hex_id, toString(kind) AS kind_name, any(text) AS id_text", schema.IDs, "id IN "+s.ids(ids)) + "\nGROUP BY id, kind")
}

// compilePerson returns the person an id belongs to.
func (p *plan) compilePerson(id footfall.ID) Statement {
	s := p.sql()
	return s.statement("SELECT " + hexOf("person") + " AS person_id FROM (" + s.withPerson("", "SELECT "+s.id(id)+" AS actor") + ")")
}

// compileIDsOf returns the ids that belong to persons and are not the
// persons' own.
func (p *plan) compileIDsOf(persons []string) Statement {
	s := p.sql()
	return s.statement("SELECT " + hexOf("id") + " AS hex_id FROM (" + s.resolved() + ") WHERE person IN " + s.ids(persons) + " LIMIT " + itoa(maxIDsOfPage))
}

// maxIDsOfPage bounds the devices of the persons of one page.
const maxIDsOfPage = 100_000

func page(limit int) int { return cmp.Or(limit, defaultPage) }

// personsRows is the table of the events behind a list of persons: person.
func (s *sql) personsRows(q *Persons) string {
	where := append(s.between(s.since, s.to), behaviour)
	if q.Filter != nil {
		where = append(where, s.filter(q.Filter))
	}
	return s.withPerson("", s.scan(actor, schema.Events, where...))
}

// compilePersonCount returns how many persons there are.
func (p *plan) compilePersonCount(q *Persons) Statement {
	s := p.sql()
	return s.statement("SELECT uniqExact(person) AS n\nFROM (" + s.personsRows(q) + ")")
}

// compilePersonPage returns the persons of a page, in the order of their ids.
func (p *plan) compilePersonPage(q *Persons, after *footfall.ID) Statement {
	s := p.sql()
	where := ""
	if after != nil {
		where = "\nWHERE person > " + s.id(*after)
	}
	return s.statement("SELECT " + hexOf("person") + " AS person_id\nFROM (" + s.personsRows(q) + ")" + where +
		"\nGROUP BY person ORDER BY person ASC LIMIT " + itoa(page(q.Limit)+1))
}

// maxVisitors bounds the visitors listed with one person.
const maxVisitors = 100

// compilePersonDetails returns what is shown of persons, over all their
// events: person, first, last, visitors. ids are all that belong to them.
func (p *plan) compilePersonDetails(persons, ids []string) Statement {
	s := p.sql()
	list := s.ids(ids)
	rows := s.scan("time, visitor, user, "+actor, schema.Events, behaviour, "(user IN "+list+" OR (user = 0 AND visitor IN "+list+"))")
	return s.statement("SELECT " + hexOf("person") + " AS person_id, " + millis("min(time)") + " AS first, " + millis("max(time)") + " AS last, " +
		"arrayMap(x -> " + hexOf("x") + ", arraySort(groupUniqArrayIf(" + itoa(maxVisitors) + ")(visitor, visitor != user))) AS visitors\n" +
		"FROM (" + s.withPerson("time, visitor, user", rows) + ")\nWHERE person IN " + s.ids(persons) + "\nGROUP BY person")
}
