package query

import (
	"strings"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
)

// bestFirst puts the row that counts first among those of one key: what was set
// goes before what was set once, then as the rows themselves compare.
const bestFirst = "kind, best.rank DESC, best.message DESC, best.value DESC"

// said are the columns of a trait's value, and ofTrait is how to get at it where
// a table has them.
const saidColumns = "best.has AS bits, best.text AS text, best.number AS num"

var ofTrait = accessor{
	hasText: "(bitAnd(bits, " + itoa(schema.HasText) + ") != 0)", text: "text",
	hasNum: "(bitAnd(bits, " + itoa(schema.HasNumber) + ") != 0)", num: "num",
}

// anyTrait and aMember are conditions for the two sorts of rows.
const (
	anyTrait = "kind IN ('set', 'once')"
	aMember  = "kind = 'member'"
)

// traits returns what counts under some keys of each id, by itself: id, key,
// bits, text, num. It is right for groups, which are one id each.
func (s *sql) traits(keys string) string {
	return s.scan("id, key, "+saidColumns, schema.Traits, keys, anyTrait) + " ORDER BY id, key, " + bestFirst + " LIMIT 1 BY id, key"
}

// personTraits returns what counts of each person, over all ids of the person,
// of the rows that fulfil a condition: person, key, member, bits, text, num.
func (s *sql) personTraits(where string) string {
	const order = "key, member, " + bestFirst
	if s.resolved() == "" {
		return s.scan("id AS person, key, "+aMember+" AS member, "+saidColumns, schema.Traits, where) +
			" ORDER BY id, " + order + " LIMIT 1 BY id, key, member"
	}
	s.usesEdges = true
	return "SELECT if(p.person = 0, t.id, p.person) AS person, key, " + aMember + " AS member, " + saidColumns +
		" FROM (" + s.scan("id, key, kind, best", schema.Traits, where) + ") AS t LEFT ANY JOIN edges AS p ON t.id = p.id" +
		" ORDER BY person, " + order + " LIMIT 1 BY person, key, member"
}

// asked is a condition on a trait. All of a statement are put together into one
// table, who for those of persons and what for those of groups, which says of an
// id the numbers of the conditions it fulfils: a question may have two hundred,
// and to find out who is who takes longer than to compare.
type asked struct {
	member         bool
	key, condition string
}

// ask returns the number of a condition.
func ask(list *[]asked, a asked) string {
	for i := range *list {
		if (*list)[i] == a {
			return itoa(i + 1)
		}
	}
	*list = append(*list, a)
	return itoa(len(*list))
}

// ofPerson is true for events whose person fulfils a condition.
func (s *sql) ofPerson(member bool, key, condition string) string {
	return "(if(user = 0, visitor, user), " + ask(&s.who, asked{member, key, condition}) + ") IN (SELECT id, n FROM who)"
}

// ofGroup is true for rows whose group, given by its id, fulfils one.
func (s *sql) ofGroup(id, key, condition string) string {
	return "(" + id + ", " + ask(&s.what, asked{key: key, condition: condition}) + ") IN (SELECT id, n FROM what)"
}

// groupID returns the id of the group of a type with an id's text.
func (s *sql) groupID(groupType, text string) string {
	return schema.GroupIDExpr("{tenant:String}", s.text(groupType), text)
}

// ownGroup is the text of the group of a type that an event itself names, empty
// if it names none.
func (s *sql) ownGroup(groupType string) string {
	return s.eventProperty(schema.GroupsPrefix + groupType).asText()
}

func (s *sql) personCondition(name string, op Op, value any) string {
	return s.ofPerson(false, name, s.compare(ofTrait, op, value))
}

