package redact

import (
	"github.com/footfall-go/footfall/ingest/internal/scan"
)

// Marker stands where a secret was.
const Marker = "[redacted]"

// shortest is how long a text is at least that has a secret without a sign, as
// "pwd: x" has.
const shortest = 6

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
	known names

	labelled labelled
}

// Append appends the object without its secrets to dst and returns how many it
// had; addresses of the network are none of them. Of an object that stays as it
// is it appends nothing. The object must be valid JSON.
func (r *Redactor) Append(dst, object []byte, rules *Rules, profile Profile) (out []byte, secrets int) {
	r.rules, r.raw, r.out, r.done, r.count = rules, object, dst, 0, 0
	r.walk(profile)
	if r.done > 0 {
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
}

func (r *Redactor) walk(profile Profile) {
	raw := r.raw
	// Most texts have none of these, and then nothing can matter but digits.
	signs := newSigns()
	if r.rules.off {
		signs.next = len(raw)
	}
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
				if text := raw[i+1 : max(end-1, i+1)]; signs.before(raw, i, end) || !r.rules.off && len(text) >= shortest && (long(text) || carriesScheme(text) || states(text)) {
					r.value(text, i+1, i < traits)
				}
				i = end
				continue
			}
			name := raw[i+1 : end-1]
			if r.rules.off || signs.before(raw, i, end) {
				name = r.name.plain(name)
			}
			i = scan.Blank(raw, next+1)
			switch class := r.known.class(r.rules, name); {
			case class&allowed != 0:
				i = scan.Value(raw, i)
			case class&property != 0 && (class&address == 0 || i >= traits):
				end := scan.Value(raw, i)
				if !harmless(raw[i:end], class) {
					r.replace(i, end, `"`+Marker+`"`)
					r.count++
				}
				i = end
			case class&network != 0:
				i = r.network(i)
			case class&labels != 0:
				if uint(depth) < maxLabels {
					r.labelled[depth] = i
				}
			case class&valued != 0:
				i = r.valued(i, depth, i < traits)
			case depth == 1 && profile == InTraits && string(name) == "traits":
				traits = scan.Value(raw, i)
			}
		case digit(c) || c == '-':
			end := numberEnd(raw, i)
			if end-i >= minCard && !r.rules.off && isCard(raw[i:end]) {
				r.replace(i, end, `"`+Marker+`"`)
				r.count++
			}
			i = end
		default:
			switch c {
			case '{', '[':
				if depth++; uint(depth) < maxLabels {
					r.labelled[depth] = 0
				}
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
	spans := t.find(r.rules, &r.known, profile)
	for i := range spans {
		if s := &spans[i]; s.kind != kept {
			r.replace(at+t.place(s.from), at+t.place(s.to), s.marker())
			r.count++
		}
	}
}

// valued deals with a value whose name may stand beside it, and returns where to
// go on.
func (r *Redactor) valued(i, depth int, profile bool) int {
	end := scan.Value(r.raw, i)
	switch class := r.ofLabel(end, depth); {
	case class&property != 0 && (class&address == 0 || !profile):
		if !harmless(r.raw[i:end], class) {
			r.replace(i, end, `"`+Marker+`"`)
			r.count++
		}
		return end
	case class&network != 0:
		return r.network(i)
	}
	return i
}

// network deals with the value of a name of addresses, which starts at i, and
// returns where to go on: what stays may have secrets like all.
func (r *Redactor) network(i int) int {
	end := scan.Value(r.raw, i)
	value := r.raw[i:end]
	switch {
	case len(value) > 2 && value[0] == '"':
		value = r.name.plain(value[1 : len(value)-1])
	case len(value) > 2 && (value[0] == '{' || value[0] == '['):
	default:
		return i
	}
	instead, change := r.rules.network(value)
	if !change {
		return i
	}
	if instead = `"` + instead + `"`; len(instead) == 2 {
		instead = "null"
	}
	r.replace(i, end, instead)
	return end
}

// harmless reports whether a value of a secret name tells nothing.
func harmless(value []byte, c class) bool {
	switch string(value) {
	case "null", "true", "false", `""`, "{}", "[]", `"` + Marker + `"`:
		return true
	}
	return c&counted != 0 && isNumber(value)
}

func isNumber(value []byte) bool {
	return len(value) > 0 && (digit(value[0]) || value[0] == '-') && numberEnd(value, 0) == len(value)
}

func numberEnd(raw []byte, i int) int {
	for i++; i < len(raw) && (digit(raw[i]) || raw[i] == '.' || raw[i]|0x20 == 'e' || raw[i] == '+' || raw[i] == '-'); {
		i++
	}
	return i
}
