package querytest

import (
	"slices"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/tenant"
)

// StoredSegment is a segment under an id, which means the same in every question
// of its tenant.
type StoredSegment struct {
	Segment query.Segment
	Static  bool
	// Members are the ids of the persons who were in a static one when it was
	// stored.
	Members []footfall.ID
}

// Put stores a segment under an id at some moment. A static one has the persons
// who are in it then.
func (w *World) Put(t *tenant.Tenant, id string, s query.Segment, static bool, now time.Time) error {
	q := &query.SegmentSize{Segment: s}
	if err := q.Validate(); err != nil {
		return err
	}
	stored := StoredSegment{Segment: s, Static: static}
	if static {
		a, err := w.ask(t, q, now)
		if err != nil {
			return err
		}
		for person := range a.members(q) {
			stored.Members = append(stored.Members, person)
		}
	}
	if w.Segments == nil {
		w.Segments = map[string]StoredSegment{}
	}
	w.Segments[id] = stored
	return nil
}

// hasStored reports whether a person is in a stored segment, which is read where
// it was written: without a range, by the tenant's own calendar.
func (a *asked) hasStored(person footfall.ID, id string, at time.Time, counts func(*fact) bool) bool {
	stored, ok := a.world.Segments[id]
	if !ok {
		*a.unknown = id
		return false
	}
	if stored.Static {
		// Who was frozen is now who that id belongs to.
		return slices.ContainsFunc(stored.Members, func(member footfall.ID) bool { return a.people.of(member) == person })
	}
	own := *a
	own.always, own.cal = true, newCalendar(a.tenant.Location(), a.tenant.WeekStart)
	return own.inSegment(person, &stored.Segment, at, counts)
}
