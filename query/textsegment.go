package query

import (
	"fmt"
	"strconv"
	"strings"
)

func (q *SegmentSize) describe() string {
	text := "persons who " + q.Segment.describe()
	if q.At != "" {
		// It stands in front, for it is what today means behind it.
		text = "as of " + clip(q.At) + ", " + text
	}
	return text
}

// describe goes behind "persons who".
func (s *Segment) describe() string {
	list := func(segments []Segment, word string) string {
		texts := make([]string, len(segments))
		for i := range segments {
			texts[i] = segments[i].describe()
		}
		if len(texts) == 1 {
			return texts[0]
		}
		return "(" + clipWords(strings.Join(texts, word)) + ")"
	}
	switch s.form() {
	case "id":
		return "are in the segment " + strconv.Quote(s.ID)
	case "and":
		return list(s.And, " and ")
	case "or":
		return list(s.Or, " or ")
	case "not":
		return "are not those who " + s.Not.describe()
	case "first_seen":
		return "were first seen " + s.FirstSeen.words()
	case "property":
		f := Filter{Property: s.Property, Op: s.Op, Value: s.Value}
		return "have it that " + f.describe()
	}
	text := "did " + s.Did.describe() + s.Times.describe()
	if s.Within != nil {
		text += " " + s.Within.words()
	}
	if s.Then != nil {
		text += " and then " + s.Then.describe() + " within " + spanWords(s.In)
	}
	if s.NotThen != nil {
		text += " and not then " + s.NotThen.describe() + " within " + spanWords(s.In)
	}
	return text
}

func (t *Times) describe() string {
	switch {
	case t == nil:
		return ""
	case t.Exactly != nil && *t.Exactly == 0:
		return " not once"
	case t.Exactly != nil:
		return fmt.Sprintf(" exactly %d times", *t.Exactly)
	case t.AtLeast != nil && t.AtMost != nil:
		return fmt.Sprintf(" %d to %d times", *t.AtLeast, *t.AtMost)
	case t.AtLeast != nil:
		return fmt.Sprintf(" at least %d times", *t.AtLeast)
	}
	return fmt.Sprintf(" at most %d times", *t.AtMost)
}
