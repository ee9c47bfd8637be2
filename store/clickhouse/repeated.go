package clickhouse

import "github.com/footfall-go/footfall/internal/schema"

// repeated flattens an event in which a name comes twice: by JSON's own rule
// the last member of an object counts, whole, and of members that flatten to
// the same dotted name the last as well. That is rare and may be slow.
func (f *flattener) repeated(properties, derived string) {
	var all entries
	out := schema.Unflattened(derived)
	for _, document := range []string{properties, derived} {
		s := scanner{text: document}
		s.space()
		if members, ok := s.members(1); ok && s.finished() {
			all.flatten("", members, out)
		}
		out = nil // what the door made is all there
	}
	for i, e := range all.list {
		if i >= maxKeys {
			break
		}
		if e.name == nil {
			continue
		}
		index := f.dict.index(*e.name)
		if e.number {
			f.numbers.indexes = append(f.numbers.indexes, index)
			f.numbers.float(e.value)
		}
		if e.text != nil {
			f.texts.indexes = append(f.texts.indexes, index)
			f.texts.text(*e.text)
		}
	}
}

// entry is one name with what the maps have for it.
type entry struct {
	name   *string // nil: overruled by a later one
	text   *string
	number bool
	value  float64
}

type entries struct {
	list []entry
	at   map[string]int
}

// jsonMember is a member of an object: a leaf, or an object with members.
type jsonMember struct {
	key     string
	leaf    entry
	members []jsonMember
}

func (e *entries) flatten(prefix string, members []jsonMember, out map[string]bool) {
	last := make(map[string]int, len(members))
	for i := range members {
		last[members[i].key] = i
	}
	for i := range members {
		m := &members[i]
		name := prefix + m.key
		if last[m.key] != i || out[name] {
			continue
		}
		if m.members != nil {
			e.flatten(name+".", m.members, out)
			continue
		}
		if e.at == nil {
			e.at = map[string]int{}
		}
		if old, ok := e.at[name]; ok {
			e.list[old].name = nil
		}
		e.at[name] = len(e.list)
		m.leaf.name = &name
		e.list = append(e.list, m.leaf)
	}
}

// members reads an object.
func (s *scanner) members(depth int) (members []jsonMember, ok bool) {
	members = []jsonMember{}
	if !s.take('{') {
		return nil, false
	}
	if s.space(); s.take('}') {
		return members, true
	}
	for {
		s.space()
		key, escapes, ok := s.string()
		if !ok {
			return nil, false
		}
		if escapes {
			key = string(unescape(nil, key))
		}
		if s.space(); !s.take(':') {
			return nil, false
		}
		s.space()
		m, ok := s.value(depth)
		if !ok {
			return nil, false
		}
		m.key = key
		members = append(members, m)
		if s.space(); s.take('}') {
			return members, true
		}
		if !s.take(',') {
			return nil, false
		}
	}
}

func (s *scanner) value(depth int) (m jsonMember, ok bool) {
	var text string
	switch c := s.peek(); {
	case c == '"':
		raw, escapes, ok := s.string()
		if !ok {
			return m, false
		}
		if text = raw; escapes {
			text = string(unescape(nil, raw))
		}
	case c == '-' || c >= '0' && c <= '9':
		literal, value, exact, ok := s.number()
		if !ok {
			return m, false
		}
		m.leaf.number, m.leaf.value = finite(value), value
		if exact {
			return m, true
		}
		text = literal
	case c == '{' && depth < maxDepth:
		m.members, ok = s.members(depth + 1)
		return m, ok
	case c == '{' || c == '[':
		raw, empty, ok := s.container()
		if !ok || empty {
			return m, ok
		}
		text = raw
	default:
		word, ok := s.word()
		if !ok || word == "null" {
			return m, ok
		}
		text = word
	}
	m.leaf.text = &text
	return m, true
}
