package fold

import (
	"encoding/json"
	"strings"
)

// maxMembers bounds what is read of one object: as many names as the flattened
// maps of an event have.
const maxMembers = 1024

// member is a member of a JSON object: its name, and its value as it was sent.
type member struct{ name, value string }

// appendMembers appends the members of an object, the last of equal names in
// the place of the first. The door has checked the text, so this looks only at
// what tells where a value ends; of a text that is no object after all it takes
// what it can and does not panic.
func appendMembers(dst []member, text string) []member {
	n := len(dst)
	var places map[string]int // of the names, once they are many
	s := scanner{text: text}
	if s.space(); !s.take('{') {
		return dst
	}
	for {
		s.space()
		name, ok := s.name()
		if !ok {
			return dst
		}
		if s.space(); !s.take(':') {
			return dst
		}
		s.space()
		value := s.value()
		if value == "" {
			return dst
		}
		at := len(dst)
		switch found := n; {
		case places != nil:
			if found, ok = places[name]; ok {
				at = found
			}
		default:
			for ; found < len(dst) && dst[found].name != name; found++ {
			}
			at = found
		}
		switch {
		case at < len(dst):
			dst[at].value = value
		case len(dst)-n < maxMembers:
			dst = append(dst, member{name, value})
			// Comparing each with each is quick for a few, and what a sender could
			// make very long for many.
			if len(dst)-n == 32 {
				places = make(map[string]int, 64)
				for i := n; i < len(dst); i++ {
					places[dst[i].name] = i
				}
			} else if places != nil {
				places[name] = at
			}
		}
		if s.space(); !s.take(',') {
			return dst
		}
	}
}

// scanner cuts a JSON text into its parts.
type scanner struct {
	text string
	at   int
}

func (s *scanner) take(c byte) bool {
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *scanner) space() {
	for s.at < len(s.text) && s.text[s.at] <= ' ' {
		s.at++
	}
}

// name reads a string and resolves its escapes.
func (s *scanner) name() (string, bool) {
	start := s.at
	if !s.string() {
		return "", false
	}
	return unquote(s.text[start:s.at])
}

// unquote returns the text of a JSON string.
func unquote(quoted string) (string, bool) {
	if len(quoted) < 2 || quoted[0] != '"' {
		return "", false
	}
	if strings.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1], true
	}
	var text string
	err := json.Unmarshal([]byte(quoted), &text)
	return text, err == nil
}

// string passes over a string.
func (s *scanner) string() bool {
	if !s.take('"') {
		return false
	}
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case '"':
			s.at++
			return true
		case '\\':
			s.at++
		}
		s.at++
	}
	return false
}

// value passes over a value and returns it, the empty text if there is none.
func (s *scanner) value() string {
	start, depth := s.at, 0
	for s.at < len(s.text) {
		switch c := s.text[s.at]; {
		case c == '"':
			if !s.string() {
				return ""
			}
			if depth == 0 {
				return s.text[start:s.at]
			}
			continue
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth == 0 {
				return s.text[start:s.at] // the end of the object around it
			}
			if depth--; depth == 0 {
				s.at++
				return s.text[start:s.at]
			}
		case depth == 0 && (c == ',' || c <= ' '):
			return s.text[start:s.at]
		}
		s.at++
	}
	return ""
}
