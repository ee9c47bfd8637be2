package envelope

import (
	"slices"
	"unicode/utf8"
)

// Decoder reads bodies. It keeps its memory from one body to the next; what it
// found in a body is valid until the next Reset. The zero value must be Reset
// before use. It is not safe for concurrent use.
type Decoder struct {
	b     []byte // the body and behind it the padding
	n     int    // length of the body
	seen  uint64 // all bytes of the strings since it was cleared, or-ed together
	deep  bool   // a value since it was cleared was nested deeper than MaxDepth
	bad   int    // where the syntax error is
	stack []uint64
	name  []byte

	envelope *Envelope // while a batch is read
	limit    int       // messages it may have
	batches  int       // how often the name "batch" was found
	tooMany  bool
}

// Reset starts on a body. The memory is the decoder's from now on: strings are
// unescaped in place.
func (d *Decoder) Reset(body []byte) {
	d.n = len(body)
	body = append(body, make([]byte, Padding)...)
	d.b = body
	d.stack = d.stack[:0]
}

// Message reads the whole body as one message.
func (d *Decoder) Message(m *Message) error { return d.whole(0, m, None) }

// Batch reads the whole body as an envelope with at most limit messages. Its
// Items keep their memory.
func (d *Decoder) Batch(e *Envelope, limit int) error {
	e.Items = e.Items[:0]
	d.envelope, d.limit, d.batches = e, limit, 0
	err := d.whole(0, &e.Message, Batch)
	d.envelope = nil
	if err == nil && e.NotUTF8 {
		// Each message answers for itself; this is about what is around them.
		at := e.values[Batch]
		e.NotUTF8 = d.batches != 1 || d.b[at.Start] != '[' || !utf8.Valid(d.b[:at.Start]) || !utf8.Valid(d.b[at.End:d.n])
	}
	return err
}

// Line reads one message that ends at a line feed or at the end of the body.
// It returns where the next line starts, also after an error; the caller stops
// when that is the length of the body.
func (d *Decoder) Line(start int, m *Message) (next int, err error) {
	end := start
	for end < d.n && d.b[end] != '\n' {
		end++
	}
	next = min(end+1, d.n)
	// A line is a body of its own: no value may reach into the next one.
	whole, kept := d.n, d.b[end]
	d.n, d.b[end] = end, 0
	err = d.whole(start, m, None)
	d.n, d.b[end] = whole, kept
	return next, err
}

func (d *Decoder) whole(start int, m *Message, scope Field) error {
	d.tooMany = false
	i := d.item(skipBlank(d.b, start), m, scope)
	switch {
	case d.tooMany:
		return ErrTooMany
	case i < 0:
		return &SyntaxError{d.bad}
	}
	if i = skipBlank(d.b, i); i != d.n {
		return &SyntaxError{i}
	}
	return nil
}

// item reads one message, or skips a value that is none.
func (d *Decoder) item(i int, m *Message, scope Field) int {
	*m = Message{Raw: Span{Start: uint32(i)}}
	d.seen, d.deep = 0, false
	start := i
	if d.b[i] == '{' {
		m.Object = true
		i = d.object(i, 1, m, scope)
	} else {
		i = d.value(i, 0)
	}
	if i < 0 {
		return i
	}
	m.Raw.End = uint32(i)
	m.TooDeep = d.deep
	m.NotUTF8 = d.seen&highs != 0 && !utf8.Valid(d.b[start:i])
	return i
}

// object notes where the known members of an object stand. Depth is the
// object's own.
func (d *Decoder) object(i, depth int, m *Message, scope Field) int {
	b := d.b
	if i = skipBlank(b, i+1); b[i] == '}' {
		return i + 1
	}
	for {
		if b[i] != '"' {
			return d.fail(i)
		}
		start := i + 1
		end, escaped := d.text(i)
		if end < 0 {
			return end
		}
		key := b[start : end-1]
		if escaped {
			d.name = appendUnescaped(d.name[:0], key)
			key = d.name
		}
		if i = d.colon(end); i < 0 {
			return i
		}
		if f := fieldOf(scope, key); f == None {
			i = d.value(i, depth)
		} else {
			i = d.field(i, depth, m, f)
		}
		if i < 0 {
			return i
		}
		i = skipBlank(b, i)
		if b[i] == '}' {
			return i + 1
		}
		if b[i] != ',' {
			return d.fail(i)
		}
		i = skipBlank(b, i+1)
	}
}

// field scans the value of a known member. The last one of a name counts.
func (d *Decoder) field(i, depth int, m *Message, f Field) int {
	if m.values[f].End != 0 {
		d.repeated(m, f)
	}
	start, escaped := i, false
	switch c := d.b[i]; {
	case c == '"':
		i, escaped = d.text(i)
	case c == '[' && f == Batch:
		i = d.items(i)
	case c == '{' && f.last() != f:
		i = d.object(i, depth+1, m, f)
	default:
		i = d.value(i, depth)
		if c == 'n' && i > 0 {
			m.values[f] = Span{Start: uint32(start)} // null is no value
			return i
		}
	}
	if i < 0 {
		return i
	}
	m.escaped &^= 1 << f
	if escaped {
		m.escaped |= 1 << f
	}
	m.values[f] = Span{uint32(start), uint32(i)}
	return i
}

// items reads the messages of a batch.
func (d *Decoder) items(i int) int {
	e, seen, deep := d.envelope, d.seen, d.deep
	e.Items = e.Items[:0]
	for b := d.b; ; {
		i = skipBlank(b, i+1)
		if b[i] == ']' && len(e.Items) == 0 {
			break
		}
		if len(e.Items) == d.limit {
			d.tooMany = true
			return -1
		}
		e.Items = slices.Grow(e.Items, 1)[:len(e.Items)+1]
		if i = d.item(i, &e.Items[len(e.Items)-1], None); i < 0 {
			return i
		}
		if i = skipBlank(b, i); b[i] == ']' {
			break
		}
		if b[i] != ',' {
			return d.fail(i)
		}
	}
	d.seen, d.deep = seen, deep
	if d.batches++; d.batches > 1 {
		d.seen |= highs // the messages before are forgotten: have their bytes checked
	}
	return i + 1
}
