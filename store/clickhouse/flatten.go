package clickhouse

import "github.com/footfall-go/footfall/internal/schema"

// Bounds of what is flattened. The raw JSON keeps the rest.
const (
	maxDepth = schema.MaxFlatDepth
	maxKeys  = 1024 // names of one event
)

// flattener turns the properties of events into the maps texts and numbers;
// the comment of [schema.Tables] has the rule. It is given JSON that the door
// has checked, so it only goes as far as the structure needs; of what is no
// JSON after all it takes nothing, and it must not panic.
//
// One pass appends to the columns as it goes. What that cannot do right, a
// name that comes twice, it notices; then the event is taken back and done
// again by the slow way of repeated.
type flattener struct {
	texts, numbers *column
	dict           *dictionary // the names of both columns
	seen           []uint32    // by index of name: the last event that had it
	event          uint32
	keys           int
	again          bool            // a name came twice
	out            map[string]bool // names that the door has taken out; seldom any
	path           []byte          // name of the object that is read, with a dot behind
	unescaped      []byte
	scanner
}

func newFlattener(texts, numbers *column) *flattener {
	// One dictionary serves both maps: a name is looked up once. The block then
	// carries each name twice, which is nothing.
	numbers.dict = texts.dict
	return &flattener{texts: texts, numbers: numbers, dict: texts.dict}
}

func (f *flattener) reset() { f.event, f.seen = 0, f.seen[:0] }

// mark is a state to which the columns can go back.
type mark struct{ texts, textBytes, numbers, numberBytes int }

func (f *flattener) mark() mark {
	return mark{len(f.texts.indexes), len(f.texts.data), len(f.numbers.indexes), len(f.numbers.data)}
}

func (f *flattener) rewind(m mark) {
	f.texts.indexes, f.texts.data = f.texts.indexes[:m.texts], f.texts.data[:m.textBytes]
	f.numbers.indexes, f.numbers.data = f.numbers.indexes[:m.numbers], f.numbers.data[:m.numberBytes]
}

// add appends one event: its properties and what the door derived, which wins
// where both have a name.
func (f *flattener) add(properties, derived string) {
	start := f.mark()
	f.event++
	f.keys, f.again = 0, false
	f.out = schema.Unflattened(derived)
	f.document(properties)
	f.out = nil
	f.document(derived)
	if f.again {
		f.rewind(start)
		f.repeated(properties, derived)
	}
	f.texts.end(len(f.texts.indexes))
	f.numbers.end(len(f.numbers.indexes))
}

// document appends the members of one JSON object, all or none.
func (f *flattener) document(text string) {
	if text == "" || f.again {
		return
	}
	before := f.mark()
	f.scanner = scanner{text: text}
	f.path = f.path[:0]
	if f.space(); !f.object(1) || !f.finished() {
		f.rewind(before)
	}
}

// object reads an object whose members' names begin with path.
func (f *flattener) object(depth int) bool {
	if !f.take('{') {
		return false
	}
	if f.next('}') {
		return true
	}
	outer := len(f.path)
	for {
		name, index, room, ok := f.name(outer)
		if !ok || !f.next(':') {
			return false
		}
		f.space()
		if f.out != nil && f.out[name] {
			if !f.pass() {
				return false
			}
		} else if !f.member(name, index, room, outer, depth) || f.again {
			return false
		}
		f.path = f.path[:outer]
		if f.next(',') {
			continue
		}
		return f.next('}')
	}
}

// name reads the name of a member, puts the path before it and finds its
// number. There is no room for it beyond maxKeys.
func (f *flattener) name(outer int) (name string, index uint32, room, ok bool) {
	f.space()
	if name, index, ok = f.dict.expected(); ok && outer == 0 && f.out == nil && f.literally(name) {
		f.dict.last = index
		return name, index, f.note(index), true
	}
	name, escapes, ok := f.string()
	if !ok {
		return "", 0, false, false
	}
	if escapes {
		f.unescaped = unescape(f.unescaped[:0], name)
		name = view(f.unescaped)
	}
	if outer > 0 {
		f.path = append(f.path[:outer], name...)
		name = view(f.path)
	}
	if f.keys == maxKeys || f.out != nil && f.out[name] {
		return name, 0, false, true
	}
	index = f.dict.index(name)
	return name, index, f.note(index), true
}

// note notes that the event has a name, and whether it had it before.
func (f *flattener) note(index uint32) (room bool) {
	if f.keys == maxKeys {
		return false
	}
	f.keys++
	for int(index) >= len(f.seen) {
		f.seen = append(f.seen, 0)
	}
	if f.seen[index] == f.event {
		f.again = true
	}
	f.seen[index] = f.event
	return true
}

// member reads the value of a member.
func (f *flattener) member(name string, index uint32, room bool, outer, depth int) bool {
	switch c := f.peek(); {
	case c == '"':
		text, escapes, ok := f.string()
		if !ok || !room {
			return ok
		}
		if escapes {
			// The name, which may be a view of this memory, is in the dictionary.
			f.unescaped = unescape(f.unescaped[:0], text)
			text = view(f.unescaped)
		}
		f.texts.indexes = append(f.texts.indexes, index)
		f.texts.text(text)
	case c == '-' || c >= '0' && c <= '9':
		literal, value, exact, ok := f.number()
		if !ok || !room {
			return ok
		}
		if finite(value) {
			f.numbers.indexes = append(f.numbers.indexes, index)
			f.numbers.float(value)
		}
		if !exact {
			f.texts.indexes = append(f.texts.indexes, index)
			f.texts.text(literal)
		}
	case c == '{' && depth < maxDepth:
		if outer == 0 {
			f.path = append(f.path[:0], name...)
		}
		f.path = append(f.path, '.')
		return f.object(depth + 1)
	case c == '{' || c == '[':
		raw, empty, ok := f.container()
		if !ok || !room || empty {
			return ok
		}
		f.texts.indexes = append(f.texts.indexes, index)
		f.texts.text(raw)
	default:
		word, ok := f.word()
		if !ok || !room || word == "null" {
			return ok
		}
		f.texts.indexes = append(f.texts.indexes, index)
		f.texts.text(word)
	}
	return true
}

// pass passes over a value.
func (f *flattener) pass() (ok bool) {
	switch c := f.peek(); {
	case c == '"':
		_, _, ok = f.string()
	case c == '{' || c == '[':
		_, _, ok = f.container()
	case c == '-' || c >= '0' && c <= '9':
		_, _, _, ok = f.number()
	default:
		_, ok = f.word()
	}
	return ok
}
