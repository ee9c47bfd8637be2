package query

// notYet reports what the types have and the engine does not compute yet.
func (c *checker) notYet(q Query) {
	unsupported := func(path string, used bool) {
		if used {
			c.fail(path, "unsupported", "%q is not supported by this version", path[1:])
		}
	}
	switch q := q.(type) {
	case *Retention, *SegmentSize:
		c.fail("/kind", "unsupported", "kind %q is not supported by this version", q.Kind())
	case *Persons:
		switch q.Of.(type) {
		case *Retention, *SegmentSize:
			unsupported("/of", true)
		}
	}
}