// groupCondition is true for events whose group fulfils a comparison: the one
// that the event names, else the one its person was last said to be in.
func (s *sql) groupCondition(name string, op Op, value any) string {
	groupType, name := parseGroup(name)
	own := s.ownGroup(groupType)
	var byOwn, byMember string
	if name == groupIDName {
		byOwn = s.compare(accessor{hasText: "1", text: own, hasNum: "0"}, op, value)
		byMember = s.compare(ofTrait, op, value)
	} else {
		condition := s.compare(ofTrait, op, value)
		byOwn = s.ofGroup(s.groupID(groupType, own), name, condition)
		byMember = s.ofGroup(s.groupID(groupType, "text"), name, condition)
	}
	return "if(" + own + " != '', " + byOwn + ", " + s.ofPerson(true, groupType, byMember) + ")"
}

// numbers returns the numbers of the conditions that a row fulfils.
func (s *sql) numbers(list []asked, members bool) string {
	terms := make([]string, len(list))
	for i, a := range list {
		of := ""
		if members {
			of = map[bool]string{false: "NOT member AND ", true: "member AND "}[a.member]
		}
		terms[i] = "if(" + of + "key = " + s.text(a.key) + " AND " + a.condition + ", " + itoa(i+1) + ", 0)"
	}
	return "arrayJoin(arrayFilter(n -> n != 0, [" + strings.Join(terms, ", ") + "])) AS n"
}

// keysOf returns the condition for the rows that conditions are about.
func (s *sql) keysOf(list []asked) string {
	var keys, types []string
	for _, a := range list {
		if a.member {
			types = append(types, a.key)
		} else {
			keys = append(keys, a.key)
		}
	}
	of := "key IN " + s.texts(keys) + " AND " + anyTrait
	ofMembers := "key IN " + s.texts(types) + " AND " + aMember
	switch {
	case len(types) == 0:
		return of
	case len(keys) == 0:
		return ofMembers
	}
	return "(" + of + " OR " + ofMembers + ")"
}

// with returns what stands in front of a statement: the tables that its text
// names. Those of persons and groups come to be while the rest is compiled.
func (s *sql) with() string {
	var tables []string
	add := func(name, text string) { tables = append(tables, name+" AS ("+text+")") }
	who := ""
	if len(s.who) > 0 {
		// An id is a person or leads to one, which is the end of every chain.
		rows := "SELECT person, " + s.numbers(s.who, true) + " FROM (" + s.personTraits(s.keysOf(s.who)) + ")"
		if who = "SELECT person AS id, n FROM (" + rows + ")"; s.usesEdges {
			who = "SELECT arrayJoin(arrayPushFront(o.ids, p.person)) AS id, p.n AS n FROM (" + rows + ") AS p" +
				" LEFT ANY JOIN (SELECT person, groupArray(id) AS ids FROM edges GROUP BY person) AS o ON p.person = o.person"
		}
	}
	if s.usesEdges {
		add("edges", s.resolved())
	}
	if len(s.what) > 0 {
		var keys []string
		for _, a := range s.what {
			keys = append(keys, a.key)
		}
		add("what", "SELECT id, "+s.numbers(s.what, false)+" FROM ("+s.traits("key IN "+s.texts(keys))+")")
	}
	if who != "" {
		add("who", who)
	}
	if len(tables) == 0 {
		return ""
	}
	return "WITH " + strings.Join(tables, ",\n") + "\n"
}

// maxTraits bounds the traits listed with one id.
const maxTraits = 1000

// compileTraits returns what counts of each key of ids: id, key, whether it was
// set and not only set once, and what it is compared by: rank, message, value.
func (p *plan) compileTraits(ids []footfall.ID) Statement {
	s := p.sql()
	rows := s.scan("id, key, kind, best", schema.Traits, "id IN "+s.ids(ids), anyTrait) + " ORDER BY id, key, " + bestFirst + " LIMIT 1 BY id, key"
	return s.statement("SELECT " + hexOf("id") + ", toString(key), toUInt64(kind = 'set'), best.rank, best.message, best.value\nFROM (" + rows + ")\n" +
		"ORDER BY id, key LIMIT " + itoa(maxTraits) + " BY id")
}
