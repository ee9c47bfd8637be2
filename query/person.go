package query

import (
	"strings"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

// people is what is known of a tenant's identity edges before a question is
// compiled: which sorts there are, so that a statement joins no table it does
// not need, and where chains of aliases end.
type people struct {
	links, unlinks, aliases bool
	// from and to are ids whose alias leads on to another, and the user at
	// the end.
	from, to []footfall.ID
}

// position is the place of an edge in the log as one number, never zero.
const position = "bitOr(bitOr(bitShiftLeft(toUInt128(_epoch), 96), bitShiftLeft(toUInt128(_o), 32)), toUInt128(_i)) + 1"

// linked returns the first link after the last unlink of each visitor that
// fulfils the conditions: id, target.
func (s *sql) linked(where ...string) string {
	where = append([]string{"kind = 'link'"}, where...)
	if !s.people.unlinks {
		return s.scan("visitor AS id, argMin(user, "+position+") AS target", schema.Identities, where...) + " GROUP BY visitor"
	}
	links := s.scan("visitor, user, "+position+" AS place", schema.Identities, where...)
	cuts := s.scan("visitor, max("+position+") AS cut", schema.Identities, "kind = 'unlink'") + " GROUP BY visitor"
	return "SELECT l.visitor AS id, argMin(l.user, l.place) AS target FROM (" + links + ") AS l LEFT ANY JOIN (" + cuts + ") AS c ON l.visitor = c.visitor" +
		" WHERE l.place > c.cut GROUP BY l.visitor"
}

// aliased returns where the newest alias of each id that fulfils the
// conditions leads: id, target.
func (s *sql) aliased(where ...string) string {
	target := "argMax(user, " + position + ")"
	if len(s.people.from) > 0 {
		moved := "transform(" + hexOf("visitor") + ", " + s.texts(texts(s.people.from)) + ", " + s.texts(texts(s.people.to)) + ", '')"
		target = "if(" + moved + " = '', " + target + ", reinterpretAsUInt128(unhex(" + moved + ")))"
	}
	return s.scan("visitor AS id, "+target+" AS target", schema.Identities, append([]string{"kind = 'alias'"}, where...)...) + " GROUP BY visitor"
}

// resolved returns the person of every id that is not its own and fulfils the
// conditions: id, person. It is empty where there are no edges.
func (s *sql) resolved(where ...string) string {
	p := s.people
	switch {
	case p.links && p.aliases:
		return "SELECT l.id AS id, if(a.target = 0, l.target, a.target) AS person FROM (" + s.linked(where...) + ") AS l LEFT ANY JOIN (" + s.aliased() + ") AS a ON l.target = a.id" +
			" UNION ALL SELECT id, target AS person FROM (" + s.aliased(where...) + ") WHERE id NOT IN (SELECT id FROM (" + s.linked(where...) + "))"
	case p.links:
		return "SELECT id, target AS person FROM (" + s.linked(where...) + ")"
	case p.aliases:
		return "SELECT id, target AS person FROM (" + s.aliased(where...) + ")"
	}
	return ""
}

// texts returns ids as the hexadecimal digits that hexOf makes.
func texts(ids []footfall.ID) []string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = id.String()
	}
	return list
}

// actor is the id a row speaks for by itself.
const actor = "if(user = 0, visitor, user) AS actor"

// withPerson adds the column person to a table that has an actor.
func (s *sql) withPerson(columns, table string) string {
	if columns != "" {
		columns += ", "
	}
	edges := s.resolved()
	if edges == "" {
		return "SELECT " + columns + "actor AS person FROM (" + table + ")"
	}
	return "SELECT " + columns + "if(p.person = 0, r.actor, p.person) AS person FROM (" + table + ") AS r\nLEFT ANY JOIN (" + edges + ") AS p ON r.actor = p.id"
}

// parsePerson reads "user:ID" or "visitor:ID".
func parsePerson(text string) (kind footfall.IDKind, id string, ok bool) {
	scope, id, _ := strings.Cut(text, ":")
	if id == "" || len(id) > maxText {
		return 0, "", false
	}
	switch scope {
	case "user":
		return footfall.KindUser, id, true
	case "visitor":
		return footfall.KindVisitor, id, true
	}
	return 0, "", false
}

// personID returns the id behind a sound person text.
func personID(t tenant.ID, text string) footfall.ID {
	kind, id, _ := parsePerson(text)
	if kind == footfall.KindUser {
		return schema.UserID(t, id)
	}
	return schema.VisitorID(t, id)
}

// idText is the text of an id as the sender wrote it, with its kind in front.
type idText struct{ kind, text string }

// person returns the text of a person's id.
func (i idText) person() string { return i.kind + ":" + i.text }

// compilePeople counts a tenant's edges by sort.
func (p *plan) compilePeople() Statement {
	s := p.sql()
	return s.statement(s.scan("countIf(kind = 'link'), countIf(kind = 'unlink'), countIf(kind = 'alias')", schema.Identities))
}

// maxChained bounds the alias edges that are part of a chain.
const maxChained = 50_000

// compileChains returns the newest alias of each id where it leads on to
// another or is led to: id, target, in the order of the log.
func (p *plan) compileChains() Statement {
	s := p.sql()
	edges := s.scan("visitor AS id, argMax(user, "+position+") AS target, argMax(time, "+position+") AS at, max("+position+") AS place",
		schema.Identities, "kind = 'alias'") + " GROUP BY visitor"
	targets := s.scan("user", schema.Identities, "kind = 'alias'")
	sources := s.scan("visitor", schema.Identities, "kind = 'alias'")
	return s.statement("SELECT " + hexOf("id") + " AS a, " + hexOf("target") + " AS b\nFROM (" + edges + ")\n" +
		"WHERE target IN (" + sources + ") OR id IN (" + targets + ")\nORDER BY at, place, id LIMIT " + itoa(maxChained+1))
}

// alias is an edge of a chain.
type alias struct{ from, to footfall.ID }

// chase follows chains of aliases, given in the order of the log, and returns
// the ids whose end is not the target of their own edge. Of the edges of a
// circle the last does not count.
func chase(edges []alias) (from, to []footfall.ID) {
	// An id points towards the end of its chain; paths are shortened as they
	// are walked, so that a chain of any length costs its length.
	next := make(map[footfall.ID]footfall.ID, len(edges))
	end := func(id footfall.ID) footfall.ID {
		last := id
		for target, ok := next[last]; ok; target, ok = next[last] {
			last = target
		}
		for id != last {
			id, next[id] = next[id], last
		}
		return last
	}
	for _, e := range edges {
		if end(e.to) != e.from {
			next[e.from] = e.to
		}
	}
	for _, e := range edges {
		if last := end(e.from); last != e.to {
			from, to = append(from, e.from), append(to, last)
		}
	}
	return from, to
}
