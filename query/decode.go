package query

import (
	"encoding/json"
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
	q := c.decodeQuery("", root)
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

// decodeObject hands each member to the function of its name and reports the
// others. A null is as good as absent.
func (c *checker) decodeObject(path string, n *node, fields readers) {
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

func (c *checker) decodeBool(path string, n *node, to *bool) {
	if n.kind != 't' {
		c.fail(path, "bad_type", "true or false is expected, not %s", n.describe())
		return
	}
	*to = n.text == "true"
}

func (c *checker) textTo(to *string) func(string, *node) {
	return func(path string, n *node) { c.decodeText(path, n, to) }
}

func (c *checker) boolTo(to *bool) func(string, *node) {
	return func(path string, n *node) { c.decodeBool(path, n, to) }
}

func (c *checker) countTo(to *int) func(string, *node) {
	return func(path string, n *node) { c.decodeCount(path, n, to) }
}

func (c *checker) decodeCount(path string, n *node, to *int) {
	f, err := strconv.ParseFloat(n.text, 64)
	if n.kind != '1' || err != nil || f != math.Trunc(f) || f < 1 || f > math.MaxInt32 {
		c.fail(path, "bad_type", "a positive integer is expected")
		return
	}
	*to = int(f)
}

// decodeNumber is decodeCount for numbers that may be 0.
func (c *checker) decodeNumber(path string, n *node, to *int) {
	if n.kind == '1' && strings.Trim(n.text, "0") == "" {
		*to = 0
		return
	}
	c.decodeCount(path, n, to)
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
