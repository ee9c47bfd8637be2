package redact

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// text is a JSON string as a reader sees it: without escapes of JSON, of URLs
// and of HTML. It knows where each byte was written.
type text struct {
	raw    []byte
	b      []byte
	places []int32 // nil if every byte stands where it was written
	levels []uint8 // how often the byte was escaped as in a URL; nil with places
	spans  []span
	own    []byte // memory of b
	at     []int32
	level  []uint8
}

// place returns where byte i of the text is written.
func (t *text) place(i int) int {
	if t.places == nil {
		return i
	}
	return int(t.places[i])
}

func (t *text) levelAt(i int) uint8 {
	if t.levels == nil {
		return 0
	}
	return t.levels[i]
}

// read takes a string without its quotes and reports whether it can have a
// secret at all.
func (t *text) read(raw []byte) bool {
	t.raw, t.b, t.places, t.levels = raw, raw, nil, nil
	if bytes.IndexByte(raw, '%') >= 0 || bytes.IndexByte(raw, '\\') >= 0 {
		t.unescape(raw)
		t.unescapeURL()
	}
	t.fold()
	return bytes.IndexByte(t.b, '=') >= 0 || bytes.IndexByte(t.b, '@') >= 0 || bytes.IndexByte(t.b, '"') >= 0 || bytes.IndexByte(t.b, ':') >= 0 || long(t.b) ||
		namesScheme(t.b) || bytes.Contains(t.b, []byte(beginsJWT))
}

// plain returns a name without JSON's escapes.
func (t *text) plain(raw []byte) []byte {
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw
	}
	t.unescape(raw)
	return t.b
}

// unescape resolves JSON's escapes.
func (t *text) unescape(raw []byte) {
	b, at := t.own[:0], t.at[:0]
	for i := 0; i < len(raw); {
		start := i
		if raw[i] != '\\' || i+1 == len(raw) {
			b, at = append(b, raw[i]), append(at, int32(start))
			i++
			continue
		}
		c := raw[i+1]
		i += 2
		switch c {
		case 'b', 'f', 'n', 'r', 't':
			c = ' ' // any blank
		case 'u':
			r, n := escaped(raw[start:])
			i = start + n
			for b = utf8.AppendRune(b, r); len(at) < len(b); {
				at = append(at, int32(start))
			}
			continue
		}
		b, at = append(b, c), append(at, int32(start))
	}
	t.own, t.at = b, append(at, int32(len(raw)))
	t.b, t.places = t.own, t.at
}

// escaped reads \uXXXX, or two of them that are one character.
func escaped(raw []byte) (r rune, size int) {
	r, ok := hex4(raw)
	if !ok {
		return utf8.RuneError, min(6, len(raw))
	}
	if utf16.IsSurrogate(r) {
		if low, ok := hex4(raw[6:]); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return pair, 12
			}
		}
		return utf8.RuneError, 6
	}
	return r, 6
}

func hex4(raw []byte) (r rune, ok bool) {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return 0, false
	}
	for _, c := range raw[2:6] {
		d := hex(c)
		if d < 0 {
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	return r, true
}

// unescapeURL resolves %XX in place, and %25XX and so on at once: an address
// that is a parameter of another one, and that in a third, is read like all.
func (t *text) unescapeURL() {
	b, at, level := t.own, t.at, t.level[:0]
	n := 0
	for i := 0; i < len(b); n++ {
		c, size, deep := unescaped(b[i:])
		b[n], at[n] = c, at[i]
		level = append(level, deep)
		i += size
	}
	at[n] = at[len(b)]
	t.b, t.places, t.levels = b[:n], at[:n+1], level
	t.level = level
}

func unescaped(b []byte) (c byte, size int, level uint8) {
	if b[0] != '%' {
		return b[0], 1, 0
	}
	i := 1
	for level = 1; i+4 <= len(b) && b[i] == '2' && b[i+1] == '5' && hex(b[i+2]) >= 0 && hex(b[i+3]) >= 0 && level < 200; level++ {
		i += 2
	}
	if i+2 > len(b) || hex(b[i]) < 0 || hex(b[i+1]) < 0 {
		return '%', 1, 0
	}
	return byte(hex(b[i])<<4 | hex(b[i+1])), i + 2, level
}

func hex(c byte) int {
	switch {
	case digit(c):
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
