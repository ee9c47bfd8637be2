package redact

import (
	"bytes"

	"github.com/footfall-go/footfall/ingest/internal/scan"
)

// Marker stands where a secret was.
const Marker = "[redacted]"

// Profile says where an object holds profile data: there e-mail addresses are
// what the product wants to know, and stay, except in addresses of the web.
type Profile uint8

// The places of profile data.
const (
	NoProfile Profile = iota
	InTraits          // the member traits
	All               // everything
)

// Redactor has the memory that redacting takes. It is not safe for concurrent
// use.
type Redactor struct {
	rules *Rules
	raw   []byte
	out   []byte
	done  int // raw before it is in out
	count int
	text  text
	name  text
}

// Append appends the object without its secrets to dst and returns how many it
// had. Without any it appends nothing. The object must be valid JSON.
func (r *Redactor) Append(dst, object []byte, rules *Rules, profile Profile) (out []byte, secrets int) {
	r.rules, r.raw, r.out, r.done, r.count = rules, object, dst, 0, 0
	r.walk(profile)
	if r.count > 0 {
		r.out = append(r.out, object[r.done:]...)
	}
	out = r.out
	r.raw, r.out = nil, nil
	return out, r.count
}

// replace puts a text in the place of raw[from:to].
func (r *Redactor) replace(from, to int, with string) {
	r.out = append(append(r.out, r.raw[r.done:from]...), with...)
	r.done = to
	r.count++
}

func (r *Redactor) walk(profile Profile) {
	raw := r.raw
	// Most texts have none of these, and then nothing can matter but digits.
	signs := signs{equals: -1, at: -1, percent: -1, escape: -1, next: -1}
	depth, traits := 0, 0 // traits is where the profile data ends
	if profile == All {
		traits = len(raw)
	}
	for i := 0; i < len(raw); {
		switch c := raw[i]; {
		case c == '"':
			end := scan.String(raw, i)
			next := scan.Blank(raw, end)
			if next == len(raw) || raw[next] != ':' {
				if text := raw[i+1 : max(end-1, i+1)]; signs.before(raw, i, end) || long(text) {
					r.value(text, i+1, i < traits)
				}
				i = end
				continue
			}
			name := raw[i+1 : end-1]
			if signs.before(raw, i, end) {
				name = r.name.plain(name)
			}
			i = scan.Blank(raw, next+1)
			switch class := r.rules.class(name); {
			case class&allowed != 0:
				i = scan.Value(raw, i)
			case class&property != 0 && (class&address == 0 || i >= traits):
				end := scan.Value(raw, i)
				if !harmless(raw[i:end]) {
					r.replace(i, end, `"`+Marker+`"`)
				}
				i = end
			case depth == 1 && profile == InTraits && string(name) == "traits":
				traits = scan.Value(raw, i)
			}
		case digit(c) || c == '-':
			end := numberEnd(raw, i)
			if end-i >= minCard && isCard(raw[i:end]) {
				r.replace(i, end, `"`+Marker+`"`)
			}
			i = end
		default:
			switch c {
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			}
			i++
		}
	}
}

// value looks for secrets in a text that stands at a place of raw.
func (r *Redactor) value(raw []byte, at int, profile bool) {
	t := &r.text
	if !t.read(raw) {
		return
	}
	for _, s := range t.find(r.rules, profile) {
		if s.kind != kept {
			r.replace(at+t.place(s.from), at+t.place(s.to), s.kind.marker())
		}
	}
}

// harmless reports whether a value of a secret name tells nothing.
func harmless(value []byte) bool {
	switch string(value) {
	case "null", "true", "false", `""`, "{}", "[]", `"` + Marker + `"`:
		return true
	}
	return false
}

// signs is where the next of the bytes stands that every secret in a text has,
// cards apart.
type signs struct{ equals, at, percent, escape, next int }

// before reports whether one of them is in raw[from:to]; from never goes back.
func (s *signs) before(raw []byte, from, to int) bool {
	if s.next < from {
		s.seek(raw, from)
	}
	return s.next < to
}

func (s *signs) seek(raw []byte, from int) {
	for _, sign := range [...]struct {
		at *int
		c  byte
	}{{&s.equals, '='}, {&s.at, '@'}, {&s.percent, '%'}, {&s.escape, '\\'}} {
		if *sign.at < from {
			if n := bytes.IndexByte(raw[from:], sign.c); n >= 0 {
				*sign.at = from + n
			} else {
				*sign.at = len(raw)
			}
		}
	}
	s.next = min(s.equals, s.at, s.percent, s.escape)
}

func numberEnd(raw []byte, i int) int {
	for i++; i < len(raw) && (digit(raw[i]) || raw[i] == '.' || raw[i]|0x20 == 'e' || raw[i] == '+' || raw[i] == '-'); {
		i++
	}
	return i
}
