// Package scan finds where the parts of a JSON text end. It is given JSON that
// was checked and looks only at what tells that; of anything else it makes
// nothing of use, but does not panic.
package scan

import (
	"encoding/binary"
	"encoding/json"
	"math/bits"
	"strings"
)

// Blank returns the place of the first byte from i on that is no white space.
func Blank(raw []byte, i int) int {
	for i < len(raw) && raw[i] <= ' ' {
		i++
	}
	return i
}

// String returns the place behind the string that starts at i. It looks at
// eight bytes at a time: most strings are short.
func String(raw []byte, i int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for i++; i+8 <= len(raw); {
		w := binary.LittleEndian.Uint64(raw[i:])
		q, e := w^('"'*ones), w^('\\'*ones)
		// The lowest bit set is exact: a borrow starts only at a true hit.
		hit := ((q-ones)&^q | (e-ones)&^e) & highs
		if hit == 0 {
			i += 8
			continue
		}
		if i += bits.TrailingZeros64(hit) >> 3; raw[i] == '"' {
			return i + 1
		}
		i += 2
	}
	for ; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return len(raw)
}

// Value returns the place behind the value that starts at i.
func Value(raw []byte, i int) int {
	for depth := 0; i < len(raw); {
		switch raw[i] {
		case '"':
			i = String(raw, i)
		case '{', '[':
			depth++
			i++
			continue
		case '}', ']':
			if depth--; depth < 0 {
				return i
			}
			i++
		case ',', ':', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return i
			}
			i++
			continue
		default:
			i++
			for i < len(raw) && raw[i] > ' ' && strings.IndexByte(`,:]}"`, raw[i]) < 0 {
				i++
			}
		}
		if depth == 0 {
			return i
		}
	}
	return i
}

// Unquote returns the text of a string with escapes, given with its quotes.
func Unquote(quoted []byte) []byte {
	var text string
	if json.Unmarshal(quoted, &text) != nil {
		return nil
	}
	return []byte(text)
}
