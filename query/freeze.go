package query

import (
	"context"
	"fmt"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
)

// maxFreezes bounds how often members are frozen again. Each time somebody of
// them has to be erased at that very moment.
const maxFreezes = 10

// frozen freezes who is in a segment, and counts them.
//
// Who is erased after the members were read and before they are written would
// be among them for good: an erasure deletes what is there. So it is looked
// afterwards whether anybody of them is gone, and if so they are frozen again, as
// a later version. Erasures delete events before members; so one that comes too
// late to be seen finds the members.
func (r *run) frozen(ctx context.Context, d *footfall.Definition, q *SegmentSize) (uint64, error) {
	for range maxFreezes {
		count, err := r.membersOf(ctx, q, func(ids []footfall.ID) error { return r.freeze(ctx, d, ids) })
		if err != nil {
			return 0, err
		}
		r.known = nil // who is linked since is not gone
		p, err := r.planWithPeople(ctx)
		if err != nil {
			return 0, err
		}
		var gone uint64
		err = r.each(ctx, p.compileGone(d.ID, d.Version), func(rows Rows) error { return rows.Scan(&gone) })
		if err != nil || gone == 0 {
			return count, err
		}
		d.Version++
	}
	return 0, fmt.Errorf("%w: persons of the segment are being erased", ErrUnavailable)
}

func (r *run) freeze(ctx context.Context, d *footfall.Definition, ids []footfall.ID) error {
	members := make([]footfall.Member, len(ids))
	for i, id := range ids {
		members[i] = footfall.Member{Tenant: d.Tenant, Silo: r.tenant.Silo(), Segment: d.ID, Version: d.Version, Person: id}
	}
	if err := r.engine.config.Segments.Freeze(ctx, members...); err != nil {
		return fmt.Errorf("%w: freeze the members: %w", ErrUnavailable, err)
	}
	return nil
}

// frozenMembers returns a table of the persons frozen under an id.
func (s *sql) frozenMembers(id string, version uint64) string {
	rows := s.scan("person AS actor", schema.Members, "segment = "+s.text(id), "version = "+s.param("Int64", int64(version)))
	return s.withPerson("", rows)
}

// anybody returns a table of all who did something, or of whom it was said who
// they are, up to the moment that is asked about.
func (s *sql) anybody() string {
	return s.withPerson("", s.scan(actor, schema.Events, s.between(s.kept, s.at+1)...)+" GROUP BY actor")
}

// compileGone counts the frozen members of a version of whom nothing is left.
func (p *plan) compileGone(id string, version uint64) Statement {
	s := p.sql()
	return s.statement("SELECT uniqExact(person) AS n\nFROM (" + s.frozenMembers(id, version) + ")\nWHERE person NOT IN (" + s.anybody() + ")")
}
