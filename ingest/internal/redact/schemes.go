package redact

import (
	"bytes"
	"encoding/base64"
)

// carriesScheme reports whether a text begins like what [text.schemes] finds.
func carriesScheme(b []byte) bool {
	return len(b) > 6 && b[0]|0x20 == 'b' && (b[1]|0x20 == 'e' && b[2]|0x20 == 'a' || b[1]|0x20 == 'a' && b[2]|0x20 == 's')
}

// namesScheme reports whether there may be one anywhere in a text.
func namesScheme(b []byte) bool {
	return bytes.IndexByte(b, 'B') >= 0 || bytes.Contains(b, []byte("bearer")) || bytes.Contains(b, []byte("basic ")) || carriesScheme(b)
}

// schemes finds what stands behind Bearer and Basic, as in the header
// Authorization: behind a colon or as the whole text; elsewhere only where it
// looks like a token, since there is many a bearer in the world.
func (t *text) schemes() {
	b := t.b
	if !namesScheme(b) {
		return
	}
	for i := 0; i+7 < len(b); i++ {
		if b[i]|0x20 != 'b' || i > 0 && letter(b[i-1]) {
			continue
		}
		bearer := bytes.EqualFold(b[i:i+6], []byte("bearer"))
		start := i + 6
		if !bearer {
			if !bytes.EqualFold(b[i:i+5], []byte("basic")) {
				continue
			}
			start--
		}
		blanks := start
		for start < len(b) && (b[start] <= ' ' || b[start] == '+' || b[start] == ':') {
			start++
		}
		end := start
		for end < len(b) && inToken(b[end]) {
			end++
		}
		if blanks == start || start == end {
			continue
		}
		if token := b[start:end]; bearer && (t.header(i, end) || looksRandom(token)) || !bearer && isLogin(token) {
			t.add(start, end, secret)
		}
		i = end
	}
}

// header reports whether what is written from a place on is a header's value or
// the whole text.
func (t *text) header(from, to int) bool {
	before := bytes.TrimRight(t.b[:from], " \"'\\")
	return len(before) == 0 && len(bytes.TrimLeft(t.b[to:], " \"'\\")) == 0 || len(before) > 0 && (before[len(before)-1] == ':' || before[len(before)-1] == '=')
}

func inToken(c byte) bool {
	return letter(c) && c < 0x80 || digit(c) || bytes.IndexByte([]byte("-._~+/="), c) >= 0
}

// looksRandom tells a token from a word.
func looksRandom(token []byte) bool {
	return len(token) >= 20 || len(token) >= 6 && bytes.ContainsAny(token, "0123456789")
}

// isLogin reports whether a text is a user and a password, as Basic has them.
func isLogin(token []byte) bool {
	login, err := base64.RawStdEncoding.DecodeString(string(bytes.TrimRight(token, "=")))
	return err == nil && bytes.IndexByte(login, ':') >= 0
}

// beginsJWT is how the header of a JSON web token begins: a bracket and a quote
// in base64.
const beginsJWT = "eyJ"

// jwts finds JSON web tokens: three parts of base64 between dots, of which the
// last is missing in one without a signature.
func (t *text) jwts() {
	b := t.b
	for next := 0; ; {
		n := bytes.Index(b[next:], []byte(beginsJWT))
		if n < 0 {
			return
		}
		start := next + n
		next = start + len(beginsJWT)
		if start > 0 && inPart(b[start-1]) {
			continue
		}
		end, parts := start, 0
		for {
			from := end
			for end < len(b) && inPart(b[end]) {
				end++
			}
			if parts++; parts == 1 && end-from < 12 || parts == 2 && end-from < 2 {
				parts = 0
				break
			}
			if end == len(b) || b[end] != '.' || parts > 2 && (end+1 == len(b) || !inPart(b[end+1])) {
				break
			}
			end++
		}
		if parts >= 3 {
			t.add(start, end, secret)
			next = end
		}
	}
}

func inPart(c byte) bool { return letter(c) && c < 0x80 || digit(c) || c == '-' || c == '_' }
