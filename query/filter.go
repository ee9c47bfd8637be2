package query

import (
	"slices"
	"strings"
	"time"

	"github.com/footfall-go/footfall/internal/schema"
)

// Filter is true or false for an event. It has exactly one form: And, Or, Not,
// Segment, or Property with Op and Value.
type Filter struct {
	And []Filter `json:"and,omitempty"`
	Or  []Filter `json:"or,omitempty"`
	Not *Filter  `json:"not,omitempty"`

	// Segment is true for the events of the persons in it.
	Segment *Segment `json:"segment,omitempty"`

	// Property is "event." and the name of a property; "person." and the name of
	// a trait of who did it; "group.", a type of groups, a dot and the name of a
	// trait of the group of that type, or "$id", which is the group's id;
	// "segment." and the id of a stored segment, which is "true" for events of
	// the persons in it and "false" for others; or session.duration (seconds),
	// session.views, session.entry or session.exit (the path of the session's
	// first and last view).
	Property string `json:"property,omitempty"`
	Op       Op     `json:"op,omitempty"`
	// Value is a text, number or bool; a list of them for In and NotIn; nil
	// for IsSet and IsNotSet. Numbers may be of any Go type or json.Number.
	Value any `json:"value,omitempty"`
}

// Op compares a property with a value.
type Op string

// The comparisons. A missing property is true for NotEqual, NotIn, NotContains
// and IsNotSet, and false for the others.
const (
	Equal          Op = "eq"
	NotEqual       Op = "ne"
	In             Op = "in"
	NotIn          Op = "not_in"
	Contains       Op = "contains"
	NotContains    Op = "not_contains"
	Matches        Op = "matches"
	Greater        Op = "gt"
	GreaterOrEqual Op = "gte"
	Less           Op = "lt"
	LessOrEqual    Op = "lte"
	IsSet          Op = "is_set"
	IsNotSet       Op = "is_not_set"
)

// negations maps the comparisons a missing property passes to those they
// negate.
var negations = map[Op]Op{NotEqual: Equal, NotIn: In, NotContains: Contains, IsNotSet: IsSet}

// property is a name cut into its scope and the rest.
type property struct{ scope, name string }

// The scopes of properties.
const (
	ofEvent   = "event"
	ofSession = "session"
	ofPerson  = "person"
	ofGroup   = "group"
	ofSegment = "segment"
)

func parseProperty(text string) property {
	scope, name, _ := strings.Cut(text, ".")
	return property{scope, name}
}

// groupIDName is the name of a group's id among its traits.
const groupIDName = "$id"

// parseGroup cuts what follows "group." into a type and a name.
func parseGroup(text string) (groupType, name string) {
	groupType, name, _ = strings.Cut(text, ".")
	return groupType, name
}

// The properties of a session.
const (
	sessionDuration = "duration"
	sessionViews    = "views"
	sessionEntry    = "entry"
	sessionExit     = "exit"
)

// checkProperty reports what is wrong with a property and whether it can be
// used at all.
func (c *checker) checkProperty(path, text string) bool {
	p := parseProperty(text)
	switch p.scope {
	case ofEvent, ofPerson, ofGroup:
		name, prefix := p.name, p.scope+"."
		if p.scope == ofGroup {
			var groupType string
			if groupType, name = parseGroup(p.name); !schema.IsGroupType(groupType) {
				c.fail(path, "bad_value", "a group's property is %q, unlike %q", "group.TYPE.NAME", clip(text))
				return false
			}
			prefix += groupType + "."
		}
		switch {
		case name == "":
			c.fail(path, "bad_value", "the name is missing behind %q", clip(prefix))
		case len(p.name) > maxText:
			c.fail(path, "too_long", "a name has at most %d bytes", maxText)
		case !isText(p.name):
			c.fail(path, "bad_value", "a name is UTF-8 without zero bytes")
		default:
			return true
		}
	case ofSegment:
		c.checkSegmentID(path, p.name)
		c.segments = append(c.segments, reference{path, p.name})
		return true
	case ofSession:
		switch p.name {
		case sessionDuration, sessionViews, sessionEntry, sessionExit:
			return true
		}
		c.fail(path, "bad_value", "a session has the properties duration, views, entry and exit, not %q", clip(p.name))
	case "":
		c.fail(path, "required", "a property is required, such as %q", "event.price")
	default:
		c.fail(path, "bad_value", "a property begins with %q, %q, %q, %q or %q, unlike %q", "event.", "person.", "group.", "session.", "segment.", clip(text))
	}
	return false
}

