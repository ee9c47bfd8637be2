package query

import (
	"cmp"
	"maps"
	"math"
)

func (c *checker) rangeTo(to *Range) func(string, *node) {
	return func(path string, n *node) {
		c.decodeObject(path, n, readers{"from": c.textTo(&to.From), "to": c.textTo(&to.To), "last": c.textTo(&to.Last)})
	}
}

func (c *checker) filterTo(to **Filter) func(string, *node) {
	return func(path string, n *node) { *to = c.decodeFilter(path, n, 1) }
}

// decodeSelector reads an event selector that may have more members.
func (c *checker) decodeSelector(path string, n *node, more readers) (s Selector) {
	fields := readers{"event": c.textTo(&s.Event), "filter": c.filterTo(&s.Filter), "name": c.textTo(&s.Name)}
	maps.Copy(fields, more)
	c.decodeObject(path, n, fields)
	return s
}

// unbounded is for lists whose length check bounds, which the size of a request
// does before.
const unbounded = math.MaxInt

// decodeItems reads a list of at most so many items; of more it reads none.
func decodeItems[T any](c *checker, path string, n *node, most int, what string, item func(path string, n *node) T) []T {
	items := c.decodeList(path, n)
	if len(items) > most {
		c.fail(path, "too_many", "there are at most %d %s", most, what)
		return nil
	}
	list := make([]T, len(items))
	for i, n := range items {
		list[i] = item(index(path, i), n)
	}
	return list
}

func (c *checker) decodeSelectors(path string, n *node, most int) []Selector {
	return decodeItems(c, path, n, most, "steps", func(path string, n *node) Selector { return c.decodeSelector(path, n, nil) })
}

func (c *checker) decodeTexts(path string, n *node, most int) []string {
	return decodeItems(c, path, n, most, "texts", func(path string, n *node) (text string) {
		c.decodeText(path, n, &text)
		return text
	})
}

func (c *checker) decodeSeries(path string, n *node) []Series {
	return decodeItems(c, path, n, maxSeries, "series", func(path string, n *node) (s Series) {
		s.Selector = c.decodeSelector(path, n, readers{"measure": c.textTo((*string)(&s.Measure)), "of": c.textTo(&s.Of), "approximate": c.boolTo(&s.Approximate)})
		return s
	})
}

func (c *checker) decodeExclude(path string, n *node) []Exclusion {
	return decodeItems(c, path, n, maxExclusions, "exclusions", func(path string, n *node) (e Exclusion) {
		wrong := len(c.problems)
		e.Selector = c.decodeSelector(path, n, readers{"after": c.countTo(&e.After), "before": c.countTo(&e.Before)})
		if wrong == len(c.problems) { // else what could not be read is a mistake, and stays one
			e.After = cmp.Or(e.After, 1)
			e.Before = cmp.Or(e.Before, e.After+1)
		}
		return e
	})
}

func (c *checker) decodeBreakdown(path string, n *node) *Breakdown {
	b := new(Breakdown)
	c.decodeObject(path, n, readers{"property": c.textTo(&b.Property), "limit": c.countTo(&b.Limit)})
	return b
}

func (c *checker) decodeFunnelBreakdown(b *FunnelBreakdown, path string, n *node) {
	c.decodeObject(path, n, readers{
		"property": c.textTo(&b.Property), "limit": c.countTo(&b.Limit),
		"attribution": c.textTo((*string)(&b.Attribution)), "step": c.countTo(&b.Step),
	})
}

// decodeFilter and decodeSegment leave it to check to report what nests too
// deep.
func (c *checker) decodeFilter(path string, n *node, depth int) *Filter {
	f := new(Filter)
	if depth > maxFilterDepth+1 {
		return f
	}
	list := func(to *[]Filter) func(string, *node) {
		return func(path string, n *node) {
			*to = decodeItems(c, path, n, unbounded, "parts", func(path string, n *node) Filter { return *c.decodeFilter(path, n, depth+1) })
		}
	}
	c.decodeObject(path, n, readers{
		"and": list(&f.And), "or": list(&f.Or),
		"not":      func(path string, n *node) { f.Not = c.decodeFilter(path, n, depth+1) },
		"property": c.textTo(&f.Property), "op": c.textTo((*string)(&f.Op)),
		"value":   func(path string, n *node) { f.Value = c.decodeValue(path, n) },
		"segment": func(path string, n *node) { f.Segment = c.decodeSegment(path, n, depth+1) },
	})
	return f
}

func (c *checker) decodeSegment(path string, n *node, depth int) *Segment {
	s := new(Segment)
	switch {
	case depth > maxFilterDepth+1:
		return s
	case n.kind == '"':
		if s.ID = n.text; s.ID == "" {
			c.fail(path, "required", "the id of a segment is not empty")
		}
		return s
	}
	list := func(to *[]Segment) func(string, *node) {
		return func(path string, n *node) {
			*to = decodeItems(c, path, n, unbounded, "parts", func(path string, n *node) Segment { return *c.decodeSegment(path, n, depth+1) })
		}
	}
	selector := func(to **Selector) func(string, *node) {
		return func(path string, n *node) {
			found := c.decodeSelector(path, n, nil)
			*to = &found
		}
	}
	span := func(to **Range) func(string, *node) {
		return func(path string, n *node) {
			*to = new(Range)
			c.rangeTo(*to)(path, n)
		}
	}
	c.decodeObject(path, n, readers{
		"and": list(&s.And), "or": list(&s.Or),
		"not": func(path string, n *node) { s.Not = c.decodeSegment(path, n, depth+1) },
		"did": selector(&s.Did), "then": selector(&s.Then), "not_then": selector(&s.NotThen), "in": c.textTo(&s.In),
		"count": func(path string, n *node) { s.Times = c.decodeTimes(path, n) }, "within": span(&s.Within),
		"first_seen": span(&s.FirstSeen),
		"property":   c.textTo(&s.Property), "op": c.textTo((*string)(&s.Op)),
		"value": func(path string, n *node) { s.Value = c.decodeValue(path, n) },
	})
	return s
}

func (c *checker) decodeTimes(path string, n *node) *Times {
	t := new(Times)
	bound := func(to **int) func(string, *node) {
		return func(path string, n *node) {
			*to = new(int)
			c.decodeNumber(path, n, *to)
		}
	}
	c.decodeObject(path, n, readers{"gte": bound(&t.AtLeast), "lte": bound(&t.AtMost), "eq": bound(&t.Exactly)})
	return t
}

func (c *checker) decodeCell(path string, n *node) *Cell {
	at := new(Cell)
	number := func(to *int) func(string, *node) {
		return func(path string, n *node) { c.decodeNumber(path, n, to) }
	}
	c.decodeObject(path, n, readers{
		"series": number(&at.Series), "bucket": c.textTo(&at.Bucket),
		"breakdown": func(path string, n *node) {
			at.Breakdown = new(string)
			c.decodeText(path, n, at.Breakdown)
		},
		"step": number(&at.Step), "outcome": c.textTo((*string)(&at.Outcome)),
		"cohort": c.textTo(&at.Cohort), "period": number(&at.Period),
		"size": c.boolTo(&at.Size),
	})
	return at
}
