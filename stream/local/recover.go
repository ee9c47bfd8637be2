package local

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream/internal/backlog"
)

// state is what a log knows of its database.
type state struct {
	first, end int64
	clock      footfall.Millis
	places     places
	snapshots  []snapshot
	pending    backlog.Counter
}

// recoverState reads the log backwards to its newest plan, and then forwards
// what that leaves unconfirmed.
func recoverState(db *pebble.DB) (state, error) {
	s := state{pending: backlog.New()}
	it, err := db.NewIter(logRange(0, anyOffset))
	if err != nil {
		return s, fmt.Errorf("read log: %w", err)
	}
	if err := closing(it, s.readPlaces(it)); err != nil {
		return s, err
	}
	err = eachGroup(db, max(s.places.plan.From, s.first), func(g group) (bool, error) {
		return true, countGroup(&s.pending, g)
	})
	if err != nil {
		return s, err
	}
	s.snapshots, err = listSnapshots(db)
	return s, err
}

// readPlaces finds the newest places, the last record and the first.
func (s *state) readPlaces(it *pebble.Iterator) error {
	placed, dated := false, false
	for ok := it.Last(); ok && (!placed || !dated); ok = it.Prev() {
		offset, kind, _ := parseLogKey(it.Key())
		if kind == kindPlan {
			if !placed {
				p, err := decodePlaces(it.Value())
				if err != nil {
					return err
				}
				s.places, placed = p, true
			}
			s.end = max(s.end, offset)
			continue
		}
		if !dated {
			g, err := parseGroup(offset, it.Value())
			if err != nil {
				return err
			}
			s.end, s.clock, dated = max(s.end, offset+int64(g.count)), g.time, true
		}
	}
	s.first = s.end
	for ok := it.First(); ok; ok = it.Next() {
		if offset, kind, _ := parseLogKey(it.Key()); kind == kindRecord {
			s.first = offset
			break
		}
	}
	return nil
}

// eachGroup calls fn for the group that holds an offset and those after it,
// until fn says no. A group's slices are valid during the call.
func eachGroup(db *pebble.DB, from int64, fn func(group) (bool, error)) error {
	it, err := db.NewIter(logRange(0, anyOffset))
	if err != nil {
		return fmt.Errorf("read log: %w", err)
	}
	for ok := seekGroup(it, from); ok; ok = it.Next() {
		offset, kind, _ := parseLogKey(it.Key())
		if kind != kindRecord {
			continue
		}
		g, err := parseGroup(offset, it.Value())
		if err != nil {
			return closing(it, err)
		}
		if g.first+int64(g.count) <= from {
			continue
		}
		if more, err := fn(g); !more || err != nil {
			return closing(it, err)
		}
	}
	return closing(it, nil)
}

// seekGroup moves to the last group that starts at or before an offset, else
// to the first key.
func seekGroup(it *pebble.Iterator, offset int64) bool {
	for ok := it.SeekLT(logKey(offset+1, kindPlan)); ok; ok = it.Prev() {
		if _, kind, _ := parseLogKey(it.Key()); kind == kindRecord {
			return true
		}
	}
	return it.First()
}

// closing closes an iterator and returns the first error of what it was for.
func closing(it *pebble.Iterator, err error) error {
	if closed := it.Close(); err == nil && closed != nil {
		err = fmt.Errorf("read log: %w", closed)
	}
	return err
}

func countGroup(p *backlog.Counter, g group) error {
	for i := range g.count {
		r, err := g.next()
		if err != nil {
			return err
		}
		number, _ := p.InternBytes(r.tenant)
		p.Add(g.first+int64(i), backlog.Entry{Time: g.time, Events: r.events, Tenant: number})
	}
	return nil
}

// logRange bounds an iterator to the records and plans of some offsets.
func logRange(from, to int64) *pebble.IterOptions {
	return &pebble.IterOptions{LowerBound: logKey(from, kindPlan), UpperBound: logKey(to, kindPlan)}
}
