package redact

import "bytes"

// A statement says in words what a secret is: "password: x", "API key = x". What
// is about passwords, as "password: must be longer" is, stays.

// states reports whether a text may have a statement with a colon. Addresses and
// times are most of what has colons.
func states(b []byte) bool {
	for next := 0; ; {
		n := bytes.IndexByte(b[next:], ':')
		if n < 0 {
			return false
		}
		colon := next + n
		next = colon + 1
		if colon > 1 && next < len(b) && mayState(b[colon-1], b[next]) {
			return true
		}
	}
}

// mayState tells by what stands before and behind a colon.
func mayState(before, behind byte) bool {
	if behind == ' ' {
		return inWord(before) || before == ' '
	}
	switch before | 0x20 {
	case 'd', 'e', 'n', 't', 'y': // of password, passphrase, token, secret, key
		return behind != '/'
	}
	return false
}

// statements finds those with a colon.
func (t *text) statements(rules *Rules, known *names) {
	for next := 0; ; {
		n := bytes.IndexByte(t.b[next:], ':')
		if n < 0 {
			return
		}
		next += n + 1
		if next < len(t.b) && t.b[next] != '/' {
			t.statement(rules, known, next-1)
		}
	}
}

// statement looks at what stands around a colon or an equals sign.
func (t *text) statement(rules *Rules, known *names, sign int) {
	b := t.b
	nameEnd := sign
	for nameEnd > 0 && b[nameEnd-1] <= ' ' {
		nameEnd--
	}
	start := wordBefore(b, nameEnd, nameEnd)
	if start == nameEnd || start > 0 && b[start-1] == '/' { // of a path
		return
	}
	c := known.class(rules, b[start:nameEnd])
	if c&property == 0 && start > 0 && b[start-1] == ' ' {
		// Of two words, as "API key" is.
		start = wordBefore(b, start-1, nameEnd)
		c = rules.ending(b[start:nameEnd])
	}
	if c&property == 0 || c&address != 0 {
		return
	}
	from := sign + 1
	for from < len(b) && b[from] <= ' ' {
		from++
	}
	end := t.saidEnd(from)
	if end > from && !bytes.HasPrefix(b[from:], []byte(Marker)) && t.isSaid(b[start:nameEnd], c, from, end) {
		t.add(from, end, secret)
	}
}

// wordBefore returns where the word starts that ends at a place, of a name that
// ends at another.
func wordBefore(b []byte, end, nameEnd int) int {
	for end > 0 && nameEnd-end < maxName && inWord(b[end-1]) {
		end--
	}
	return end
}

// saidEnd returns where what is said ends: with its quote, or before a blank or
// what ends a clause.
func (t *text) saidEnd(from int) int {
	b := t.b
	if from == len(b) {
		return from
	}
	if q := b[from]; q == '\'' || q == '"' || q == '`' {
		if n := bytes.IndexByte(b[from+1:], q); n >= 0 {
			return from + n + 2
		}
		return len(b)
	}
	end := from
	for end < len(b) && b[end] > ' ' && bytes.IndexByte([]byte(`,;&<>()"{}`), b[end]) < 0 {
		end++
	}
	for end > from && bytes.IndexByte([]byte(".!?:'"), b[end-1]) >= 0 {
		end--
	}
	return end
}

// isSaid tells a secret from a word about it. A password may be any word, and
// then it is the last of its clause; whatever else is secret looks like it.
func (t *text) isSaid(name []byte, c class, from, end int) bool {
	value := bytes.Trim(t.b[from:end], "'\"`")
	var buf [2 * maxName]byte
	text := plain(buf[:0], name)
	switch {
	case len(value) == 0 || string(value) == "null" || c&counted != 0 && isNumber(value):
		return false
	case string(text) == "code":
		return false // of errors, countries, discounts
	case bytes.Contains(text, []byte("pass")) || bytes.HasSuffix(text, []byte("pwd")):
		return !isWord(value) || len(value) < end-from || t.lastOfClause(end) && !isAboutPasswords(value)
	case c&stem != 0 && isNumber(value):
		return len(value) >= 3 // one-time codes, check numbers
	}
	return looksRandom(value)
}

// isWord reports whether a text is one of letters alone, a capital only first.
func isWord(text []byte) bool {
	for i, c := range text {
		if (c < 'a' || c > 'z') && (i > 0 || c < 'A' || c > 'Z') && c < 0x80 {
			return false
		}
	}
	return true
}

// lastOfClause reports whether no word follows.
func (t *text) lastOfClause(end int) bool {
	for _, c := range t.b[end:] {
		switch {
		case c == '\n', bytes.IndexByte([]byte(".,;!?)<|&"), c) >= 0:
			return true
		case c > ' ':
			return false
		}
	}
	return true
}

// aboutPasswords are words that stand where a password would, and are none.
const aboutPasswords = "|required|optional|invalid|valid|incorrect|correct|wrong|missing|empty|weak|fair|medium|good|strong|expired|changed|unchanged|updated|reset|" +
	"forgotten|forgot|set|unset|hidden|shown|true|false|yes|no|ok|none|null|nil|undefined|unknown|failed|mismatch|accepted|rejected|here|policy|confirmed|"

func isAboutPasswords(word []byte) bool {
	if len(word) > 20 {
		return false
	}
	return bytes.Contains([]byte(aboutPasswords), append(append([]byte{'|'}, bytes.ToLower(word)...), '|'))
}

func inWord(c byte) bool { return letter(c) || digit(c) || c == '_' || c == '-' }
