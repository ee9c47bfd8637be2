package redact

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// plain appends a name in small letters and without separators, so that
// accessToken, access_token and user[access-token] are one. So are they in the
// wide letters of Japanese keyboards, and with characters between that nobody
// sees.
func plain(b, name []byte) []byte {
	for i := 0; i < len(name); {
		c := name[i]
		if c < utf8.RuneSelf {
			b = appendPlain(b, c)
			i++
			continue
		}
		r, size := utf8.DecodeRune(name[i:])
		i += size
		switch r = seenAs(r); {
		case r < 0:
		case r < utf8.RuneSelf:
			b = appendPlain(b, byte(r))
		default:
			b = utf8.AppendRune(b, unicode.ToLower(r))
		}
	}
	return b
}

func appendPlain(b []byte, c byte) []byte {
	switch {
	case c >= 'A' && c <= 'Z':
		return append(b, c|0x20)
	case letter(c), digit(c):
		return append(b, c)
	}
	return b
}

// seenAs returns the ASCII character that a reader takes a character for, -1
// for nothing, and all others as they are. It has what comes out of keyboards
// and word processors, and what Unicode's compatibility forms make ASCII of; it
// does not have letters of other scripts that look alike.
func seenAs(r rune) rune {
	switch {
	case r >= 0xff01 && r <= 0xff5e: // wide forms
		return r - 0xfee0
	case r == 0xa0, r == 0x1680, r >= 0x2000 && r <= 0x200a, r == 0x202f, r == 0x205f, r == 0x3000:
		return ' '
	case r >= 0x2010 && r <= 0x2015, r == 0x2043, r == 0x2212, r == 0xfe58, r == 0xfe63:
		return '-'
	case r == 0xb7, r == 0x2022, r == 0x2024, r == 0x2027, r == 0x22c5, r == 0x30fb, r == 0xfe52:
		return '.'
	case r == 0xfe6b:
		return '@'
	case r == 0xfe66:
		return '='
	case r == 0x17f: // the long s
		return 's'
	case r == 0x212a: // the sign for kelvin
		return 'k'
	case r == 0xad, r == 0x34f, r == 0x61c, r == 0x115f, r == 0x1160, r >= 0x180b && r <= 0x180f, r >= 0x200b && r <= 0x200f,
		r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x206f, r == 0x3164, r >= 0xfe00 && r <= 0xfe0f, r == 0xfeff, r == 0xffa0,
		r >= 0xfff9 && r <= 0xfffb, r >= 0xe0000 && r <= 0xe0fff:
		return -1
	}
	return r
}

// fold resolves entities of HTML, and characters that are taken for others, in
// place.
func (t *text) fold() {
	if seekSign(len(signBytes)+3, t.b) == len(t.b) && !foldable(t.b) {
		return
	}
	t.copied()
	b, at := t.own, t.at
	n := 0
	for i := 0; i < len(t.b); {
		r, size := rune(b[i]), 1
		switch {
		case r == '&':
			r, size = entity(b[i:len(t.b)])
		case r >= utf8.RuneSelf:
			r, size = utf8.DecodeRune(b[i:len(t.b)])
		}
		from := i
		i += size
		if r = seenAs(r); r >= 0 && r < utf8.RuneSelf {
			b[n], at[n], t.level[n] = byte(r), at[from], t.level[from]
			n++
			continue
		}
		for ; r >= 0 && from < i; from++ { // as it was
			b[n], at[n], t.level[n] = b[from], at[from], t.level[from]
			n++
		}
	}
	at[n] = at[len(t.b)]
	t.b, t.places, t.levels = b[:n], at[:n+1], t.level[:n]
}

// copied makes t.b the text's own memory, with places and levels, so that it
// can be changed.
func (t *text) copied() {
	if t.places != nil {
		return
	}
	t.own, t.at, t.level = append(t.own[:0], t.b...), t.at[:0], t.level[:0]
	for i := range t.b {
		t.at, t.level = append(t.at, int32(i)), append(t.level, 0)
	}
	t.at = append(t.at, int32(len(t.b)))
	t.b, t.places, t.levels = t.own, t.at, t.level
}

// foldable reports whether a text has a character that is taken for another.
func foldable(b []byte) bool {
	for i := seekWide(b); i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		if seenAs(r) != r {
			return true
		}
		i += size
	}
	return false
}

// entity reads an entity of HTML that stands for a character which matters
// here, else the ampersand that it begins with.
func entity(b []byte) (r rune, size int) {
	if len(b) < 4 || b[1] != '#' && bytes.IndexByte([]byte("cpqen"), b[1]) < 0 {
		return '&', 1
	}
	end := bytes.IndexByte(b[:min(len(b), 12)], ';')
	if end < 3 {
		return '&', 1
	}
	switch name := b[1:end]; string(name) {
	case "commat":
		return '@', end + 1
	case "period":
		return '.', end + 1
	case "quot":
		return '"', end + 1
	case "equals":
		return '=', end + 1
	case "colon":
		return ':', end + 1
	case "nbsp":
		return ' ', end + 1
	default:
		if name[0] != '#' {
			return '&', 1
		}
		base, digits := rune(10), name[1:]
		if digits[0]|0x20 == 'x' {
			base, digits = 16, digits[1:]
		}
		for _, c := range digits {
			d := rune(hex(c))
			if d < 0 || d >= base || r > unicode.MaxRune {
				return '&', 1
			}
			r = r*base + d
		}
		if seen := seenAs(r); len(digits) == 0 || seen >= utf8.RuneSelf || seen >= 0 && seen < ' ' {
			return '&', 1 // no character, or one that is no part of a secret's form
		}
		return r, end + 1
	}
}
