package query

import (
	"slices"
	"strings"

	"github.com/footfall-go/footfall/internal/schema"
)

// deed is what persons may have done, and when.
type deed struct {
	what     string // the condition for the events
	from, to int64
}

// counted returns the conditions for the events of a selector that count.
func (c *crew) counted(e *Selector) []string { return append(c.selected(e), c.counting()...) }

func (c *crew) counting() []string {
	if c.filter == nil {
		return nil
	}
	var text string
	c.written(c.of, func() { text = c.sql.filter(c.filter) })
	return []string{text}
}

// did finds those who did something so often. To have done it at most so often
// is not to be among those who did it more.
func (c *crew) did(seg *Segment, of sphere) condition {
	from, to := c.window(seg.Within, of)
	often := func(comparison string) condition {
		what := c.during(from, to, func() string { return all(c.selected(seg.Did)) })
		return c.table(persona{done: deed{what, from, to}, often: comparison}, true)
	}
	number := func(n int) string { return c.integer(int64(n)) }
	t := seg.Times
	switch {
	case t == nil:
		return often(">= " + number(1))
	case t.Exactly != nil && *t.Exactly > 0:
		return often("= " + number(*t.Exactly))
	case t.Exactly != nil:
		return often(">= " + number(1)).not()
	case t.AtLeast == nil || *t.AtLeast == 0:
		if t.AtMost == nil {
			return condition{text: "1", others: true, all: true}
		}
		return often("> " + number(*t.AtMost)).not()
	case t.AtMost != nil:
		return often("BETWEEN " + number(*t.AtLeast) + " AND " + number(*t.AtMost))
	}
	return often(">= " + number(*t.AtLeast))
}

// doers has a row for each person who did any of what is counted, with a mark
// for each table of those who did it so often; it is empty where there is none.
// The events are read once and their persons are found once, whatever the number
// of tables.
func (c *crew) doers() string {
	var deeds []deed
	var marks []string
	for i, t := range c.tables {
		if t.text != "" {
			continue
		}
		n := slices.Index(deeds, t.done)
		if n < 0 {
			n, deeds = len(deeds), append(deeds, t.done)
		}
		marks = append(marks, "sum(n"+itoa(n+1)+") "+t.often+" AS "+mark(i))
	}
	if len(deeds) == 0 {
		return ""
	}
	from, to := deeds[0].from, deeds[0].to
	for _, d := range deeds {
		from, to = min(from, d.from), max(to, d.to)
	}
	var either, counts, numbers []string
	for i, d := range deeds {
		if d.from != from || d.to != to {
			d.what += " AND " + all(c.between(d.from, d.to))
		}
		n := "n" + itoa(i+1)
		either, counts, numbers = append(either, d.what), append(counts, "countIf("+d.what+") AS "+n), append(numbers, n)
	}
	if len(deeds) == 1 {
		counts[0] = "count() AS n1"
	} else {
		either = []string{"(" + strings.Join(either, " OR ") + ")"}
	}
	rows := c.during(from, to, func() string {
		where := append(append(c.between(from, to), either...), c.counting()...)
		return c.scan(actor+", "+join(counts), schema.Events, where...) + " GROUP BY actor"
	})
	return "SELECT person, " + join(marks) + " FROM (" + c.withPerson(join(numbers), rows) + ") GROUP BY person"
}
