package query

import (
	"context"
	"fmt"
	"time"

	"github.com/footfall-go/footfall"
)

func (r *run) persons(ctx context.Context, q *Persons) (*PersonsResult, error) {
	p, err := r.planWithPeople(ctx)
	if err != nil {
		return nil, err
	}
	result := &PersonsResult{Persons: []Person{}}
	err = r.each(ctx, p.compilePersonCount(q), func(rows Rows) error { return rows.Scan(&result.Total) })
	if err != nil {
		return nil, fmt.Errorf("count the persons: %w", err)
	}
	var after *footfall.ID
	if q.Cursor != "" {
		id, _ := parsePersonCursor(q.Cursor)
		after = &id
	}
	var ids []string
	err = r.each(ctx, r.plan().compilePersonPage(q, after), func(rows Rows) error {
		var id string
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the persons: %w", err)
	}
	if size := page(q.Limit); len(ids) > size {
		ids = ids[:size]
		next := encodePersonCursor(ids[size-1])
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
	visitors    []string
}

func (r *run) details(ctx context.Context, ids []string) ([]Person, error) {
	p := r.plan()
	all, err := r.idsOf(ctx, p, ids)
	if err != nil {
		return nil, err
	}
	found := map[string]*foundPerson{}
	set := map[string]bool{}
	err = r.each(ctx, p.compilePersonDetails(ids, all), func(rows Rows) error {
		var id string
		var f foundPerson
		if err := rows.Scan(&id, &f.first, &f.last, &f.visitors); err != nil {
			return err
		}
		found[id], set[id] = &f, true
		for _, visitor := range f.visitors {
			set[visitor] = true
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	texts, err := r.textsOf(ctx, set)
	if err != nil {
		return nil, err
	}
	persons := make([]Person, 0, len(ids))
	for _, id := range ids {
		f, name := found[id], texts[id]
		if f == nil {
			continue // erased between two statements
		}
		person := Person{
			ID: name.person(), Visitors: []string{}, Traits: map[string]any{},
			FirstSeen: time.UnixMilli(f.first).UTC(), LastSeen: time.UnixMilli(f.last).UTC(),
		}
		if name.kind == "user" {
			person.User = &name.text
		}
		for _, visitor := range f.visitors {
			if text, ok := texts[visitor]; ok {
				person.Visitors = append(person.Visitors, text.text)
			}
		}
		persons = append(persons, person)
	}
	return persons, nil
}
