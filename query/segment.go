package query

import (
	"encoding/json"
	"strings"
	"time"
)

// Segment is true or false for a person. It has exactly one form: ID, And, Or,
// Not, Did (with Count and Within, or with Then or NotThen and In), FirstSeen,
// or Property with Op and Value.
type Segment struct {
	// ID names a stored segment.
	ID string `json:"-"`

	And []Segment `json:"and,omitempty"`
	Or  []Segment `json:"or,omitempty"`
	Not *Segment  `json:"not,omitempty"`

	// Did is what the person did.
	Did *Selector `json:"did,omitempty"`
	// Times is how often. Defaults to at least once.
	Times *Times `json:"count,omitempty"`
	// Within is when. Defaults to the range of the question, and without one
	// to always.
	Within *Range `json:"within,omitempty"`
	// Then is what the person did after that, and NotThen what the person did
	// not do, In a span of time, both ends included: an integer and one of s,
	// m, h, d, w. One such Did is enough; by NotThen the span has to be over.
	Then    *Selector `json:"then,omitempty"`
	NotThen *Selector `json:"not_then,omitempty"`
	In      string    `json:"in,omitempty"`

	// FirstSeen is when the person's first event was.
	FirstSeen *Range `json:"first_seen,omitempty"`

	// Property is "person." and the name of a trait; see [Filter].
	Property string `json:"property,omitempty"`
	Op       Op     `json:"op,omitempty"`
	Value    any    `json:"value,omitempty"`
}

// Times bounds a number of events. At least one of its members is set; those
// that are nil do not bound.
type Times struct {
	AtLeast *int `json:"gte,omitempty"`
	AtMost  *int `json:"lte,omitempty"`
	Exactly *int `json:"eq,omitempty"` // 0 is "did not"
}

// SegmentSize asks how many persons are in a segment.
type SegmentSize struct {
	// Scope has a range that need not be given: it is the default of the
	// segment's Within. The filter is true for the events that count.
	Scope
	Segment Segment `json:"segment"`
	// At is when: a date or an RFC 3339 time. What came later does not count,
	// and ranges like the last 30 days end there. Defaults to now.
	At string `json:"at,omitempty"`
}

// Kind returns "segment".
func (q *SegmentSize) Kind() string { return "segment" }

// Validate implements [Query].
func (q *SegmentSize) Validate() error { return validate(q) }

func (q *SegmentSize) check(c *checker) {
	var loc *time.Location
	if q.Range == (Range{}) {
		scope := q.Scope
		scope.Range = Range{Last: "1d"} // any sound one
		loc = scope.check(c)
	} else {
		loc = q.Scope.check(c)
	}
	if q.At != "" {
		c.checkMoment("/at", q.At, loc)
	}
	c.checkSegment("/segment", &q.Segment, 1, loc)
}

// MarshalJSON returns the id as a text, or the condition.
func (s Segment) MarshalJSON() ([]byte, error) {
	if s.ID != "" {
		return json.Marshal(s.ID)
	}
	type plain Segment
	return json.Marshal(plain(s))
}

// isSegmentID reports whether a text can name a stored segment.
func isSegmentID(id string) bool {
	return id != "" && len(id) <= maxSegmentID && strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}

// form says which of the forms of a segment it has, "" if not exactly one.
func (s *Segment) form() string {
	form, forms := "", 0
	for name, used := range map[string]bool{
		"id": s.ID != "", "and": s.And != nil, "or": s.Or != nil, "not": s.Not != nil,
		"did":        s.Did != nil || s.Times != nil || s.Within != nil || s.Then != nil || s.NotThen != nil || s.In != "",
		"first_seen": s.FirstSeen != nil, "property": s.Property != "" || s.Op != "" || s.Value != nil,
	} {
		if used {
			form = name
			forms++
		}
	}
	if forms != 1 {
		return ""
	}
	return form
}

func (c *checker) checkSegment(path string, s *Segment, depth int, loc *time.Location) {
	if c.nodes++; c.nodes == maxFilterNodes+1 {
		c.fail(path, "too_many", "all filters together have at most %d parts", maxFilterNodes)
	}
	if c.nodes > maxFilterNodes || depth > maxFilterDepth {
		if depth == maxFilterDepth+1 {
			c.fail(path, "too_deep", "segments nest at most %d deep", maxFilterDepth)
		}
		return
	}
	list := func(name string, segments []Segment) {
		if len(segments) == 0 {
			c.fail(path+"/"+name, "required", "at least one segment is required")
		}
		for i := range segments {
			c.checkSegment(index(path+"/"+name, i), &segments[i], depth+1, loc)
		}
	}
	switch s.form() {
	case "id":
		c.checkSegmentID(path, s.ID)
		c.segments = append(c.segments, reference{path, s.ID})
	case "and":
		list("and", s.And)
	case "or":
		list("or", s.Or)
	case "not":
		c.checkSegment(path+"/not", s.Not, depth+1, loc)
	case "did":
		c.checkDid(path, s, loc)
	case "first_seen":
		c.countOfPersons(path)
		s.FirstSeen.check(c, path+"/first_seen", loc)
	case "property":
		if parseProperty(s.Property).scope != ofPerson {
			c.fail(path+"/property", "bad_value", "a segment is about properties of persons, such as %q, not %q", "person.plan", clip(s.Property))
			return
		}
		c.checkComparison(path, &Filter{Property: s.Property, Op: s.Op, Value: s.Value})
	default:
		c.fail(path, "bad_value", "a segment is an id or exactly one of and, or, not, did, first_seen, or property with op and value")
	}
}

func (c *checker) checkDid(path string, s *Segment, loc *time.Location) {
	if s.Did == nil {
		c.fail(path+"/did", "required", "did is required")
		return
	}
	c.countOfPersons(path)
	c.checkSelector(path+"/did", s.Did)
	if s.Within != nil {
		s.Within.check(c, path+"/within", loc)
	}
	if s.Then != nil || s.NotThen != nil {
		c.checkThen(path, s)
		return
	}
	if s.In != "" {
		c.fail(path+"/in", "conflict", "in goes with then or not_then; when it was done is within")
	}
	if s.Times != nil {
		s.Times.check(c, path+"/count")
	}
}

func (c *checker) checkThen(path string, s *Segment) {
	then, name := s.Then, "/then"
	if then == nil {
		then, name = s.NotThen, "/not_then"
	} else if s.NotThen != nil {
		c.fail(path+"/not_then", "conflict", "there is then as well")
	}
	c.checkSelector(path+name, then)
	if s.Times != nil {
		c.fail(path+"/count", "conflict", "count does not go with then and not_then")
	}
	if s.In == "" {
		c.fail(path+"/in", "required", "in is required: how long after it")
		return
	}
	c.checkSpan(path+"/in", s.In, "")
}

func (t *Times) check(c *checker, path string) {
	set := 0
	for name, bound := range map[string]*int{"gte": t.AtLeast, "lte": t.AtMost, "eq": t.Exactly} {
		if bound == nil {
			continue
		}
		if set++; *bound < 0 || *bound > maxTimes {
			c.fail(path+"/"+name, "bad_value", "a number of times is between 0 and %d", maxTimes)
		}
	}
	switch {
	case set == 0:
		c.fail(path, "required", "a count has at least one of gte, lte and eq")
	case t.Exactly != nil && set > 1:
		c.fail(path, "conflict", "eq goes with neither gte nor lte")
	case t.AtLeast != nil && t.AtMost != nil && *t.AtLeast > *t.AtMost:
		c.fail(path, "bad_value", "gte is greater than lte")
	}
}
