package query

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
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
	var ids []string
	if q.Person != "" {
		if ids, err = r.idsOfPerson(ctx, p, personID(r.tenant.ID, q.Person)); err != nil {
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
	visitor, user, person string
}

const noID = "00000000000000000000000000000000"

func (r *run) eventsAt(ctx context.Context, s Statement) (map[place]*foundEvent, error) {
	found := map[place]*foundEvent{}
	err := r.each(ctx, s, func(rows Rows) error {
		var at place
		var e foundEvent
		var original, sent, received int64
		var session uint64
		var properties, context string
		err := rows.Scan(&at.time, &at.epoch, &at.partition, &at.offset, &at.index, &e.ID, &e.Type, &e.Name,
			&original, &sent, &received, &e.visitor, &e.user, &session, &properties, &context, &e.person)
		if err != nil {
			return err
		}
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
	set := map[string]bool{}
	for _, e := range found {
		set[e.visitor], set[e.user], set[e.person] = true, true, true
	}
	texts, err := r.textsOf(ctx, set)
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
		if who, ok := texts[e.person]; ok {
			id := who.person()
			e.Person = &id
		}
	}
	return nil
}

// textsOf looks ids up.
func (r *run) textsOf(ctx context.Context, set map[string]bool) (map[string]idText, error) {
	delete(set, noID)
	if len(set) == 0 {
		return nil, nil
	}
	ids := make([]string, 0, len(set))
	for id := range set {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	texts := make(map[string]idText, len(ids))
	err := r.each(ctx, r.plan().compileIDs(ids), func(rows Rows) error {
		var id string
		var t idText
		err := rows.Scan(&id, &t.kind, &t.text)
		texts[id] = t
		return err
	})
	return texts, err
}

// idsOfPerson returns the person that an id belongs to and all ids that do.
func (r *run) idsOfPerson(ctx context.Context, p *plan, id footfall.ID) ([]string, error) {
	if p.resolvesNothing() {
		return []string{id.String()}, nil
	}
	var person string
	err := r.each(ctx, p.compilePerson(id), func(rows Rows) error { return rows.Scan(&person) })
	if err != nil {
		return nil, err
	}
	return r.idsOf(ctx, p, []string{person})
}

// idsOf returns the ids of persons, their own first.
func (r *run) idsOf(ctx context.Context, p *plan, persons []string) ([]string, error) {
	ids := slices.Clone(persons)
	if p.resolvesNothing() {
		return ids, nil
	}
	err := r.each(ctx, p.compileIDsOf(persons), func(rows Rows) error {
		var id string
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

func (p *plan) resolvesNothing() bool { return !p.people.links && !p.people.aliases }

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
