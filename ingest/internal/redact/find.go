package redact

import (
	"bytes"
	"slices"
)

// span is a part of a text, half-open.
type span struct {
	from, to int
	kind     kind
	with     string // what comes in its place, "" for what the kind says
}

type kind uint8

const (
	secret kind = iota
	login       // in an address: brackets are not legal there
	kept        // the value of an allowed name
)

const loginMarker = "redacted"

// maxSpans bounds the secrets of one text. One with more is secret as a whole:
// to compare each with each would take its time.
const maxSpans = 200

func (s *span) marker() string {
	switch {
	case s.with != "":
		return s.with
	case s.kind == login:
		return loginMarker
	}
	return Marker
}

// find returns the secrets of the text in their order.
func (t *text) find(rules *Rules, known *names, profile bool) []span {
	t.spans = t.spans[:0]
	url := looksLikeURL(t.b)
	t.parameters(rules, known, url)
	if bytes.IndexByte(t.b, '"') >= 0 {
		t.pairs(rules, known, profile)
	}
	t.statements(rules, known)
	t.schemes()
	t.jwts()
	if bytes.IndexByte(t.b, '@') >= 0 {
		t.logins()
		if url || !profile {
			t.addresses()
		}
	}
	if long(t.b) {
		t.cards()
	}
	if len(t.spans) > maxSpans {
		t.spans = append(t.spans[:0], span{to: len(t.b)})
	}
	if len(t.spans) > 1 {
		slices.SortFunc(t.spans, func(a, b span) int { return a.from - b.from })
	}
	return t.spans
}

// add adds a part unless one that was found before touches it.
func (t *text) add(from, to int, k kind) {
	if len(t.spans) > maxSpans {
		return
	}
	for _, s := range t.spans {
		if from < s.to && s.from < to {
			if k == kept || s.kind == kept || s.from <= from && to <= s.to {
				return
			}
			// Two rules found more than either: what both cover goes.
			from, to = min(from, s.from), max(to, s.to)
			t.spans = slices.DeleteFunc(t.spans, func(o span) bool { return o == s })
			t.add(from, to, secret)
			return
		}
	}
	t.spans = append(t.spans, span{from: from, to: to, kind: k})
}

// addQuoted adds a part in whose place comes a text in the quotes that stand at
// a place, so that JSON in the text stays JSON.
func (t *text) addQuoted(from, to int, quote span) {
	n := len(t.spans)
	if t.add(from, to, secret); len(t.spans) == n+1 {
		mark := string(t.raw[t.place(quote.from):t.place(quote.to)])
		t.spans[n].with = mark + Marker + mark
	}
}

// instead adds a part in whose place comes another text, if it is not empty.
func (t *text) instead(from, to int, with string) {
	n := len(t.spans)
	if t.add(from, to, secret); len(t.spans) == n+1 {
		t.spans[n].with = with
	}
}

// looksLikeURL reports whether a text is an address of the web, whole or from
// its path, query or fragment on.
func looksLikeURL(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	switch b[0] {
	case '/', '?', '#':
		return true
	}
	i := bytes.Index(b, []byte("://"))
	return i > 0 && i < 20 && bytes.IndexFunc(b[:i], func(r rune) bool {
		return r >= 0x80 || !letter(byte(r)) && !digit(byte(r)) && r != '+' && r != '-' && r != '.'
	}) < 0
}

// parameters finds name=value with a name that is secret.
func (t *text) parameters(rules *Rules, known *names, url bool) {
	b := t.b
	for next := 0; ; {
		n := bytes.IndexByte(b[next:], '=')
		if n < 0 {
			return
		}
		equals := next + n
		next = equals + 1
		start := equals
		for start > 0 && equals-start < 2*maxName && !beforeName(b[start-1]) {
			start--
		}
		if equals > 0 && b[equals-1] <= ' ' || next < len(b) && b[next] <= ' ' {
			t.statement(rules, known, equals)
			continue
		}
		class := known.class(rules, b[start:equals])
		if class&(parameter|allowed|network) == 0 {
			continue
		}
		end := t.parameterEnd(equals, url)
		switch {
		case class&allowed != 0:
			t.add(next, end, kept)
		case class&network != 0:
			if instead, change := rules.network(b[next:end]); change {
				t.instead(next, end, instead)
			} else {
				continue
			}
		case class&counted != 0 && isNumber(b[next:end]):
			continue
		case end > next && string(b[next:end]) != Marker:
			t.add(next, end, secret)
		}
		next = end
	}
}

