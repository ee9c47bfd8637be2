package envelope

import (
	"unicode/utf16"
	"unicode/utf8"
)

// Kind is the JSON type of a value.
type Kind uint8

// The types of values. Null counts as absent.
const (
	Absent Kind = iota
	String
	Number
	Bool
	Array
	Object
)

// Kind returns the type of a field's value.
func (d *Decoder) Kind(m *Message, f Field) Kind {
	at := m.values[f]
	if at.End == 0 {
		return Absent
	}
	switch d.b[at.Start] {
	case '"':
		return String
	case '{':
		return Object
	case '[':
		return Array
	case 't', 'f':
		return Bool
	}
	return Number
}

// Raw returns the value of a field as it was sent, nil if there is none. It is
// a view of the body.
func (d *Decoder) Raw(m *Message, f Field) []byte {
	at := m.values[f]
	if at.End == 0 {
		return nil
	}
	return d.b[at.Start:at.End:at.End]
}

// Text returns the text of a field that is a string. Escapes are resolved in
// place, so it must not be used on what is also kept as it was sent: the fields
// inside properties and context, for which there is AppendText.
func (d *Decoder) Text(m *Message, f Field) []byte {
	at := m.values[f]
	raw := d.b[at.Start+1 : at.End-1]
	if m.escaped&(1<<f) == 0 {
		return raw
	}
	raw = appendUnescaped(raw[:0], raw)
	m.escaped &^= 1 << f
	m.values[f].End = at.Start + uint32(len(raw)) + 2
	return raw
}

// AppendText returns the text of a field that is a string: a view of the body,
// or a copy at the end of dst if it has escapes.
func (d *Decoder) AppendText(dst []byte, m *Message, f Field) (text, grown []byte) {
	at := m.values[f]
	raw := d.b[at.Start+1 : at.End-1]
	if m.escaped&(1<<f) == 0 {
		return raw, dst
	}
	n := len(dst)
	dst = appendUnescaped(dst, raw)
	return dst[n:], dst
}

// appendUnescaped appends the text of a valid string without its quotes. Dst
// may be the start of raw: a text is never longer than what it is written as.
// Half a surrogate pair becomes U+FFFD, as in encoding/json.
func appendUnescaped(dst, raw []byte) []byte {
	for i := 0; i < len(raw); {
		c := raw[i]
		if c != '\\' {
			dst = append(dst, c)
			i++
			continue
		}
		c = raw[i+1]
		i += 2
		switch c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			r := hex4(raw[i:])
			i += 4
			if utf16.IsSurrogate(r) {
				pair := utf8.RuneError
				if len(raw) >= i+6 && raw[i] == '\\' && raw[i+1] == 'u' {
					pair = utf16.DecodeRune(r, hex4(raw[i+2:]))
				}
				if r = pair; r != utf8.RuneError {
					i += 6
				}
			}
			dst = utf8.AppendRune(dst, r)
			continue
		}
		dst = append(dst, c)
	}
	return dst
}

func hex4(b []byte) rune {
	return hexDigit(b[0])<<12 | hexDigit(b[1])<<8 | hexDigit(b[2])<<4 | hexDigit(b[3])
}

// Members calls fn with each member of a field that is an object: its name and
// the whole member as it was sent. Both are valid during the call only.
func (d *Decoder) Members(m *Message, f Field, fn func(name, member []byte)) {
	for i := skipBlank(d.b, int(m.values[f].Start)+1); d.b[i] == '"'; {
		start := i
		end, escaped := d.text(i)
		name := d.b[start+1 : end-1]
		if escaped {
			d.name = appendUnescaped(d.name[:0], name)
			name = d.name
		}
		i = d.value(d.colon(end), 1)
		fn(name, d.b[start:i])
		if i = skipBlank(d.b, i); d.b[i] == ',' {
			i = skipBlank(d.b, i+1)
		}
	}
}
