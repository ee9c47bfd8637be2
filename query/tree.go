package query

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// node is a JSON value. Unlike a map it keeps what encoding/json forgets: that
// a member was given twice, and a number as it was written.
type node struct {
	kind    byte   // { [ " 1 (a number) t (a bool) 0 (null)
	text    string // of a text, number or bool
	members []member
	items   []*node
}

type member struct {
	name  string
	value *node
}

// maxDepth bounds the nesting of JSON that is read at all; the deepest sound
// question is below it.
const maxDepth = 3*maxFilterDepth + 20

// parseTree reads one JSON value and nothing behind it.
func parseTree(data []byte) (*node, *Problem) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	root, problem := parseNode(d, "", 0)
	if problem != nil {
		return nil, problem
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, &Problem{"", "invalid_json", "there is more than one JSON value"}
	}
	return root, nil
}

func parseNode(d *json.Decoder, path string, depth int) (*node, *Problem) {
	token, err := d.Token()
	if err != nil {
		return nil, invalidJSON(err)
	}
	switch v := token.(type) {
	case string:
		return &node{kind: '"', text: v}, nil
	case json.Number:
		return &node{kind: '1', text: v.String()}, nil
	case bool:
		return &node{kind: 't', text: fmt.Sprint(v)}, nil
	case json.Delim:
		if depth == maxDepth {
			return nil, &Problem{path, "too_deep", "the question nests too deep"}
		}
		if v == '[' {
			return parseList(d, path, depth)
		}
		return parseObject(d, path, depth)
	}
	return &node{kind: '0'}, nil
}

func parseList(d *json.Decoder, path string, depth int) (*node, *Problem) {
	n := &node{kind: '['}
	for d.More() {
		item, problem := parseNode(d, index(path, len(n.items)), depth+1)
		if problem != nil {
			return nil, problem
		}
		n.items = append(n.items, item)
	}
	if _, err := d.Token(); err != nil {
		return nil, invalidJSON(err)
	}
	return n, nil
}

func parseObject(d *json.Decoder, path string, depth int) (*node, *Problem) {
	n := &node{kind: '{'}
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, invalidJSON(err)
		}
		name, ok := token.(string)
		if !ok {
			return nil, &Problem{path, "invalid_json", "a name is expected"}
		}
		at := path + "/" + pointerEscapes.Replace(name)
		if seen[name] {
			return nil, &Problem{clip(at), "duplicate_field", fmt.Sprintf("%q is given twice", clip(name))}
		}
		seen[name] = true
		value, problem := parseNode(d, at, depth+1)
		if problem != nil {
			return nil, problem
		}
		n.members = append(n.members, member{name, value})
	}
	if _, err := d.Token(); err != nil {
		return nil, invalidJSON(err)
	}
	return n, nil
}

func invalidJSON(err error) *Problem {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &Problem{"", "invalid_json", "the question ends early"}
	}
	return &Problem{"", "invalid_json", err.Error()}
}

func (n *node) describe() string {
	switch n.kind {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a text"
	case '1':
		return "a number"
	case 't':
		return "a bool"
	}
	return "null"
}
