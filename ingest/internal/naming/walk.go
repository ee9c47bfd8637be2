package naming

import (
	"bytes"
	"hash/maphash"

	"github.com/footfall-go/footfall/ingest/internal/scan"
	"github.com/footfall-go/footfall/internal/schema"
)

// MaxName is how many bytes a name has at most that is looked up: it is part of
// every row.
const MaxName = 200

// Limits are what one object is held to.
type Limits struct {
	Names *Set
	Most  int          // of Names
	Seed  maphash.Seed // of the hashes in it
	Text  int          // bytes of a value

	// Ours tells the names that senders may not set. It is asked for those of
	// the object's own members that begin with "$". Nil means none.
	Ours func(name []byte) bool
}

// Walker goes through objects as the store flattens them. It keeps its memory;
// it is not safe for concurrent use.
type Walker struct {
	limits *Limits
	raw    []byte
	nested []byte // a name with dots in the making
	excess func(name []byte, ours bool)
	traits bool
}

// Excess calls excess with the dotted name of each value of an object that is
// over a limit, and with the name of each member that is ours, whatever its
// value. Null has no name. Of traits all members have names as well, also those
// that are objects or null.
func (w *Walker) Excess(object []byte, l *Limits, traits bool, excess func(name []byte, ours bool)) {
	if len(object) == 0 {
		return
	}
	w.limits, w.raw, w.excess, w.traits = l, object, excess, traits
	w.object(scan.Blank(object, 0), 1, 0)
	w.limits, w.raw, w.excess = nil, nil, nil
}

// object walks the object that starts at i and returns the place behind it.
// The first bytes of nested, as many as outer, come before its members' names.
func (w *Walker) object(i, depth, outer int) int {
	raw := w.raw
	for i = scan.Blank(raw, i+1); i < len(raw) && raw[i] == '"'; {
		end := scan.String(raw, i)
		name := raw[i+1 : max(end-1, i+1)]
		if bytes.IndexByte(name, '\\') >= 0 {
			name = scan.Unquote(raw[i:end])
		}
		if outer > 0 {
			w.nested = append(w.nested[:outer], name...)
			name = w.nested
		}
		i = scan.Blank(raw, scan.Blank(raw, end)+1)
		i = scan.Blank(raw, w.value(name, i, depth))
		if i >= len(raw) || raw[i] != ',' {
			break
		}
		i = scan.Blank(raw, i+1)
	}
	return min(i+1, len(raw))
}

func (w *Walker) value(name []byte, i, depth int) (end int) {
	if i >= len(w.raw) {
		return i
	}
	switch c := w.raw[i]; {
	case depth == 1 && len(name) > 0 && name[0] == '$' && w.limits.Ours != nil && w.limits.Ours(name):
		if c != 'n' || w.traits {
			w.excess(name, true)
		}
		return scan.Value(w.raw, i)
	case c == '{' && depth < schema.MaxFlatDepth:
		if depth == 1 && w.traits && !w.fits(name, 0) {
			return scan.Value(w.raw, i)
		}
		if depth == 1 {
			w.nested = append(w.nested[:0], name...)
		}
		w.nested = append(w.nested, '.')
		return w.object(i, depth+1, len(w.nested))
	case c == 'n' && (depth > 1 || !w.traits):
		return scan.Value(w.raw, i)
	}
	end = scan.Value(w.raw, i)
	w.fits(name, end-i)
	return end
}

// fits reports whether a value of a size is within all limits.
func (w *Walker) fits(name []byte, size int) bool {
	l := w.limits
	if size <= l.Text && len(name) <= MaxName && l.Names.Has(maphash.Bytes(l.Seed, name), l.Most) {
		return true
	}
	w.excess(name, false)
	return false
}
