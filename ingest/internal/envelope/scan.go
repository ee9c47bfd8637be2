package envelope

import (
	"encoding/binary"
	"math/bits"
)

// The scanning methods take the index where something starts and return the
// index behind it, or a negative number after a syntax error.

const (
	ones    = 0x0101010101010101
	highs   = 0x8080808080808080
	quotes  = ones * '"'
	slashes = ones * '\\'
	spaces  = ones * ' '
	blank   = 1<<' ' | 1<<'\t' | 1<<'\n' | 1<<'\r'
)

func (d *Decoder) fail(i int) int {
	d.bad = i
	return -1
}

func skipBlank(b []byte, i int) int {
	for uint64(1)<<b[i]&blank != 0 {
		i++
	}
	return i
}

// text scans the string whose opening quote is at i, eight bytes at a time.
func (d *Decoder) text(i int) (end int, escaped bool) {
	b := d.b
	var seen uint64
	i++
	for {
		w := binary.LittleEndian.Uint64(b[i:])
		seen |= w
		q, s := w^quotes, w^slashes
		// The lowest bit set is exact: a borrow starts only at a true hit.
		hit := ((q-ones)&^q | (s-ones)&^s | (w-spaces)&^w) & highs
		if hit == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(hit) >> 3
		switch b[i] {
		case '"':
			d.seen |= seen
			return i + 1, escaped
		case '\\':
			escaped = true
			if i = d.escape(i); i < 0 {
				return i, true
			}
		default:
			return d.fail(i), escaped
		}
	}
}

func (d *Decoder) escape(i int) int {
	switch d.b[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
		for j := i + 2; j < i+6; j++ {
			if hexDigit(d.b[j]) < 0 {
				return d.fail(j)
			}
		}
		return i + 6
	}
	return d.fail(i + 1)
}

func hexDigit(c byte) rune {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0')
	case c >= 'a' && c <= 'f':
		return rune(c - 'a' + 10)
	case c >= 'A' && c <= 'F':
		return rune(c - 'A' + 10)
	}
	return -1
}

func digits(b []byte, i int) int {
	for b[i]-'0' <= 9 {
		i++
	}
	return i
}

func (d *Decoder) number(i int) int {
	b := d.b
	if b[i] == '-' {
		i++
	}
	start := i
	if i = digits(b, i); i == start || b[start] == '0' && i > start+1 {
		return d.fail(start)
	}
	if b[i] == '.' {
		start = i + 1
		if i = digits(b, start); i == start {
			return d.fail(i)
		}
	}
	if b[i]|0x20 == 'e' {
		i++
		if b[i] == '+' || b[i] == '-' {
			i++
		}
		start = i
		if i = digits(b, start); i == start {
			return d.fail(i)
		}
	}
	return i
}

func (d *Decoder) literal(i int, want string) int {
	if string(d.b[i:i+len(want)]) != want {
		return d.fail(i)
	}
	return i + len(want)
}

// scalar scans a value that is neither object nor array.
func (d *Decoder) scalar(i int) int {
	switch d.b[i] {
	case '"':
		i, _ = d.text(i)
		return i
	case 't':
		return d.literal(i, "true")
	case 'f':
		return d.literal(i, "false")
	case 'n':
		return d.literal(i, "null")
	}
	return d.number(i)
}

// member scans a name and its colon and returns where the value starts.
func (d *Decoder) member(i int) int {
	if d.b[i] != '"' {
		return d.fail(i)
	}
	if i, _ = d.text(i); i < 0 {
		return i
	}
	return d.colon(i)
}

func (d *Decoder) colon(i int) int {
	if i = skipBlank(d.b, i); d.b[i] != ':' {
		return d.fail(i)
	}
	return skipBlank(d.b, i+1)
}

// value scans any value. It keeps its own stack, one bit a level, so that no
// depth of nesting costs more than the body itself; base is the depth around.
func (d *Decoder) value(i, base int) int {
	b := d.b
	depth, objects := 0, uint64(0) // lowest bit: the innermost is an object
	for {
		// A value starts at i.
		switch c := b[i]; c {
		case '{', '[':
			if depth != 0 && depth&63 == 0 {
				d.stack = append(d.stack, objects)
			}
			depth++
			objects = objects<<1 | uint64(c>>5&1) // '{' is 0x7b, '[' is 0x5b
			if base+depth > MaxDepth {
				d.deep = true
			}
			if i = skipBlank(b, i+1); b[i] != c+2 { // not closed at once
				if c == '{' {
					if i = d.member(i); i < 0 {
						return i
					}
				}
				continue
			}
		default:
			if i = d.scalar(i); i < 0 {
				return i
			}
			if depth == 0 {
				return i
			}
			i = skipBlank(b, i)
		}
		// A value has ended, or its container ends at i.
		for b[i] != ',' {
			if b[i] != ']'+byte(objects&1)<<5 {
				return d.fail(i)
			}
			i++
			depth--
			objects >>= 1
			if depth == 0 {
				return i
			}
			if depth&63 == 0 {
				objects = d.stack[len(d.stack)-1]
				d.stack = d.stack[:len(d.stack)-1]
			}
			i = skipBlank(b, i)
		}
		i = skipBlank(b, i+1)
		if objects&1 != 0 {
			if i = d.member(i); i < 0 {
				return i
			}
		}
	}
}
