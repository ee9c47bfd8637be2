package importer

import (
	"encoding/json"
	"strings"
)

// row is one row of the input.
type row struct {
	number  int64
	cells   []cell
	message bool // the cells are the fields of a finished message
}

// cell is one column of a row: text as it stands in the file, or JSON.
type cell struct {
	name string
	text string
	raw  json.RawMessage // nil where the file has only texts
}

// text returns a column's cell as text, "" if there is none.
func (r *row) text(name string) string {
	for i := range r.cells {
		if r.cells[i].name == name {
			return r.cells[i].string()
		}
	}
	return ""
}

func (r *row) has(name string) bool {
	for i := range r.cells {
		if r.cells[i].name == name {
			return true
		}
	}
	return false
}

func (c *cell) string() string {
	if c.raw == nil {
		return c.text
	}
	if string(c.raw) == "null" {
		return ""
	}
	if c.raw[0] != '"' {
		return string(c.raw)
	}
	var s string
	_ = json.Unmarshal(c.raw, &s) // was checked when the row was read
	return s
}

// appendJSON appends the cell as a value. It appends nothing and returns false
// for an empty one.
func (c *cell) appendJSON(b []byte) ([]byte, bool) {
	switch {
	case c.raw != nil:
		return append(b, c.raw...), string(c.raw) != "null"
	case c.text == "":
		return b, false
	case isNumber(c.text):
		return append(b, c.text...), true
	default:
		return appendString(b, c.text), true
	}
}

// appendString appends a text as a JSON string.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(strings.ToValidUTF8(s, "\uFFFD")) // a string has no way to fail
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// isNumber reports whether a text is a number by the grammar of JSON: 007 and
// +1 are none, and so stay texts.
func isNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	whole := digits(s)
	if whole == 0 || whole > 1 && s[0] == '0' {
		return false
	}
	s = s[whole:]
	if strings.HasPrefix(s, ".") {
		n := digits(s[1:])
		if n == 0 {
			return false
		}
		s = s[1+n:]
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		s = s[1:]
		if s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		n := digits(s)
		return n > 0 && n == len(s)
	}
	return s == ""
}

// digits returns how many digits s starts with.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
