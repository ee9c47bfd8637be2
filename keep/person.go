package keep

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

// ErrPerson says that a text names no person.
var ErrPerson = errors.New("keep: a person is user:ID or visitor:ID")

// maxText bounds an id, as the door does.
const maxText = 512

// personID returns the id that a person's text names.
func personID(t tenant.ID, person string) (footfall.ID, error) {
	kind, id, _ := strings.Cut(person, ":")
	switch {
	case id == "" || len(id) > maxText:
	case kind == "user":
		return schema.UserID(t, id), nil
	case kind == "visitor":
		return schema.VisitorID(t, id), nil
	}
	return footfall.ID{}, ErrPerson
}

// resolve returns all ids of the person that an id stands for, that id first:
// the rules are those of the person of a row, see package query.
func (k *Keeper) resolve(ctx context.Context, t tenant.ID, named footfall.ID) ([]footfall.ID, error) {
	person, err := k.standsFor(ctx, t, named)
	if err != nil {
		return nil, err
	}
	// From there, backwards: whoever resolves to one that is known.
	ids := []footfall.ID{named}
	if person != named {
		ids = append(ids, person)
	}
	for frontier := ids; len(frontier) > 0; {
		edges, err := k.config.Store.Edges(ctx, t, frontier)
		if err != nil {
			return nil, err
		}
		var from []footfall.ID
		for i := range edges {
			if !slices.Contains(ids, edges[i].From) && !slices.Contains(from, edges[i].From) {
				from = append(from, edges[i].From)
			}
		}
		if edges, err = k.config.Store.Edges(ctx, t, from); err != nil {
			return nil, err
		}
		known := make(map[footfall.ID]bool, len(ids))
		for _, id := range ids {
			known[id] = true
		}
		targets := targetsOf(edges)
		frontier = nil
		for _, id := range from {
			if known[targets[id]] {
				frontier = append(frontier, id)
			}
		}
		ids = append(ids, frontier...)
	}
	return ids, nil
}

// standsFor follows an id to the person it stands for.
func (k *Keeper) standsFor(ctx context.Context, t tenant.ID, id footfall.ID) (footfall.ID, error) {
	seen := map[footfall.ID]bool{}
	for !seen[id] {
		seen[id] = true
		edges, err := k.config.Store.Edges(ctx, t, []footfall.ID{id})
		if err != nil {
			return id, fmt.Errorf("resolve a person: %w", err)
		}
		target, ok := targetsOf(edges)[id]
		if !ok || seen[target] { // the edge that closes a circle does not count
			return id, nil
		}
		id = target
	}
	return id, nil
}

// targetsOf returns where each id leads by itself: to the user of its first
// link after its last unlink, else to that of its newest alias.
func targetsOf(edges []footfall.Link) map[footfall.ID]footfall.ID {
	slices.SortFunc(edges, func(a, b footfall.Link) int { return a.Position.Compare(b.Position) })
	links, aliases := map[footfall.ID]footfall.ID{}, map[footfall.ID]footfall.ID{}
	for i := range edges {
		e := &edges[i]
		switch e.Kind {
		case footfall.LinkUser:
			if _, linked := links[e.From]; !linked {
				links[e.From] = e.User
			}
		case footfall.UnlinkUser:
			delete(links, e.From)
		case footfall.LinkAlias:
			aliases[e.From] = e.User
		}
	}
	maps.Copy(aliases, links)
	return aliases
}
