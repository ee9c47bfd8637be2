package query

// heldAlong returns what an event itself tells of the properties that are held.
func (s *sql) heldAlong(names []string) (values []accessor) {
	for _, name := range names {
		switch p := parseProperty(name); p.scope {
		case ofEvent:
			values = append(values, s.eventProperty(p.name))
		case ofSegment:
			values = append(values, s.segmentProperty(p.name))
		}
	}
	return values
}

// heldValues hashes the texts of those, which nobody sees.
func (s *sql) heldValues(names []string) string {
	values := s.heldAlong(names)
	if len(values) == 0 {
		return "toUInt64(0)"
	}
	texts := make([]string, len(values))
	for i, a := range values {
		texts[i] = "toString(" + a.asText() + ")"
	}
	return "sipHash64(" + join(texts) + ")"
}

// heldApart returns the properties that are held and have to be joined, and adds
// what an event itself has of them.
func (s *sql) heldApart(c *columns, names []string) (held []property) {
	for _, name := range names {
		p := parseProperty(name)
		if !p.joined() {
			continue
		}
		switch p.scope {
		case ofSession:
			c.addSession()
		case ofGroup:
			groupType, _ := parseGroup(p.name)
			c.add("own_held"+itoa(len(held)), "toString("+s.ownGroup(groupType)+")")
		}
		held = append(held, p)
	}
	return held
}

// holding joins those to the rows of a funnel. An event that lacks one is no
// step, but may still be excluded, or stand between two.
func (s *sql) holding(held []property, steps int, shape funnelShape, c *columns, rows string) string {
	if len(held) == 0 {
		return rows
	}
	all, texts := "", "held"
	for i, p := range held {
		has, text := "has_held"+itoa(i), "text_held"+itoa(i)
		rows = s.joined(p, "own_held"+itoa(i), c, rows, value{[]string{has, text}, asLabel.exprs})
		if i > 0 {
			all += " AND "
		}
		all, texts = all+has, texts+", "+text
	}
	step := itoa(1<<steps - 1)
	without := func(column string) string {
		return "if(" + all + ", " + column + ", bitAnd(" + column + ", bitNot(toUInt64(" + step + ")))) AS " + column
	}
	change := without("matched")
	if !shape.wide {
		change += ", " + without("w")
	}
	return "SELECT * REPLACE (" + change + ", sipHash64(" + texts + ") AS held) FROM (" + rows + ") WHERE matched != 0"
}
