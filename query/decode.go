package query

import (
	"encoding/json"
	"maps"
	"math"
	"strconv"
	"strings"
)

// Parse reads a question from JSON and validates it. The error is an
// [*InvalidError] that names every mistake found.
func Parse(data []byte) (Query, error) {
	root, problem := parseTree(data)
	if problem != nil {
		return nil, &InvalidError{[]Problem{*problem}}
	}
	var c checker
	q := c.decodeQuery(root)
	if q != nil {
		// What could not be read is a mistake already; what could is checked
		// as well, so that the answer names all.
		q.check(&c)
	}
	c.problems = firstOfPath(c.problems)
	if err := c.err(); err != nil {
		return nil, err
	}
	return q, nil
}

// firstOfPath keeps one mistake per place: a field of the wrong type is not
// missing as well.
func firstOfPath(problems []Problem) []Problem {
	seen := map[string]bool{}
	kept := problems[:0]
	for _, p := range problems {
		if !seen[p.Path] {
			kept = append(kept, p)
		}
		seen[p.Path] = true
	}
	return kept
}

// laterKinds are the kinds the contract has and this version does not, so that
// the answer can tell them from a misspelling.
var laterKinds = map[string]bool{
	"funnel": true, "retention": true, "segment": true,
	"paths": true, "lifecycle": true, "stickiness": true, "attribution": true,
}

// later reads a field that the contract has and this version does not: it may
// say that it is not used, and nothing else.
func (c *checker) later(unused string) func(string, *node) {
	return func(path string, n *node) {
		if unused == "" || n.text != unused {
			c.fail(path, "unsupported", "%q is not supported by this version", path[strings.LastIndexByte(path, '/')+1:])
		}
	}
}

func (c *checker) decodeQuery(root *node) Query {
	if root.kind != '{' {
		c.fail("", "bad_type", "a question is an object")
		return nil
	}
	var kind string
	for _, m := range root.members {
		if m.name == "kind" {
			c.decodeText("/kind", m.value, &kind)
		}
	}
	fields := func(s *Scope, more map[string]func(string, *node)) {
		all := map[string]func(string, *node){
			"kind":   func(string, *node) {},
			"range":  func(path string, n *node) { c.decodeRange(path, n, &s.Range) },
			"zone":   func(path string, n *node) { c.decodeText(path, n, &s.Zone) },
			"filter": func(path string, n *node) { s.Filter = c.decodeFilter(path, n, 1) },
		}
		maps.Copy(all, more)
		c.decodeObject("", root, all)
	}
	switch kind {
	case "trend":
		q := new(Trend)
		fields(&q.Scope, map[string]func(string, *node){
			"interval":  func(path string, n *node) { c.decodeText(path, n, (*string)(&q.Interval)) },
			"series":    func(path string, n *node) { q.Series = c.decodeSeries(path, n) },
			"breakdown": func(path string, n *node) { q.Breakdown = c.decodeBreakdown(path, n) },
			"formula":   c.later(""), "compare": c.later("none"), "cumulative": c.later("false"), "rolling": c.later(""),
		})
		return q
	case "sessions":
		q := new(Sessions)
		fields(&q.Scope, map[string]func(string, *node){
			"interval": func(path string, n *node) { c.decodeText(path, n, (*string)(&q.Interval)) },
		})
		return q
	case "events":
		q := new(Events)
		fields(&q.Scope, map[string]func(string, *node){
			"person": func(path string, n *node) { c.decodeText(path, n, &q.Person) },
			"limit":  func(path string, n *node) { c.decodeCount(path, n, &q.Limit) },
			"cursor": func(path string, n *node) { c.decodeText(path, n, &q.Cursor) },
		})
		return q
	case "persons":
		q := new(Persons)
		fields(&q.Scope, map[string]func(string, *node){
			"of": c.later(""), "at": c.later(""), // the number whose persons are asked for
			"limit":  func(path string, n *node) { c.decodeCount(path, n, &q.Limit) },
			"cursor": func(path string, n *node) { c.decodeText(path, n, &q.Cursor) },
		})
		return q
	}
	switch {
	case laterKinds[kind]:
		c.fail("/kind", "unsupported", "kind %q is not supported by this version", kind)
	case kind == "":
		c.fail("/kind", "required", "kind is required: trend, sessions, events or persons")
	default:
		c.fail("/kind", "unknown_kind", "a kind is trend, sessions, events or persons, not %q", clip(kind))
	}
	return nil
}

