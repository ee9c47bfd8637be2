package query

import (
	"encoding/json"
	"slices"
)

// negated writes the negation of a canonical form: a missing property passes
// exactly one of a comparison and its negation.
func negated(of json.RawMessage) json.RawMessage {
	var form struct {
		Not      json.RawMessage
		Property string
		Op       Op
		Value    any
	}
	if json.Unmarshal(of, &form) == nil {
		if form.Not != nil {
			return form.Not
		}
		for negative, op := range negations {
			switch form.Op {
			case op:
				return comparison(form.Property, negative, form.Value)
			case negative:
				return comparison(form.Property, op, form.Value)
			}
		}
	}
	return members{"not": of}.bytes()
}

func comparison(property string, op Op, value any) json.RawMessage {
	o := members{"property": property, "op": op}
	if value != nil {
		o["value"] = value
	}
	return o.bytes()
}

func (f *Filter) canonical() json.RawMessage {
	switch {
	case f.And != nil:
		return joinedWith("and", (*Filter).parts, f, (*Filter).canonical)
	case f.Or != nil:
		return joinedWith("or", (*Filter).parts, f, (*Filter).canonical)
	case f.Not != nil:
		return negated(f.Not.canonical())
	case f.Segment != nil:
		return members{"segment": f.Segment.canonical()}.bytes()
	}
	return canonicalComparison(f.Property, f.Op, f.Value)
}

// parts returns the operands of a conjunction or disjunction, nil of anything
// else.
func (f *Filter) parts(with string) []Filter {
	if with == "and" {
		return f.And
	}
	return f.Or
}

func (s *Segment) canonical() json.RawMessage {
	switch s.form() {
	case "id":
		b, _ := json.Marshal(s.ID) // a text
		return b
	case "and":
		return joinedWith("and", (*Segment).parts, s, (*Segment).canonical)
	case "or":
		return joinedWith("or", (*Segment).parts, s, (*Segment).canonical)
	case "not":
		return negated(s.Not.canonical())
	case "first_seen":
		return members{"first_seen": s.FirstSeen.canonical()}.bytes()
	case "property":
		return canonicalComparison(s.Property, s.Op, s.Value)
	}
	o := members{"did": s.Did.canonical()}
	if s.Within != nil {
		o["within"] = s.Within.canonical()
	}
	switch {
	case s.Then != nil:
		o["then"], o["in"] = s.Then.canonical(), canonicalSpan(s.In)
	case s.NotThen != nil:
		o["not_then"], o["in"] = s.NotThen.canonical(), canonicalSpan(s.In)
	default:
		o["count"] = s.Times.canonical()
	}
	return o.bytes()
}

func (s *Segment) parts(with string) []Segment {
	if with == "and" {
		return s.And
	}
	return s.Or
}

// canonical writes a number of times as bounds; one of 0 from below is none
// beside one from above.
func (t *Times) canonical() members {
	switch {
	case t == nil:
		return members{"gte": 1}
	case t.Exactly != nil && *t.Exactly == 0:
		return members{"lte": 0}
	case t.Exactly != nil:
		return members{"gte": *t.Exactly, "lte": *t.Exactly}
	}
	o := members{}
	if t.AtLeast != nil && (*t.AtLeast > 0 || t.AtMost == nil) {
		o["gte"] = *t.AtLeast
	}
	if t.AtMost != nil {
		o["lte"] = *t.AtMost
	}
	return o
}

// joinedWith writes a conjunction or disjunction with the parts of those in it
// that are the same sort.
func joinedWith[T any](with string, parts func(*T, string) []T, of *T, canonical func(*T) json.RawMessage) json.RawMessage {
	var list []json.RawMessage
	var add func(*T)
	add = func(t *T) {
		inner := parts(t, with)
		if inner == nil {
			b := canonical(t)
			// What is one part in the end may be such a list after all.
			var again map[string][]json.RawMessage
			if json.Unmarshal(b, &again) == nil && len(again) == 1 && again[with] != nil {
				list = append(list, again[with]...)
				return
			}
			list = append(list, b)
			return
		}
		for i := range inner {
			add(&inner[i])
		}
	}
	add(of)
	if list = distinct(list); len(list) == 1 {
		return list[0]
	}
	return members{with: list}.bytes()
}

// canonicalComparison writes a comparison: with a list of one as with that one,
// and each value as the text that it is compared as.
func canonicalComparison(property string, op Op, value any) json.RawMessage {
	switch op {
	case IsSet, IsNotSet:
		return comparison(property, op, nil)
	case In, NotIn:
		list, _ := listOf(value)
		texts := make([]string, len(list))
		for i, v := range list {
			texts[i] = v.text
		}
		slices.Sort(texts)
		if texts = slices.Compact(texts); len(texts) > 1 {
			return comparison(property, op, texts)
		}
		return comparison(property, map[Op]Op{In: Equal, NotIn: NotEqual}[op], texts[0])
	}
	v, _ := scalarOf(value)
	switch op {
	case Greater, GreaterOrEqual, Less, LessOrEqual:
		if v.isNumber {
			return comparison(property, op, formatNumber(v.number))
		}
		return comparison(property, op, canonicalMoment(v.text))
	}
	return comparison(property, op, v.text)
}
