package chdb

import "strings"

// This file reads just enough SQL to hand a request to the right function of
// the engine: where an INSERT ends and its data begin, which format a result
// has, whether there is more than one statement. What a statement means is
// for the engine's own parser.

type tokenKind uint8

const (
	word tokenKind = iota
	quotedName
	text
	other
)

type token struct {
	kind       tokenKind
	start, end int
}

// scanner cuts SQL into tokens and skips space and comments.
type scanner struct {
	sql string
	pos int
}

func (s *scanner) next() (token, bool) {
	s.skip()
	if s.pos >= len(s.sql) {
		return token{}, false
	}
	start := s.pos
	kind := other
	switch c := s.sql[start]; {
	case c == '\'':
		kind = text
		s.quoted(c)
	case c == '"' || c == '`':
		kind = quotedName
		s.quoted(c)
	case isWord(c):
		kind = word
		for s.pos < len(s.sql) && isWord(s.sql[s.pos]) {
			s.pos++
		}
	case c == '$' && s.heredoc():
		kind = text
	default:
		s.pos++
	}
	return token{kind, start, s.pos}, true
}

func (s *scanner) skip() {
	for s.pos < len(s.sql) {
		rest := s.sql[s.pos:]
		switch {
		case strings.IndexByte(" \t\n\r\v\f", rest[0]) >= 0:
			s.pos++
		case strings.HasPrefix(rest, "--"), strings.HasPrefix(rest, "#!"), strings.HasPrefix(rest, "# "):
			s.jump(rest, "\n")
		case strings.HasPrefix(rest, "/*"):
			s.jump(rest, "*/")
		default:
			return
		}
	}
}

// jump moves behind the next end of a comment, or to the end of the text.
func (s *scanner) jump(rest, end string) {
	if i := strings.Index(rest, end); i >= 0 {
		s.pos += i + len(end)
		return
	}
	s.pos = len(s.sql)
}

// quoted moves behind a quoted text in which the quote itself is doubled or
// escaped.
func (s *scanner) quoted(quote byte) {
	for s.pos++; s.pos < len(s.sql); s.pos++ {
		switch s.sql[s.pos] {
		case '\\':
			s.pos++
		case quote:
			if s.pos+1 < len(s.sql) && s.sql[s.pos+1] == quote {
				s.pos++
				continue
			}
			s.pos++
			return
		}
	}
	s.pos = len(s.sql)
}

// heredoc moves behind $tag$…$tag$, if that is what stands here.
func (s *scanner) heredoc() bool {
	rest := s.sql[s.pos:]
	end := 1
	for end < len(rest) && isWord(rest[end]) {
		end++
	}
	if end >= len(rest) || rest[end] != '$' {
		return false
	}
	tag := rest[:end+1]
	closing := strings.Index(rest[len(tag):], tag)
	if closing < 0 {
		return false
	}
	s.pos += 2*len(tag) + closing
	return true
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

func (s *scanner) is(t token, keyword string) bool {
	return t.kind == word && strings.EqualFold(s.sql[t.start:t.end], keyword)
}

func (s *scanner) isByte(t token, c byte) bool {
	return t.kind == other && s.sql[t.start] == c
}

// insert is an INSERT cut into what goes to the engine as a statement and
// what follows as data.
type insert struct {
	head, format, data string
}

// splitInsert cuts an INSERT whose data come with it or after it. It returns
// false for every other statement, INSERT … SELECT included.
func splitInsert(sql string) (insert, bool) {
	s := scanner{sql: sql}
	if first, ok := s.next(); !ok || !s.is(first, "INSERT") {
		return insert{}, false
	}
	if into, ok := s.next(); !ok || !s.is(into, "INTO") {
		return insert{}, false
	}
	// The table's name may be a keyword, so it is passed over unseen.
	name, ok := s.next()
	if ok && s.is(name, "TABLE") {
		_, ok = s.next()
	}
	depth := 0
	for ok {
		var t token
		if t, ok = s.next(); !ok {
			break
		}
		switch {
		case s.isByte(t, '.'):
			_, ok = s.next()
		case s.isByte(t, '('):
			depth++
		case s.isByte(t, ')'):
			depth--
		case depth > 0:
		case s.is(t, "SELECT"), s.is(t, "WITH"), s.is(t, "FROM"), s.is(t, "WATCH"):
			return insert{}, false
		case s.is(t, "VALUES"):
			return insert{head: sql[:t.start], format: "Values", data: sql[t.end:]}, true
		case s.is(t, "FORMAT"):
			format, named := s.next()
			if !named || format.kind != word {
				return insert{}, false
			}
			return insert{head: sql[:t.start], format: sql[format.start:format.end], data: dataAfter(sql[format.end:])}, true
		}
	}
	return insert{}, false
}

// dataAfter strips what may stand between the name of a format and the data:
// blanks and one end of line.
func dataAfter(rest string) string {
	rest = strings.TrimLeft(rest, " \t")
	rest = strings.TrimPrefix(rest, ";")
	rest = strings.TrimPrefix(rest, "\r")
	return strings.TrimPrefix(rest, "\n")
}

// statement is what can be seen of a statement from outside.
type statement struct {
	// first is its first keyword, in upper case.
	first string
	// format is what its FORMAT clause says, or empty.
	format string
	// several is set when another statement follows.
	several bool
}

func inspect(sql string) statement {
	s := scanner{sql: sql}
	var seen statement
	var last [4]token // The four last tokens outside of parentheses.
	depth, count, ended := 0, 0, false
	format := func() {
		// … FORMAT name, and before it no dot: a.format is a column.
		if count >= 2 && s.is(last[2], "FORMAT") && last[3].kind == word && (count < 3 || !s.isByte(last[1], '.')) {
			seen.format = sql[last[3].start:last[3].end]
		}
	}
	for t, ok := s.next(); ok; t, ok = s.next() {
		switch {
		case s.isByte(t, ';'):
			ended = true
			continue
		case ended:
			seen.several = true
			return seen
		case s.isByte(t, '('):
			depth++
		case s.isByte(t, ')'):
			depth--
		}
		if seen.first == "" && t.kind == word {
			seen.first = strings.ToUpper(sql[t.start:t.end])
		}
		if depth > 0 {
			continue
		}
		if s.is(t, "SETTINGS") {
			format()
		}
		copy(last[:], last[1:])
		last[3] = t
		count++
	}
	if seen.format == "" {
		format()
	}
	return seen
}

// piecewise are the formats of which two documents, one behind the other, are
// one document.
var piecewise = map[string]bool{
	"native": true, "rowbinary": true, "null": true,
	"tabseparated": true, "tsv": true, "tabseparatedraw": true, "tsvraw": true, "raw": true, "tskv": true,
	"csv": true, "lineasstring": true,
	"jsoneachrow": true, "jsonlines": true, "ndjson": true, "jsonstringseachrow": true, "jsoncompacteachrow": true,
}

// streams reports whether the engine can hand out the result of a statement
// in pieces.
func (s statement) streams(format string) bool {
	switch s.first {
	case "SELECT", "WITH", "FROM":
		return piecewise[strings.ToLower(format)]
	}
	return false
}
