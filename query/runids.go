package query

import (
	"bytes"
	"context"
	"maps"
	"slices"

	"github.com/footfall-go/footfall"
)

// belonging maps ids to the persons they belong to, where those are others.
type belonging map[footfall.ID]footfall.ID

func (b belonging) of(id footfall.ID) footfall.ID {
	if person, ok := b[id]; ok {
		return person
	}
	return id
}

// sorted returns the ids of a set, the zero one excepted, in an order of its
// own: equal questions make equal statements.
func sorted(set map[footfall.ID]bool) []footfall.ID {
	delete(set, footfall.ID{})
	return slices.SortedFunc(maps.Keys(set), func(a, b footfall.ID) int { return bytes.Compare(a[:], b[:]) })
}

// personsOf resolves ids.
func (r *run) personsOf(ctx context.Context, set map[footfall.ID]bool) (belonging, error) {
	p, err := r.planWithPeople(ctx)
	ids := sorted(set)
	if err != nil || p.resolvesNothing() || len(ids) == 0 {
		return nil, err
	}
	return r.belonging(ctx, p.compileResolve(ids))
}

// idsOf returns all ids of persons but their own.
func (r *run) idsOf(ctx context.Context, persons []footfall.ID) (belonging, error) {
	p, err := r.planWithPeople(ctx)
	if err != nil || p.resolvesNothing() {
		return nil, err
	}
	return r.belonging(ctx, p.compileIDsOf(persons))
}

func (r *run) belonging(ctx context.Context, s Statement) (belonging, error) {
	all := belonging{}
	err := r.each(ctx, s, func(rows Rows) error {
		var id, person hexID
		err := rows.Scan((*string)(&id), (*string)(&person))
		all[id.id()] = person.id()
		return err
	})
	return all, err
}

// idsOfPerson returns the ids of the person that an id belongs to.
func (r *run) idsOfPerson(ctx context.Context, id footfall.ID) ([]footfall.ID, error) {
	persons, err := r.personsOf(ctx, map[footfall.ID]bool{id: true})
	if err != nil {
		return nil, err
	}
	person := persons.of(id)
	others, err := r.idsOf(ctx, []footfall.ID{person})
	if err != nil {
		return nil, err
	}
	set := map[footfall.ID]bool{person: true}
	for other := range others {
		set[other] = true
	}
	return sorted(set), nil
}

// textsOf looks ids up.
func (r *run) textsOf(ctx context.Context, set map[footfall.ID]bool) (map[footfall.ID]idText, error) {
	ids := sorted(set)
	if len(ids) == 0 {
		return nil, nil
	}
	texts := make(map[footfall.ID]idText, len(ids))
	err := r.each(ctx, r.plan().compileIDs(ids), func(rows Rows) error {
		var id hexID
		var t idText
		err := rows.Scan((*string)(&id), &t.kind, &t.text)
		texts[id.id()] = t
		return err
	})
	return texts, err
}

func (p *plan) resolvesNothing() bool { return !p.people.links && !p.people.aliases }
