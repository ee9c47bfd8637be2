package query

import "math/bits"

// funnelShape says what a statement returns of a unit of a funnel: its events,
// each as some words, and perhaps who it is.
type funnelShape struct {
	// bits is how many of a word say what an event matches: the steps, then the
	// exclusions, then whether it may not lie between strict steps.
	bits int
	// base is what times are counted from, and end the first moment that no
	// event can matter at.
	base, end int64
	// wide says that time and bits do not fit into one word.
	wide bool
	// placed says that the order of events of one time can matter.
	placed, held, labeled bool
	who                   funnelWho
}

// bare reports whether an event is one word and nothing else.
func (shape funnelShape) bare() bool {
	return !shape.wide && !shape.placed && !shape.held && !shape.labeled && shape.who != ofEvents
}

// funnelWho says whose ids a statement returns.
type funnelWho uint8

const (
	nobody   funnelWho = iota
	ofUnits            // which are persons
	ofEvents           // of each event
)

// shapeOf returns the shape for a question, for a list of persons if so asked.
func (p *plan) shapeOf(q *Funnel, listed bool) funnelShape {
	shape := funnelShape{
		bits: len(q.Steps) + len(q.Exclude), base: p.since, end: q.end(p.to),
		held: len(q.Hold) > 0, labeled: q.Breakdown != nil,
	}
	if q.Order == Strict {
		shape.bits++
	}
	shape.wide = bits.Len64(uint64(shape.end-shape.base))+shape.bits > 63
	switch {
	case listed && q.by() == byPerson:
		shape.who = ofUnits
	case listed:
		shape.who = ofEvents
	}
	shape.placed = shape.labeled || shape.who == ofEvents || q.stepsOverlap()
	return shape
}

// endOfData is later than any event, and so much before the last moment of the
// store that a session that holds one ends before it.
var endOfData = latest.UnixMilli() - sessionReach

// end returns the first moment that no event can matter at.
func (q *Funnel) end(to int64) int64 {
	switch window := q.window(); {
	case q.Reach == WithinRange:
		return to
	case window < 0:
		return max(to, endOfData)
	default:
		// An entry is before to, so that the last moment of its window is in it.
		return max(to, min(to+window, endOfData))
	}
}

// record returns the columns of the numbers of an event.
func (shape funnelShape) record() []string {
	columns := []string{"w"}
	if shape.wide {
		columns = []string{"ms", "toUInt64(matched)"}
	}
	if shape.placed {
		columns = append(columns, "major", "minor")
	}
	if shape.held {
		columns = append(columns, "held")
	}
	if shape.who == ofEvents {
		columns = append(columns, "toUInt64(bitAnd(person, 18446744073709551615))", "toUInt64(bitShiftRight(person, 64))")
	}
	return columns
}

// stepsOverlap reports whether one event may be several steps.
func (q *Funnel) stepsOverlap() bool {
	seen := map[string]bool{}
	for i := range q.Steps {
		name := q.Steps[i].Event
		if seen[name] || name == "*" && len(q.Steps) > 1 {
			return true
		}
		seen[name] = true
	}
	return false
}

// compileFunnel returns the units that have an entry: who it is, for a list of
// persons by person, and the bytes of its events, one after the other. Those of
// an event are numbers of 8 bytes, the lowest first: its time and bits as one,
// with the highest bit set, or as two; the two of its place; what is held; the
// two of its person. Its label is last, behind 4 bytes with its length: "=" and
// the value, or nothing where there is none. Bytes, because arrays of numbers
// take the driver twice as long as the engine.
func (p *plan) compileFunnel(q *Funnel, shape funnelShape) Statement {
	// Whatever is looked up of events is looked up for those behind the range, too.
	whole := *p
	whole.to = max(p.to, shape.end)
	s := whole.sql()
	s.shared = q.Filter
	// A number of its own is gathered as one, which is cheaper, and becomes
	// bytes at the end; its highest bit keeps the zeros in front of it.
	event, data := "w", "arrayStringConcat(arrayMap(x -> reinterpretAsFixedString(x), es))"
	if record := shape.record(); len(record) > 1 || shape.labeled {
		for i := range record {
			record[i] = "reinterpretAsFixedString(" + record[i] + ")"
		}
		if shape.labeled {
			record = append(record, "if(has, concat(reinterpretAsFixedString(toUInt32(1 + length(label))), '=', label), reinterpretAsFixedString(toUInt32(0)))")
		}
		event, data = "concat("+join(record)+")", "arrayStringConcat(es)"
	}
	entry := "1"
	if q.Order == AnyOrder {
		entry = itoa(1<<len(q.Steps) - 1)
	}
	rows, unit, perActor := s.funnelRows(q, shape)
	group, bits := "groupArray("+event+")", "groupBitOr(matched)"
	if perActor {
		// An id's events come together before they are joined.
		rows = "SELECT actor, " + group + " AS part, " + bits + " AS seen FROM (" + rows + ") GROUP BY actor"
		rows = s.withPerson("part, seen", rows)
		group, bits = "groupArrayArray(part)", "groupBitOr(seen)"
	}
	if perActor && s.resolvesNothing() {
		rows = "SELECT person, part AS es FROM (" + rows + ") WHERE bitAnd(seen, " + entry + ") != 0"
	} else {
		rows = "SELECT " + unit + ", " + group + " AS es FROM (" + rows + ")\nGROUP BY " + unit + " HAVING bitAnd(" + bits + ", " + entry + ") != 0"
	}
	head := ""
	if shape.who == ofUnits {
		head = hexOf(unit) + " AS id, "
	}
	return s.statement("SELECT " + head + data + " AS data\nFROM (" + rows + ")")
}