// decodeObject hands each member to the function of its name and reports the
// others. A null is as good as absent.
func (c *checker) decodeObject(path string, n *node, fields map[string]func(path string, n *node)) {
	if n.kind != '{' {
		c.fail(path, "bad_type", "an object is expected, not %s", n.describe())
		return
	}
	for _, m := range n.members {
		at := path + "/" + pointerEscapes.Replace(m.name)
		read := fields[m.name]
		switch {
		case read != nil && m.value.kind != '0':
			read(at, m.value)
		case read != nil:
		default:
			c.fail(clip(at), "unknown_field", "there is no field %q here", clip(m.name))
		}
	}
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

func (c *checker) decodeText(path string, n *node, to *string) {
	if n.kind != '"' {
		c.fail(path, "bad_type", "a text is expected, not %s", n.describe())
		return
	}
	*to = n.text
}

func (c *checker) decodeCount(path string, n *node, to *int) {
	f, err := strconv.ParseFloat(n.text, 64)
	if n.kind != '1' || err != nil || f != math.Trunc(f) || f < 1 || f > math.MaxInt32 {
		c.fail(path, "bad_type", "a positive integer is expected")
		return
	}
	*to = int(f)
}

func (c *checker) decodeRange(path string, n *node, to *Range) {
	c.decodeObject(path, n, map[string]func(string, *node){
		"from": func(path string, n *node) { c.decodeText(path, n, &to.From) },
		"to":   func(path string, n *node) { c.decodeText(path, n, &to.To) },
		"last": func(path string, n *node) { c.decodeText(path, n, &to.Last) },
	})
}

func (c *checker) decodeSeries(path string, n *node) []Series {
	items := c.decodeList(path, n)
	if len(items) > maxSeries {
		c.fail(path, "too_many", "a trend has at most %d series", maxSeries)
		return nil
	}
	list := make([]Series, len(items))
	for i, item := range items {
		s := &list[i]
		c.decodeObject(index(path, i), item, map[string]func(string, *node){
			"event":   func(path string, n *node) { c.decodeText(path, n, &s.Event) },
			"filter":  func(path string, n *node) { s.Filter = c.decodeFilter(path, n, 1) },
			"name":    func(path string, n *node) { c.decodeText(path, n, &s.Name) },
			"measure": func(path string, n *node) { c.decodeText(path, n, (*string)(&s.Measure)) },
			"of":      func(path string, n *node) { c.decodeText(path, n, &s.Of) },
		})
	}
	return list
}

func (c *checker) decodeBreakdown(path string, n *node) *Breakdown {
	b := new(Breakdown)
	c.decodeObject(path, n, map[string]func(string, *node){
		"property": func(path string, n *node) { c.decodeText(path, n, &b.Property) },
		"limit":    func(path string, n *node) { c.decodeCount(path, n, &b.Limit) },
	})
	return b
}

func (c *checker) decodeFilter(path string, n *node, depth int) *Filter {
	f := new(Filter)
	if depth > maxFilterDepth+1 {
		return f // check reports it
	}
	list := func(path string, n *node) []Filter {
		items := c.decodeList(path, n)
		filters := make([]Filter, 0, len(items))
		for i, item := range items {
			filters = append(filters, *c.decodeFilter(index(path, i), item, depth+1))
		}
		return filters
	}
	c.decodeObject(path, n, map[string]func(string, *node){
		"and":      func(path string, n *node) { f.And = list(path, n) },
		"or":       func(path string, n *node) { f.Or = list(path, n) },
		"not":      func(path string, n *node) { f.Not = c.decodeFilter(path, n, depth+1) },
		"property": func(path string, n *node) { c.decodeText(path, n, &f.Property) },
		"op":       func(path string, n *node) { c.decodeText(path, n, (*string)(&f.Op)) },
		"value":    func(path string, n *node) { f.Value = c.decodeValue(path, n) },
		"segment":  c.later(""),
	})
	return f
}

func (c *checker) decodeValue(path string, n *node) any {
	switch n.kind {
	case '"':
		return n.text
	case '1':
		return json.Number(n.text)
	case 't':
		return n.text == "true"
	case '[':
		list := make([]any, 0, len(n.items))
		for i, item := range n.items {
			if item.kind == '[' || item.kind == '{' || item.kind == '0' {
				c.fail(index(path, i), "bad_type", "a value is a text, a number or a bool, not %s", item.describe())
				continue
			}
			list = append(list, c.decodeValue(index(path, i), item))
		}
		return list
	}
	c.fail(path, "bad_type", "a value is a text, a number, a bool or a list of them, not %s", n.describe())
	return nil
}

func (c *checker) decodeList(path string, n *node) []*node {
	if n.kind != '[' {
		c.fail(path, "bad_type", "a list is expected, not %s", n.describe())
		return nil
	}
	return n.items
}