func beforeName(c byte) bool {
	switch c {
	case '?', '&', '#', ';', '=', '/', ',', '(', '{', '"', '\'':
		return true
	}
	return c <= ' '
}

// parameterEnd returns where the value behind an equals sign ends. What is
// escaped more often than the sign is part of the value. In a text that is no
// address the value is a word.
func (t *text) parameterEnd(equals int, url bool) int {
	level := t.levelAt(equals)
	fragment := bytes.IndexByte(t.b[:equals], '#') >= 0
	for i := equals + 1; i < len(t.b); i++ {
		switch c := t.b[i]; {
		case c == '&' || c == '#' && !fragment:
			if t.levelAt(i) <= level {
				return i
			}
		case !url && (c <= ' ' || c == '"' || c == '\'' || c == '<' || c == '>') && t.levelAt(i) == 0:
			return i
		}
	}
	return len(t.b)
}

// logins finds user and password of an address.
func (t *text) logins() {
	b := t.b
	for next := 0; ; {
		n := bytes.Index(b[next:], []byte("//"))
		if n < 0 {
			return
		}
		start := next + n + 2
		next = start
		end := start
		for end < len(b) && b[end] > ' ' && bytes.IndexByte([]byte("/?#\\\"'<>"), b[end]) < 0 {
			end++
		}
		if at := bytes.LastIndexByte(b[start:end], '@'); at > 0 && string(b[start:start+at]) != loginMarker {
			t.add(start, start+at, login)
		}
	}
}

// addresses finds e-mail addresses.
func (t *text) addresses() {
	b := t.b
	for next := 0; ; {
		n := bytes.IndexByte(b[next:], '@')
		if n < 0 {
			return
		}
		at := next + n
		next = at + 1
		start := at
		if at > 0 && b[at-1] == '"' {
			start = quotedMailbox(b, at)
		}
		for start > 0 && mailbox(b[start-1]) {
			start--
		}
		end, ok := domainEnd(b, at+1)
		if start == at || !ok || t.login(start, at) {
			continue
		}
		t.add(start, end, secret)
		next = end
	}
}

// login reports whether the sign at a place ends a login, found or marked
// before.
func (t *text) login(start, at int) bool {
	for _, s := range t.spans {
		if s.kind == login && s.to == at {
			return true
		}
	}
	return string(t.b[start:at]) == loginMarker && start >= 2 && string(t.b[start-2:start]) == "//"
}

func mailbox(c byte) bool {
	switch c {
	case '.', '_', '+', '-', '\'', '~', '!', '$', '*', '|', '%':
		return true
	}
	return letter(c) || digit(c)
}

// quotedMailbox returns where a mailbox in quotes before an at sign starts: with
// blanks in it, but with nothing that would be between two texts in quotes. At
// is where the sign stands if there is none.
func quotedMailbox(b []byte, at int) int {
	from := max(0, at-1-maxName)
	open := bytes.LastIndexByte(b[from:at-1], '"')
	if open < 0 || open == at-2-from || bytes.ContainsAny(b[from+open+1:at-1], ":,;{}[]<>") {
		return at
	}
	return from + open
}

// domainEnd returns where a host name ends, if it has two labels and the last
// is one of letters. 2x.png is none: images are named so.
func domainEnd(b []byte, start int) (end int, ok bool) {
	end = start
	for end < len(b) && (letter(b[end]) || digit(b[end]) || b[end] == '.' || b[end] == '-') {
		end++
	}
	name := bytes.TrimRight(b[start:end], ".-")
	dot := bytes.LastIndexByte(name, '.')
	if dot <= 0 || len(name)-dot < 2 || !letter(name[dot+1]) {
		return 0, false
	}
	if len(name)-dot == 2 && bytes.ContainsAny(name, "0123456789") {
		return 0, false // a version: react@18.x
	}
	first := name[:bytes.IndexByte(name, '.')]
	if scale := bytes.TrimSuffix(first, []byte{'x'}); len(scale) < len(first) && len(scale) > 0 && len(bytes.Trim(scale, "0123456789")) == 0 {
		return 0, false
	}
	return start + len(name), true
}
