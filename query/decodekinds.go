package query

import (
	"maps"
	"strings"
)

// laterKinds are the kinds the contract has and this version does not, so that
// the answer can tell them from a misspelling.
var laterKinds = map[string]bool{
	"paths": true, "lifecycle": true, "stickiness": true, "attribution": true,
}

// readers are the functions that read the members of an object, by name.
type readers map[string]func(path string, n *node)

// kind returns an empty question of a kind and the readers of what it has beside
// its scope, nil for a kind there is not.
func (c *checker) kind(name string) (Query, readers) {
	switch name {
	case "trend":
		return c.trend()
	case "funnel":
		return c.funnel()
	case "retention":
		return c.retention()
	case "segment":
		return c.segment()
	case "sessions":
		return c.sessions()
	case "events":
		return c.events()
	case "persons":
		return c.persons()
	}
	return nil, nil
}

func (c *checker) decodeQuery(path string, root *node) Query {
	if root.kind != '{' {
		c.fail(path, "bad_type", "a question is an object, not %s", root.describe())
		return nil
	}
	var kind string
	for _, m := range root.members {
		if m.name == "kind" && m.value.kind != '0' {
			c.decodeText(path+"/kind", m.value, &kind)
		}
	}
	const list = "trend, funnel, retention, segment, sessions, events or persons"
	q, fields := c.kind(kind)
	switch {
	case q != nil:
		s := q.scope()
		all := readers{
			"kind":    func(string, *node) {},
			"range":   c.rangeTo(&s.Range),
			"zone":    c.textTo(&s.Zone),
			"filter":  c.filterTo(&s.Filter),
			"max_age": c.textTo(&s.MaxAge),
		}
		maps.Copy(all, fields)
		c.decodeObject(path, root, all)
		return q
	case laterKinds[kind]:
		c.fail(path+"/kind", "unsupported", "kind %q is not supported by this version", kind)
	case kind == "":
		c.fail(path+"/kind", "required", "kind is required: %s", list)
	default:
		c.fail(path+"/kind", "unknown_kind", "a kind is %s, not %q", list, clip(kind))
	}
	return nil
}

func (c *checker) trend() (Query, readers) {
	q := new(Trend)
	return q, readers{
		"interval":   c.textTo((*string)(&q.Interval)),
		"series":     func(path string, n *node) { q.Series = c.decodeSeries(path, n) },
		"breakdown":  func(path string, n *node) { q.Breakdown = c.decodeBreakdown(path, n) },
		"formula":    c.textTo(&q.Formula),
		"compare":    c.textTo((*string)(&q.Compare)),
		"cumulative": c.boolTo(&q.Cumulative),
		"rolling":    c.countTo(&q.Rolling),
	}
}

func (c *checker) funnel() (Query, readers) {
	q := new(Funnel)
	// Attribution and step may stand beside the breakdown, too, and what is wrong
	// with them is wrong there.
	breakdown := func(read func(b *FunnelBreakdown, path string, n *node)) func(string, *node) {
		return func(path string, n *node) {
			if name := path[strings.LastIndexByte(path, '/'):]; name != "/breakdown" {
				if c.beside == nil {
					c.beside = map[string]string{}
				}
				c.beside["/breakdown"+name] = name
			}
			if q.Breakdown == nil {
				q.Breakdown = new(FunnelBreakdown)
			}
			read(q.Breakdown, path, n)
		}
	}
	return q, readers{
		"steps":       func(path string, n *node) { q.Steps = c.decodeSelectors(path, n, maxSteps) },
		"order":       c.textTo((*string)(&q.Order)),
		"window":      c.textTo(&q.Window),
		"by":          c.textTo(&q.By),
		"exclude":     func(path string, n *node) { q.Exclude = c.decodeExclude(path, n) },
		"exclusion":   c.textTo((*string)(&q.Exclusion)),
		"hold":        func(path string, n *node) { q.Hold = c.decodeTexts(path, n, maxHeld) },
		"reach":       c.textTo((*string)(&q.Reach)),
		"interval":    c.textTo((*string)(&q.Interval)),
		"breakdown":   breakdown(c.decodeFunnelBreakdown),
		"attribution": breakdown(func(b *FunnelBreakdown, path string, n *node) { c.decodeText(path, n, (*string)(&b.Attribution)) }),
		"step":        breakdown(func(b *FunnelBreakdown, path string, n *node) { c.decodeCount(path, n, &b.Step) }),
	}
}

func (c *checker) retention() (Query, readers) {
	q := new(Retention)
	return q, readers{
		"interval":  c.textTo((*string)(&q.Interval)),
		"periods":   c.countTo(&q.Periods),
		"start":     func(path string, n *node) { q.Start = c.decodeSelector(path, n, nil) },
		"return":    func(path string, n *node) { q.Return = c.decodeSelector(path, n, nil) },
		"cohort":    c.textTo((*string)(&q.Cohort)),
		"count":     c.textTo((*string)(&q.Count)),
		"buckets":   c.textTo((*string)(&q.Buckets)),
		"breakdown": func(path string, n *node) { q.Breakdown = c.decodeBreakdown(path, n) },
	}
}

func (c *checker) segment() (Query, readers) {
	q := new(SegmentSize)
	return q, readers{
		"segment": func(path string, n *node) { q.Segment = *c.decodeSegment(path, n, 1) },
		"at":      c.textTo(&q.At),
	}
}

func (c *checker) sessions() (Query, readers) {
	q := new(Sessions)
	return q, readers{"interval": c.textTo((*string)(&q.Interval))}
}

func (c *checker) events() (Query, readers) {
	q := new(Events)
	return q, readers{"person": c.textTo(&q.Person), "limit": c.countTo(&q.Limit), "cursor": c.textTo(&q.Cursor)}
}

func (c *checker) persons() (Query, readers) {
	q := new(Persons)
	return q, readers{
		"of": func(path string, n *node) {
			if c.inOf {
				c.fail(path, "bad_value", "a question in of has none itself")
				return
			}
			c.inOf = true
			q.Of = c.decodeQuery(path, n)
			c.inOf = false
		},
		"at":    func(path string, n *node) { q.At = c.decodeCell(path, n) },
		"limit": c.countTo(&q.Limit), "cursor": c.textTo(&q.Cursor),
	}
}