// ofPersons reports whether it must be known whose an event is to tell if a
// filter is true for it.
func (f *Filter) ofPersons() bool {
	if f == nil {
		return false
	}
	return slices.ContainsFunc(f.And, func(f Filter) bool { return f.ofPersons() }) ||
		slices.ContainsFunc(f.Or, func(f Filter) bool { return f.ofPersons() }) ||
		f.Not.ofPersons() || f.Segment != nil || parseProperty(f.Property).ofPersons()
}

// ofSessions reports whether a filter asks for nothing but what a session says
// by itself.
func (f *Filter) ofSessions() bool {
	all := func(filters []Filter) bool {
		return !slices.ContainsFunc(filters, func(f Filter) bool { return !f.ofSessions() })
	}
	switch {
	case f.And != nil:
		return all(f.And)
	case f.Or != nil:
		return all(f.Or)
	case f.Not != nil:
		return f.Not.ofSessions()
	}
	return parseProperty(f.Property).scope == ofSession
}

// ofPersons reports whether it must be known whose an event is to tell its
// value.
func (p property) ofPersons() bool { return p.byPerson() || p.scope == ofSegment }

// byPerson reports whether its value is joined to rows by whose they are.
func (p property) byPerson() bool { return p.scope == ofPerson || p.scope == ofGroup }

// joined reports whether its value is joined to rows of events at all, and not
// read with them.
func (p property) joined() bool { return p.byPerson() || p.scope == ofSession }

// ofPersons reports whether a question needs to know who did it.
func ofPersons(q Query) bool {
	if q.scope().Filter.ofPersons() {
		return true
	}
	switch q := q.(type) {
	case *Trend:
		return q.Breakdown != nil && parseProperty(q.Breakdown.Property).ofPersons() ||
			slices.ContainsFunc(q.Series, func(s Series) bool { return s.ofPersons() || parseProperty(s.Of).ofPersons() || s.Filter.ofPersons() })
	case *Retention, *SegmentSize:
		return true
	case *Funnel:
		return q.by() != bySession || q.Breakdown != nil && parseProperty(q.Breakdown.Property).ofPersons() ||
			slices.ContainsFunc(q.Hold, func(name string) bool { return parseProperty(name).ofPersons() }) ||
			slices.ContainsFunc(q.selectors(), func(s *Selector) bool { return s.Filter.ofPersons() })
	}
	return false
}

func (c *checker) checkFilter(path string, f *Filter, depth int) {
	if c.nodes++; c.nodes == maxFilterNodes+1 {
		c.fail(path, "too_many", "all filters together have at most %d parts", maxFilterNodes)
	}
	if c.nodes > maxFilterNodes || depth > maxFilterDepth {
		if depth == maxFilterDepth+1 {
			c.fail(path, "too_deep", "filters nest at most %d deep", maxFilterDepth)
		}
		return
	}
	forms := 0
	for _, used := range []bool{f.And != nil, f.Or != nil, f.Not != nil, f.Segment != nil, f.Property != "" || f.Op != "" || f.Value != nil} {
		if used {
			forms++
		}
	}
	if forms != 1 {
		c.fail(path, "bad_value", "a filter is exactly one of and, or, not, segment, or property with op and value")
		return
	}
	list := func(name string, filters []Filter) {
		if len(filters) == 0 {
			c.fail(path+"/"+name, "required", "at least one filter is required")
		}
		for i := range filters {
			c.checkFilter(index(path+"/"+name, i), &filters[i], depth+1)
		}
	}
	switch {
	case f.And != nil:
		list("and", f.And)
	case f.Or != nil:
		list("or", f.Or)
	case f.Not != nil:
		c.checkFilter(path+"/not", f.Not, depth+1)
	case f.Segment != nil:
		c.checkSegment(path+"/segment", f.Segment, depth+1, time.UTC)
	default:
		c.checkComparison(path, f)
	}
}
