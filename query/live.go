package query

import (
	"context"
	"fmt"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

// Live has the events of the last minutes, for GET /api/v1/live. [Feed] has them
// within one process, package query/redis across several. They are for looking
// at, and may be lost; what counts is asked of the store.
//
// Read returns what came after a cursor, oldest first and at most so many; if
// there is nothing it waits until there is, or until ctx ends. The cursor "" is
// this moment: Read then returns at once, with no events. Of a cursor that says
// nothing to it, such as one that is too old, it returns all that it has.
// Whoever does not read in time misses events, and is told how many, but keeps
// nobody from reading. An error may pass.
type Live interface {
	Read(ctx context.Context, t tenant.ID, after string, limit int) (LivePage, error)
}

// LivePage is what Read returns.
type LivePage struct {
	Events []LiveEvent
	// Missed is how many events that came after the cursor and before these are
	// gone, -1 if nobody knows.
	Missed int64
	// Next is the cursor to read on from.
	Next string
}

// LiveEvent is an event with its cursor, of visible ASCII.
type LiveEvent struct {
	Cursor string
	Event  Event
}

// EventOf shows an event as the answers of [Events] do. Its person is the one it
// speaks for by itself: who that belongs to is known to the store. Nothing of the
// result shares memory with the event's strings.
func EventOf(ev *footfall.Event) Event {
	e := Event{
		ID: string([]byte(ev.MessageID)), Type: ev.Type.String(), Name: string([]byte(ev.Name)), Time: ev.Time.Time(), Received: ev.Received.Time(),
		Visitor: text(ev.AnonymousID), User: text(ev.UserID),
		Properties: object(ev.Properties), Context: object(ev.Context),
	}
	if ev.Original != 0 {
		t := ev.Original.Time()
		e.Original = &t
	}
	if ev.Sent != 0 {
		t := ev.Sent.Time()
		e.Sent = &t
	}
	if ev.Type == footfall.Alias && e.Visitor == nil {
		e.Visitor = text(ev.PreviousID)
	}
	if ev.Session != 0 {
		e.Session = text(fmt.Sprintf("%016x", ev.Session))
	}
	e.Person = e.speaker()
	return e
}

// text returns a copy, nil of nothing.
func text(s string) *string {
	if s == "" {
		return nil
	}
	s = string([]byte(s))
	return &s
}

// speaker is the id that an event speaks for by itself.
func (e *Event) speaker() *string {
	switch {
	case e.User != nil:
		return text("user:" + *e.User)
	case e.Visitor != nil:
		return text("visitor:" + *e.Visitor)
	}
	return nil
}

// actor is that id in the store.
func (e *Event) actor(t tenant.ID) footfall.ID {
	switch {
	case e.User != nil:
		return schema.UserID(t, *e.User)
	case e.Visitor != nil:
		return schema.VisitorID(t, *e.Visitor)
	}
	return footfall.ID{}
}

// ErasedBy reports whether an event of the erasure's tenant is of somebody who is
// erased, wherever it stands: what is there to be looked at is of little worth,
// and the door takes nothing more of who is erased.
func (e *Event) ErasedBy(x *footfall.Erasure) bool {
	return x.Concerns(&footfall.Event{Visitor: e.actor(x.Tenant)})
}

// names are the persons of the events of a tenant that is looked at: what was
// found out a moment ago, so that all who look cost one question.
type names struct {
	turn   chan struct{} // of who may use the rest
	people *people
	known  map[footfall.ID]string
	at     time.Time
}

const (
	// namesFor is how long it takes at most until a login shows in the events
	// that others of its visitor send.
	namesFor = 5 * time.Second
	// maxNames bounds the memory for one tenant.
	maxNames = 10_000
	// namingTime bounds how long events wait for their persons.
	namingTime = time.Second
)

// name replaces the persons of events by those that they belong to, as far as
// that is known at this moment and found out in time.
func (n *names) name(ctx context.Context, e *Engine, t *tenant.Tenant, events []LiveEvent) error {
	ctx, cancel := context.WithTimeoutCause(ctx, namingTime, ErrTimeout)
	defer cancel()
	select {
	case n.turn <- struct{}{}:
		defer func() { <-n.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if n.known == nil || time.Since(n.at) >= namesFor || len(n.known) > maxNames {
		n.people, n.known, n.at = nil, map[footfall.ID]string{}, time.Now()
	}
	actors := map[footfall.ID]bool{}
	for i := range events {
		id := events[i].Event.actor(t.ID)
		if _, ok := n.known[id]; !ok && !id.IsZero() {
			actors[id] = true
		}
	}
	if len(actors) > 0 {
		if err := n.ask(ctx, e, t, actors); err != nil {
			return err
		}
	}
	for i := range events {
		ev := &events[i].Event
		if who := n.known[ev.actor(t.ID)]; who != "" {
			ev.Person = &who
		}
	}
	return nil
}

// ask finds out whom ids belong to; "" is themselves.
func (n *names) ask(ctx context.Context, e *Engine, t *tenant.Tenant, actors map[footfall.ID]bool) error {
	r, err := e.begin(t, Scope{Range: always}, time.Now())
	if err != nil {
		return err
	}
	r.deadline, r.known = time.Now().Add(namingTime), n.people
	_, err = r.inTurn(ctx, func(ctx context.Context) (any, error) {
		persons, err := r.personsOf(ctx, actors)
		if err != nil {
			return nil, err
		}
		others := map[footfall.ID]bool{}
		for _, person := range persons {
			others[person] = true
		}
		texts, err := r.textsOf(ctx, others)
		if err != nil {
			return nil, err
		}
		for id := range actors {
			n.known[id] = ""
			if person := persons.of(id); person != id {
				if who, ok := texts[person]; ok {
					n.known[id] = who.person()
				}
			}
		}
		n.people = r.known
		return nil, nil
	})
	return err
}
