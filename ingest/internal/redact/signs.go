package redact

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// signs is where the next of the signs stands of which every secret in a text
// has one, cards apart, and schemes that a text begins with. They are sought
// from one to the next, so that a text without any costs a comparison.
type signs struct {
	at   [len(signBytes) + 5]int
	next int
}

// signBytes are the signs that are one byte. The others are Bearer and Basic,
// bearer in small letters, tokens of JSON, bytes outside ASCII, and entities of
// HTML.
const signBytes = `=@%\`

func newSigns() (s signs) {
	for i := range s.at {
		s.at[i] = -1
	}
	s.next = -1
	return s
}

// before reports whether one of them is in raw[from:to]; from never goes back.
func (s *signs) before(raw []byte, from, to int) bool {
	if s.next < from {
		s.seek(raw, from)
	}
	return s.next < to
}

func (s *signs) seek(raw []byte, from int) {
	s.next = len(raw)
	for i := range s.at {
		if s.at[i] < from {
			s.at[i] = from + seekSign(i, raw[from:])
		}
		s.next = min(s.next, s.at[i])
	}
}

// seekSign returns where a sign stands first, the length if nowhere.
func seekSign(sign int, raw []byte) int {
	switch sign {
	case len(signBytes):
		return seekAround(raw, 'B', func(i int) bool {
			return bytes.HasPrefix(raw[i:], []byte("Bearer")) || bytes.HasPrefix(raw[i:], []byte("Basic"))
		})
	case len(signBytes) + 1:
		return seekAround(raw, 'J', func(i int) bool { return bytes.HasSuffix(raw[:i+1], []byte(beginsJWT)) })
	case len(signBytes) + 2:
		return seekWide(raw)
	case len(signBytes) + 3:
		return seekAround(raw, '&', func(i int) bool {
			_, size := entity(raw[i:])
			return size > 1
		})
	case len(signBytes) + 4:
		if i := bytes.Index(raw, []byte("bearer")); i >= 0 {
			return i
		}
		return len(raw)
	}
	if i := bytes.IndexByte(raw, signBytes[sign]); i >= 0 {
		return i
	}
	return len(raw)
}

// seekAround seeks a letter that is rare enough, and looks at what is around it.
func seekAround(raw []byte, rare byte, is func(i int) bool) int {
	for i := 0; ; i++ {
		n := bytes.IndexByte(raw[i:], rare)
		if n < 0 {
			return len(raw)
		}
		if i += n; is(i) {
			return i
		}
	}
}

func seekWide(raw []byte) int {
	i := 0
	for ; i+8 <= len(raw); i += 8 {
		if w := binary.LittleEndian.Uint64(raw[i:]) & 0x8080808080808080; w != 0 {
			return i + bits.TrailingZeros64(w)>>3
		}
	}
	for i < len(raw) && raw[i] < 0x80 {
		i++
	}
	return i
}
