package clickhouse

import (
	"encoding/binary"
	"math/bits"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// scanner cuts a JSON text into its parts. It looks only at what tells where a
// part ends.
type scanner struct {
	text string
	at   int
}

// view returns bytes as a text that is valid as long as they stay.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// peek returns the next byte, 0 at the end.
func (s *scanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

func (s *scanner) take(c byte) bool {
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

// next passes over space and one character, if it is the given one.
func (s *scanner) next(c byte) bool {
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	s.space()
	return s.take(c)
}

func (s *scanner) space() {
	for s.at < len(s.text) && s.text[s.at] <= ' ' {
		s.at++
	}
}

func (s *scanner) finished() bool {
	s.space()
	return s.at == len(s.text)
}

// string reads a string and returns what is between its quotes.
func (s *scanner) string() (raw string, escapes, ok bool) {
	if !s.take('"') {
		return "", false, false
	}
	start := s.at
	for {
		s.at = quoteOrEscape(s.text, s.at)
		if s.at >= len(s.text) {
			return "", false, false
		}
		if s.text[s.at] == '"' {
			raw = s.text[start:s.at]
			s.at++
			return raw, escapes, true
		}
		escapes = true
		if s.at += 2; s.at > len(s.text) {
			return "", false, false
		}
	}
}

// literally passes over a string that stands there letter by letter.
func (s *scanner) literally(text string) bool {
	end := s.at + 1 + len(text)
	if end >= len(s.text) || s.text[s.at] != '"' || s.text[end] != '"' || s.text[s.at+1:end] != text {
		return false
	}
	s.at = end + 1
	return true
}

// quoteOrEscape returns the place of the first '"' or '\' from a place on, or
// the length of the text. It looks at eight bytes at a time.
func quoteOrEscape(text string, at int) int {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	b := unsafe.Slice(unsafe.StringData(text), len(text))
	for ; at+8 <= len(b); at += 8 {
		w := binary.LittleEndian.Uint64(b[at:])
		// A byte of q or e is zero where the text has the character. The lowest
		// one found is never a false one, and no other is asked for.
		q, e := w^('"'*ones), w^('\\'*ones)
		if found := ((q-ones)&^q | (e-ones)&^e) & high; found != 0 {
			return at + bits.TrailingZeros64(found)/8
		}
	}
	for ; at < len(b); at++ {
		if b[at] == '"' || b[at] == '\\' {
			return at
		}
	}
	return at
}

// container passes over an object or an array and returns its text, without the
// space that senders put between: equal values have equal texts.
func (s *scanner) container() (raw string, empty, ok bool) {
	start, depth, spaced := s.at, 0, false
	empty = true
	for s.at < len(s.text) {
		switch c := s.text[s.at]; c {
		case '"':
			if _, _, ok := s.string(); !ok {
				return "", false, false
			}
			empty = false
			continue
		case '{', '[':
			depth++
			if depth > 1 {
				empty = false
			}
		case '}', ']':
			if depth--; depth == 0 {
				s.at++
				if raw = s.text[start:s.at]; spaced && !empty {
					raw = unspaced(raw)
				}
				return raw, empty, true
			}
		default:
			if c > ' ' {
				empty = false
			} else {
				spaced = true
			}
		}
		s.at++
	}
	return "", false, false
}

// unspaced returns JSON without the space outside of its texts.
func unspaced(raw string) string {
	b := make([]byte, 0, len(raw))
	for s := (scanner{text: raw}); s.at < len(raw); {
		from := s.at
		if c := raw[from]; c != '"' {
			if s.at++; c > ' ' {
				b = append(b, c)
			}
			continue
		}
		if _, _, ok := s.string(); !ok {
			return raw
		}
		b = append(b, raw[from:s.at]...)
	}
	return view(b)
}

// word reads true, false or null.
func (s *scanner) word() (string, bool) {
	for _, word := range [...]string{"true", "false", "null"} {
		if strings.HasPrefix(s.text[s.at:], word) {
			s.at += len(word)
			return word, true
		}
	}
	return "", false
}

// unescape appends a string's text. Half of a surrogate pair becomes U+FFFD,
// as in encoding/json.
func unescape(b []byte, raw string) []byte {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' || i+1 == len(raw) {
			b = append(b, raw[i])
			continue
		}
		i++
		switch c := raw[i]; c {
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case 'u':
			r := hex4(raw[i+1:])
			i += min(4, len(raw)-i-1)
			if utf16.IsSurrogate(r) {
				pair := rune(utf8.RuneError)
				if strings.HasPrefix(raw[i+1:], `\u`) {
					pair = utf16.DecodeRune(r, hex4(raw[i+3:]))
				}
				if r = pair; r != utf8.RuneError {
					i += 6
				}
			}
			b = utf8.AppendRune(b, r)
		default:
			b = append(b, c)
		}
	}
	return b
}

// hex4 reads four hexadecimal digits, U+FFFD where there are none.
func hex4(text string) rune {
	if len(text) < 4 {
		return utf8.RuneError
	}
	var r rune
	for i := range 4 {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return utf8.RuneError
		}
	}
	return r
}
