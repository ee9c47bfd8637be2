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
func (p *plan) compileEventPlaces(q *Events, ids []footfall.ID, after *place) Statement {
	s := p.sql()
	where := s.between(s.since, s.to)
	if after != nil {
		where = append(where, "time <= "+s.moment(after.time),
			"(time, "+placeColumns+") < ("+s.moment(after.time)+", "+s.integer(after.epoch)+", "+s.integer(after.partition)+", "+s.integer(after.offset)+", "+s.integer(after.index)+")")
	}
	if q.Person != "" {
		where = append(where, s.spokenBy(ids))
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
	columns := millis("time") + " AS ms, toInt64(_epoch), toInt64(_p), toInt64(_o), toInt64(_i), id, toString(type), toString(name)" +
		", _original, _sent, _received, " + hexOf("visitor") + ", " + hexOf("user") + ", session, properties, context"
	return s.statement(s.scan(columns, schema.Events, where...))
}

// compileIDs returns the texts of ids: id, kind, text.
func (p *plan) compileIDs(ids []footfall.ID) Statement {
	s := p.sql()
	return s.statement(s.scan(hexOf("id")+" AS hex_id, toString(kind) AS kind_name, any(text) AS id_text", schema.IDs, "id IN "+s.ids(ids)) + "\nGROUP BY id, kind")
}

// compileResolve returns the persons of those of the ids that are not their
// own: id, person.
func (p *plan) compileResolve(ids []footfall.ID) Statement {
	s := p.sql()
	return s.statement("SELECT " + hexOf("id") + " AS hex_id, " + hexOf("person") + " AS person_id FROM (" + s.resolved("visitor IN "+s.ids(ids)) + ")")
}

// maxIDsOfPage bounds the devices of the persons of one page.
const maxIDsOfPage = 100_000

// compileIDsOf returns the ids that belong to persons and are not the persons'
// own: id, person.
func (p *plan) compileIDsOf(persons []footfall.ID) Statement {
	s := p.sql()
	var where []string
	if !p.people.aliases {
		// Whoever belongs to a user was linked to him at some time.
		where = []string{"visitor IN (" + s.scan("visitor", schema.Identities, "user IN "+s.ids(persons)) + ")"}
	}
	return s.statement("SELECT " + hexOf("id") + " AS hex_id, " + hexOf("person") + " AS person_id FROM (" + s.resolved(where...) + ") WHERE person IN " + s.ids(persons) + " LIMIT " + itoa(maxIDsOfPage))
}

func page(limit int) int { return cmp.Or(limit, defaultPage) }

// maxVisitors bounds the visitors listed with one person.
const maxVisitors = 100

// compileDetails returns what is known of ids over all their events: id,
// whether the row is about what they did or else about what only says who they
// are, first, last, visitors.
func (p *plan) compileDetails(ids []footfall.ID) Statement {
	s := p.sql()
	where := []string{s.spokenBy(ids)}
	if s.kept > earliest.UnixMilli() { // what is to be deleted tonight is not seen
		where = append(where, "time >= "+s.moment(s.kept))
	}
	rows := s.scan("time, visitor, user, "+behaviour+" AS did, "+actor, schema.Events, where...)
	return s.statement("SELECT " + hexOf("actor") + " AS actor_id, toUInt64(did), " + millis("min(time)") + " AS first, " + millis("max(time)") + " AS last, " +
		"arrayMap(x -> " + hexOf("x") + ", arraySort(groupUniqArrayIf(" + itoa(maxVisitors) + ")(visitor, visitor != user))) AS visitors\n" +
		"FROM (" + rows + ")\nGROUP BY actor, did")
}

// fewIDs is how many the indexes of visitors and users tell apart: of more, some
// seems to be nearly everywhere, and to look for them in the indexes is in vain.
const fewIDs = 64

// spokenBy is true for rows that speak for one of the ids; for few it has a form
// that the indexes of both columns serve.
func (s *sql) spokenBy(ids []footfall.ID) string {
	list := s.ids(ids)
	if len(ids) > fewIDs {
		return "if(user = 0, visitor, user) IN " + list
	}
	return "(user IN " + list + " OR (user = 0 AND visitor IN " + list + "))"
}
