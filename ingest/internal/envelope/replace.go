package envelope

// addresses are the fields that hold network addresses, in their order.
var addresses = [...]Field{TraitIP, PropertyIP, PropertyDollarIP, ContextIP, ContextTraitIP}

// Replace overwrites the value of a field, where it stands in the body, with a
// text that needs no escapes. Everything that was or will be taken from around
// it has the new value: blanks fill what the text leaves. A text for which the
// old value is too short becomes null.
func (d *Decoder) Replace(m *Message, f Field, text string) {
	at := m.values[f]
	if int(at.End-at.Start) < len(text)+2 {
		d.Null(m, f)
		return
	}
	b := d.b[at.Start:at.End]
	n := copy(b[1:], text) + 2
	b[0], b[n-1] = '"', '"'
	blanks(b[n:])
	m.escaped &^= 1 << f
	m.values[f].End = at.Start + uint32(n)
}

// Null overwrites the value of a field with null. A value too short for that
// stays: it holds nothing of any length.
func (d *Decoder) Null(m *Message, f Field) {
	at := m.values[f]
	b := d.b[at.Start:at.End]
	if len(b) < len("null") {
		return
	}
	blanks(b[copy(b, "null"):])
	clear(m.values[f : f.last()+1])
	m.values[f].Start = at.Start
}

func blanks(b []byte) {
	for i := range b {
		b[i] = ' '
	}
}

// repeated forgets a field that comes a second time, with all that lies in it.
// What stood there first is kept as JSON all the same, but for addresses: they
// would pass unseen.
func (d *Decoder) repeated(m *Message, f Field) {
	for _, a := range addresses {
		if a >= f && a <= f.last() && m.values[a].End != 0 {
			d.Null(m, a)
		}
	}
	clear(m.values[f : f.last()+1])
}
