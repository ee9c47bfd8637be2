package query

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/footfall-go/footfall"
)

func (r *run) persons(ctx context.Context, q *Persons) (*PersonsResult, error) {
	p, err := r.planWithPeople(ctx)
	if err != nil {
		return nil, err
	}
	var after *footfall.ID
	if q.Cursor != "" {
		id, _ := parsePersonCursor(q.Cursor)
		after = &id
	}
	result := &PersonsResult{Persons: []Person{}}
	var ids []footfall.ID
	err = r.each(ctx, p.compilePersonPage(q, after), func(rows Rows) error {
		var id hexID
		err := rows.Scan((*string)(&id), &result.Total)
		ids = append(ids, id.id())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the persons: %w", err)
	}
	if after != nil && len(ids) == 0 {
		// A page behind the last one has no row to tell the total; the first has.
		first := *q
		first.Cursor, first.Limit = "", 1
		all, err := r.persons(ctx, &first)
		if err != nil {
			return nil, err
		}
		result.Total = all.Total
		return result, nil
	}
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

// foundPerson is a person whose ids are still hashes.
type foundPerson struct {
	first, last int64
	visitors    map[footfall.ID]bool
	traits      map[string]said
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
		var first, last int64
		var visitors []string
		if err := rows.Scan((*string)(&id), &first, &last, &visitors); err != nil {
			return err
		}
		f := found[others.of(id.id())]
		if f == nil {
			f = &foundPerson{first: first, last: last, visitors: map[footfall.ID]bool{}}
			found[others.of(id.id())] = f
		}
		f.first, f.last = min(f.first, first), max(f.last, last)
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
	person := Person{
		Visitors: []string{}, Traits: shown(f.traits),
		FirstSeen: time.UnixMilli(f.first).UTC(), LastSeen: time.UnixMilli(f.last).UTC(),
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
