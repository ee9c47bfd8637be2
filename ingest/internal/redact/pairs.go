package redact

import "bytes"

// pairs finds JSON inside the text, whole, cut off or in the midst of a
// sentence: a name in quotes, a colon and a value. That text may have JSON in a
// text of its own: the backslashes before a quote tell whose it is.
func (t *text) pairs(rules *Rules, known *names, profile bool) {
	b := t.b
	var beside pairOfText
	for next := 0; ; {
		n := bytes.IndexByte(b[next:], ':')
		if n < 0 {
			return
		}
		colon := next + n
		next = colon + 1
		name, quote, escapes := nameBefore(b, colon)
		if name == nil {
			continue
		}
		c := known.class(rules, name)
		if c == 0 || c&address != 0 && profile {
			continue
		}
		start := colon + 1
		for start < len(b) && b[start] <= ' ' {
			start++
		}
		if c&network != 0 && (start == len(b) || b[start] == '{' || b[start] == '[') {
			continue // to look for its end each time could take long
		}
		end, quoted := valueEnd(b, start, escapes)
		if quoted {
			start += escapes + 1
		}
		value := b[min(start, end):end]
		switch {
		case c&allowed != 0:
			t.add(start, end, kept)
			next = max(next, end)
		case c&network != 0:
			if instead, change := rules.network(value); change && quoted {
				t.instead(start, end, instead)
				next = max(next, end)
			}
		case c&(labels|valued) != 0 && c&property == 0:
			if beside.seen(t, rules, known, c, start, end, quoted, quote) {
				next = max(next, end)
			}
		case c&property == 0 || len(value) == 0 || string(value) == Marker || !quoted && harmless(value, c):
		case quoted:
			t.add(start, end, secret)
			next = max(next, end)
		default:
			t.addQuoted(start, end, quote)
			next = max(next, end)
		}
	}
}

// nameBefore returns the name before a colon, where the quote behind it stands
// with its backslashes, and how many these are.
func nameBefore(b []byte, colon int) (name []byte, quote span, escapes int) {
	end := colon
	for end > 0 && b[end-1] <= ' ' {
		end--
	}
	if end == 0 || b[end-1] != '"' {
		return nil, span{}, 0
	}
	quote.to = end
	end--
	for end > 0 && b[end-1] == '\\' {
		end--
		escapes++
	}
	quote.from = end
	from := max(0, end-2*maxName)
	open := bytes.LastIndexByte(b[from:end], '"')
	if open < 0 {
		return nil, span{}, 0
	}
	return b[from+open+1 : end], quote, escapes
}

// valueEnd returns where the value that starts at a place ends, for a text in
// quotes before the one that ends it. Of JSON that is cut off it is all.
func valueEnd(b []byte, start, escapes int) (end int, quoted bool) {
	if e := backslashes(b, start); e == escapes && start+e < len(b) && b[start+e] == '"' {
		return closing(b, start+e+1, escapes), true
	}
	if start < len(b) && (b[start] == '{' || b[start] == '[') {
		depth := 0
		for i := start; i < len(b); i++ {
			switch b[i] {
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1, false
				}
			case '"':
				// Its text may have brackets.
				if i = closing(b, i+1, escapes) + escapes; i >= len(b) {
					return len(b), false
				}
			}
		}
		return len(b), false
	}
	for end = start; end < len(b) && b[end] > ' ' && bytes.IndexByte([]byte(`,]}"\`), b[end]) < 0; {
		end++
	}
	return end, false
}

func backslashes(b []byte, i int) (n int) {
	for i+n < len(b) && b[i+n] == '\\' {
		n++
	}
	return n
}

// closing returns where the text that starts at i ends: before a quote with
// that many backslashes, beside those of backslashes in the text, or with fewer,
// which ends what is around it.
func closing(b []byte, i, escapes int) int {
	for run := 0; i < len(b); i++ {
		switch b[i] {
		case '\\':
			run++
			continue
		case '"':
			if run%(2*escapes+2) == escapes || run < escapes {
				return i - min(run, escapes)
			}
		}
		run = 0
	}
	return len(b)
}
