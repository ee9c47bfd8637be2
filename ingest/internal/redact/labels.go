package redact

import (
	"bytes"

	"github.com/footfall-go/footfall/ingest/internal/scan"
)

// Forms are sent as lists of names and values: {"name":"password","value":"x"}.
// A label is a name for the value beside it, before or behind.

// maxLabels bounds how deep labels are known; the door takes nothing deeper.
const maxLabels = 64

// nearby is how many members behind a value are looked at for its label.
const nearby = 8

// labelled is where the label of each object around a place has its value, by
// depth, 0 if there was none yet. What it says is found out where there is a value
// beside it: names of products are labels, too.
type labelled [maxLabels]int

// says returns what a value at a place means as a name.
func (r *Redactor) says(i int) class {
	end := scan.Value(r.raw, i)
	if r.raw[i] != '"' || end-i > 2*maxName {
		return 0
	}
	// The names that are remembered are those of members: there are fewer.
	return r.rules.class(r.name.plain(r.raw[i+1:max(end-1, i+1)])) & (property | address | network | counted)
}

// ofLabel returns what the label beside a value says that ends at a place.
func (r *Redactor) ofLabel(end, depth int) class {
	if uint(depth) < maxLabels && r.labelled[depth] > 0 {
		return r.says(r.labelled[depth])
	}
	raw := r.raw
	for range nearby {
		i := scan.Blank(raw, end)
		if i == len(raw) || raw[i] != ',' {
			return 0
		}
		i = scan.Blank(raw, i+1)
		end = scan.String(raw, min(i, len(raw)-1))
		name := r.name.plain(raw[min(i+1, end-1) : end-1])
		label := r.known.class(r.rules, name)&labels != 0
		i = scan.Blank(raw, scan.Blank(raw, end)+1)
		if i >= len(raw) {
			return 0
		}
		if label {
			return r.says(i)
		}
		end = scan.Value(raw, i)
	}
	return 0
}

// pairOfText finds the same in JSON inside the text: the label and the value are
// members of one object, which nothing else opens or closes between.
type pairOfText struct {
	label class // said last
	end   int   // where the label ended
	value span  // seen last, without a label
	quote span
	bare  bool // not in quotes
}

// seen takes a pair of the text into account and reports whether its value was
// a secret.
func (p *pairOfText) seen(t *text, rules *Rules, known *names, c class, start, end int, quoted bool, quote span) (hit bool) {
	between := func(from, to int) bool { return from <= to && !bytes.ContainsAny(t.b[from:to], "{}[]") }
	switch {
	case c&labels != 0 && quoted:
		said := known.class(rules, t.b[start:end]) & (property | address | counted)
		if said&property == 0 {
			return false
		}
		if p.value.to > 0 && between(p.value.to, start) {
			p.hide(t, said)
			return false
		}
		p.label, p.end = said, end
	case c&valued != 0:
		p.value, p.quote, p.bare = span{from: start, to: end}, quote, !quoted
		if p.label != 0 && between(p.end, min(start, max(p.end, quote.from))) {
			p.hide(t, p.label)
			return true
		}
	}
	return false
}

func (p *pairOfText) hide(t *text, said class) {
	value := t.b[p.value.from:p.value.to]
	switch {
	case len(value) == 0 || string(value) == Marker || p.bare && harmless(value, said):
	case p.bare:
		t.addQuoted(p.value.from, p.value.to, p.quote)
	default:
		t.add(p.value.from, p.value.to, secret)
	}
	*p = pairOfText{}
}
