package query

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/footfall-go/footfall"
)

func (r *run) persons(ctx context.Context, q *Persons) (*PersonsResult, error) {
	if _, err := r.planWithPeople(ctx); err != nil {
		return nil, err
	}
	c, err := r.crowdOf(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("find the persons: %w", err)
	}
	var after *footfall.ID
	if q.Cursor != "" {
		id, _ := parsePersonCursor(q.Cursor)
		after = &id
	}
	result := &PersonsResult{Persons: []Person{}}
	ids, total, err := r.personPage(ctx, c, q.Limit, after)
	if err != nil {
		return nil, fmt.Errorf("list the persons: %w", err)
	}
	result.Total = total
	if size := page(q.Limit); len(ids) > size {
		ids = ids[:size]
		next := encodePersonCursor(ids[size-1].String())
		result.Next = &next
	}
	if len(ids) == 0 {
		return result, nil
	}
	if result.Persons, err = r.details(ctx, ids); err != nil {
		return nil, fmt.Errorf("read the persons: %w", err)
	}
	return result, nil
}

// personPage returns the ids of a page, and one more if there is another, with
// the number of persons on all pages.
func (r *run) personPage(ctx context.Context, c crowd, limit int, after *footfall.ID) (ids []footfall.ID, total uint64, err error) {
	if c.rows == nil {
		return pageOf(c.ids, limit, after), uint64(len(c.ids)), nil
	}
	err = r.each(ctx, r.plan().compilePersonPage(c, limit, after), func(rows Rows) error {
		var id hexID
		err := rows.Scan((*string)(&id), &total)
		ids = append(ids, id.id())
		return err
	})
	if err == nil && after != nil && len(ids) == 0 {
		// A page behind the last one has no row to tell the total; the first has.
		_, total, err = r.personPage(ctx, c, 1, nil)
	}
	return ids, total, err
}

// foundPerson is a person whose ids are still hashes.
type foundPerson struct {
	// did is when the person did something, said when what only says who it is
	// came.
	did, said span
	visitors  map[footfall.ID]bool
	traits    map[string]said
}

// span is a first and a last time in milliseconds; the zero one has none.
type span struct{ first, last int64 }

func (s *span) add(first, last int64) {
	if *s == (span{}) {
		*s = span{first, last}
	}
	s.first, s.last = min(s.first, first), max(s.last, last)
}

func (r *run) details(ctx context.Context, persons []footfall.ID) ([]Person, error) {
	others, err := r.idsOf(ctx, persons)
	if err != nil {
		return nil, err
	}
	set := map[footfall.ID]bool{}
	for _, person := range persons {
		set[person] = true
	}
	for other := range others {
		set[other] = true
	}
	ids := sorted(set) // before the visitors of their events, who may be others'
	found := map[footfall.ID]*foundPerson{}
	err = r.each(ctx, r.plan().compileDetails(ids), func(rows Rows) error {
		var id hexID
		var did uint64
		var first, last int64
		var visitors []string
		if err := rows.Scan((*string)(&id), &did, &first, &last, &visitors); err != nil {
			return err
		}
		f := found[others.of(id.id())]
		if f == nil {
			f = &foundPerson{visitors: map[footfall.ID]bool{}}
			found[others.of(id.id())] = f
		}
		when := &f.said
		if did == 1 {
			when = &f.did
		}
		when.add(first, last)
		for _, visitor := range visitors {
			f.visitors[hexID(visitor).id()], set[hexID(visitor).id()] = true, true
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := r.traitsOf(ctx, found, others, ids); err != nil {
		return nil, err
	}
	texts, err := r.textsOf(ctx, set)
	if err != nil {
		return nil, err
	}
	list := make([]Person, 0, len(persons))
	for _, id := range persons {
		// One that is gone by now was erased between two statements.
		if f := found[id]; f != nil {
			list = append(list, f.named(texts[id], texts))
		}
	}
	return list, nil
}

func (f *foundPerson) named(name idText, texts map[footfall.ID]idText) Person {
	when := f.did
	if when == (span{}) {
		when = f.said
	}
	person := Person{
		Visitors: []string{}, Traits: shown(f.traits),
		FirstSeen: time.UnixMilli(when.first).UTC(), LastSeen: time.UnixMilli(when.last).UTC(),
	}
	if name.kind != "" {
		person.ID = name.person()
	}
	if name.kind == "user" {
		person.User = &name.text
	}
	for _, visitor := range sorted(f.visitors) {
		if text, ok := texts[visitor]; ok && len(person.Visitors) < maxVisitors {
			person.Visitors = append(person.Visitors, text.text)
		}
	}
	slices.Sort(person.Visitors)
	return person
}
