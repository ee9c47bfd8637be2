package query

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
)

func (r *run) events(ctx context.Context, q *Events) (*EventsResult, error) {
	p, err := r.planWithPeople(ctx)
	if err != nil {
		return nil, err
	}
	var ids []footfall.ID
	if q.Person != "" {
		if ids, err = r.idsOfPerson(ctx, personID(r.tenant.ID, q.Person)); err != nil {
			return nil, fmt.Errorf("find the person: %w", err)
		}
	}
	var after *place
	if q.Cursor != "" {
		c, _ := parseEventCursor(q.Cursor)
		after = &c
	}
	places, messages, err := r.eventPlaces(ctx, p.compileEventPlaces(q, ids, after))
	if err != nil {
		return nil, fmt.Errorf("find the events: %w", err)
	}
	result := &EventsResult{Events: []Event{}}
	if size := page(q.Limit); len(places) > size {
		places, messages = places[:size], messages[:size]
		next := places[size-1].cursor()
		result.Next = &next
	}
	if len(places) == 0 {
		return result, nil
	}
	found, err := r.eventsAt(ctx, r.plan().compileEvents(places, messages))
	if err != nil {
		return nil, fmt.Errorf("read the events: %w", err)
	}
	if err := r.nameEvents(ctx, found); err != nil {
		return nil, fmt.Errorf("read the ids of the events: %w", err)
	}
	for _, at := range places {
		// One that is gone by now was erased between the two statements.
		if e := found[at]; e != nil {
			result.Events = append(result.Events, e.Event)
		}
	}
	return result, nil
}

func (r *run) eventPlaces(ctx context.Context, s Statement) (places []place, messages []string, err error) {
	err = r.each(ctx, s, func(rows Rows) error {
		var at place
		var message string
		err := rows.Scan(&at.time, &at.epoch, &at.partition, &at.offset, &at.index, &message)
		places, messages = append(places, at), append(messages, message)
		return err
	})
	return places, messages, err
}

// foundEvent is an event whose ids are still hashes.
type foundEvent struct {
	Event
	visitor, user footfall.ID
}

// actor is the id the event speaks for by itself.
func (e *foundEvent) actor() footfall.ID {
	if e.user.IsZero() {
		return e.visitor
	}
	return e.user
}

func (r *run) eventsAt(ctx context.Context, s Statement) (map[place]*foundEvent, error) {
	found := map[place]*foundEvent{}
	err := r.each(ctx, s, func(rows Rows) error {
		var at place
		var e foundEvent
		var original, sent, received int64
		var session uint64
		var visitor, user hexID
		var properties, context string
		err := rows.Scan(&at.time, &at.epoch, &at.partition, &at.offset, &at.index, &e.ID, &e.Type, &e.Name,
			&original, &sent, &received, (*string)(&visitor), (*string)(&user), &session, &properties, &context)
		if err != nil {
			return err
		}
		e.visitor, e.user = visitor.id(), user.id()
		e.Time = time.UnixMilli(at.time).UTC()
		e.Received = time.UnixMilli(at.time + received).UTC()
		if original != schema.Absent {
			t := time.UnixMilli(at.time - original).UTC()
			e.Original = &t
		}
		if sent != schema.Absent {
			t := e.Received.Add(-time.Duration(sent) * time.Millisecond)
			e.Sent = &t
		}
		if session != 0 {
			text := fmt.Sprintf("%016x", session)
			e.Session = &text
		}
		e.Properties, e.Context = object(properties), object(context)
		found[at] = &e
		return nil
	})
	return found, err
}

// object returns a JSON object as it was sent. Anything else cannot be in an
// answer and cannot have passed the door.
func object(text string) json.RawMessage {
	if text == "" || text[0] != '{' || !json.Valid([]byte(text)) {
		return json.RawMessage("{}")
	}
	return json.RawMessage(text)
}

// nameEvents replaces hashes by the texts of the sender.
func (r *run) nameEvents(ctx context.Context, found map[place]*foundEvent) error {
	actors := map[footfall.ID]bool{}
	for _, e := range found {
		actors[e.actor()] = true
	}
	persons, err := r.personsOf(ctx, actors)
	if err != nil {
		return err
	}
	ids := map[footfall.ID]bool{}
	for _, e := range found {
		ids[e.visitor], ids[e.user], ids[persons.of(e.actor())] = true, true, true
	}
	texts, err := r.textsOf(ctx, ids)
	if err != nil {
		return err
	}
	for _, e := range found {
		if who, ok := texts[e.visitor]; ok && e.visitor != e.user {
			e.Visitor = &who.text
		}
		if who, ok := texts[e.user]; ok {
			e.User = &who.text
		}
		if who, ok := texts[persons.of(e.actor())]; ok {
			id := who.person()
			e.Person = &id
		}
	}
	return nil
}

func parseInts(fields []string) ([]int64, bool) {
	list := make([]int64, len(fields))
	for i, field := range fields {
		n, err := strconv.ParseInt(field, 36, 64)
		if err != nil {
			return nil, false
		}
		list[i] = n
	}
	return list, true
}

// cursor returns the text that a page continues from.
func (p place) cursor() string {
	return encodeCursor('e', []int64{p.time, p.epoch, p.partition, p.offset, p.index})
}

func parseEventCursor(text string) (place, bool) {
	n, ok := decodeCursor('e', text, 5)
	if !ok {
		return place{}, false
	}
	at := place{n[0], n[1], n[2], n[3], n[4]}
	t := time.UnixMilli(at.time)
	sound := !t.Before(earliest) && !t.After(latest.AddDate(0, 0, 1)) && at.epoch >= 0 && at.partition >= 0 && at.offset >= 0 && at.index >= 0
	return at, sound
}
