package querytest

import (
	"cmp"
	"slices"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/tenant"
)

// people knows whose an id is.
type people struct {
	users   map[footfall.ID]footfall.ID // of a visitor
	aliases map[footfall.ID]footfall.ID // without those that close a circle
	texts   map[footfall.ID]footfall.IDText
}

func newPeople(w *World, t *tenant.Tenant) *people {
	p := &people{users: map[footfall.ID]footfall.ID{}, aliases: map[footfall.ID]footfall.ID{}, texts: map[footfall.ID]footfall.IDText{}}
	var edges []footfall.Link
	for _, l := range w.Links {
		if l.Tenant == t.ID {
			edges = append(edges, l)
		}
	}
	slices.SortFunc(edges, func(a, b footfall.Link) int { return comparePlaces(a.Position, b.Position) })

	newest := map[footfall.ID]footfall.Link{}
	for _, e := range edges {
		switch e.Kind {
		case footfall.LinkUser:
			// A repeated link is harmless: the first since the last unlink counts.
			if _, linked := p.users[e.From]; !linked {
				p.users[e.From] = e.User
			}
		case footfall.UnlinkUser:
			delete(p.users, e.From)
		case footfall.LinkAlias:
			newest[e.From] = e
		}
	}

	var aliases []footfall.Link
	for _, e := range newest {
		aliases = append(aliases, e)
	}
	slices.SortFunc(aliases, func(a, b footfall.Link) int {
		return cmp.Or(cmp.Compare(a.Time, b.Time), comparePlaces(a.Position, b.Position), compareIDs(a.From, b.From))
	})
	for _, e := range aliases {
		if p.end(e.User) != e.From {
			p.aliases[e.From] = e.User
		}
	}

	for _, text := range w.IDs {
		if text.Tenant == t.ID {
			p.texts[text.ID] = text
		}
	}
	return p
}

// end follows aliases.
func (p *people) end(id footfall.ID) footfall.ID {
	for {
		next, ok := p.aliases[id]
		if !ok {
			return id
		}
		id = next
	}
}

// of returns the person that an id belongs to. A link of a visitor goes before
// an alias of the same visitor.
func (p *people) of(id footfall.ID) footfall.ID {
	if user, ok := p.users[id]; ok {
		return p.end(user)
	}
	return p.end(id)
}

// name returns the text of a person's id, "" if it is not known.
func (p *people) name(id footfall.ID) string {
	switch text := p.texts[id]; text.Kind {
	case footfall.KindUser:
		return "user:" + text.Text
	case footfall.KindVisitor:
		return "visitor:" + text.Text
	}
	return ""
}

// text returns the sender's text of an id, nil if it is not known.
func (p *people) text(id footfall.ID) *string {
	if text, ok := p.texts[id]; ok {
		return &text.Text
	}
	return nil
}

// compareIDs orders ids as a page of persons does: as numbers of which the first
// byte is the lowest.
func compareIDs(a, b footfall.ID) int {
	slices.Reverse(a[:])
	slices.Reverse(b[:])
	return slices.Compare(a[:], b[:])
}
