package querytest

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/query"
)

const defaultPage = 100

// events lists events, the newest first.
func (a *asked) events(q *query.Events) *query.EventsResult {
	facts := a.within(a.from, a.to, a.shared(q.Filter), func(f *fact) bool {
		return q.Person == "" || f.person == a.people.of(a.idOf(q.Person))
	})
	// Of one time the partitions of the log stand one after the other.
	slices.SortFunc(facts, func(x, y *fact) int { return -cmp.Or(cmp.Compare(x.Time, y.Time), x.Position.Compare(y.Position)) })
	if q.Cursor != "" {
		n := slices.IndexFunc(facts, func(f *fact) bool { return eventCursor(f) == q.Cursor })
		facts = facts[n+1:]
	}
	result := &query.EventsResult{Events: []query.Event{}}
	if size := cmp.Or(q.Limit, defaultPage); len(facts) > size {
		facts = facts[:size]
		next := eventCursor(facts[size-1])
		result.Next = &next
	}
	for _, f := range facts {
		result.Events = append(result.Events, a.shown(f))
	}
	return result
}

// idOf returns the id of "user:ID" or "visitor:ID".
func (a *asked) idOf(person string) footfall.ID {
	if user, ok := strings.CutPrefix(person, "user:"); ok {
		return schema.UserID(a.tenant.ID, user)
	}
	return schema.VisitorID(a.tenant.ID, strings.TrimPrefix(person, "visitor:"))
}

// eventCursor is the cursor behind an event.
func eventCursor(f *fact) string {
	text := "e"
	for i, n := range []int64{int64(f.Time), int64(f.Position.Epoch), int64(f.Position.Partition), f.Position.Offset, int64(f.Position.Index)} {
		if i > 0 {
			text += "."
		}
		text += strconv.FormatInt(n, 36)
	}
	return base64.RawURLEncoding.EncodeToString([]byte(text))
}

func (a *asked) shown(f *fact) query.Event {
	e := query.Event{
		ID: f.MessageID, Type: f.Type.String(), Name: f.Name, Time: f.Time.Time(), Received: f.Received.Time(),
		Original: given(f.Original), Sent: given(f.Sent), Properties: object(f.Properties), Context: object(f.Context),
	}
	if f.Visitor != f.User {
		e.Visitor = a.people.text(f.Visitor)
	}
	if !f.User.IsZero() {
		e.User = a.people.text(f.User)
	}
	if name := a.people.name(f.person); name != "" {
		e.Person = &name
	}
	if f.Session != 0 {
		text := fmt.Sprintf("%016x", f.Session)
		e.Session = &text
	}
	return e
}

func given(m footfall.Millis) *time.Time {
	if m == 0 {
		return nil
	}
	t := m.Time()
	return &t
}

func object(text string) json.RawMessage {
	if text == "" {
		return json.RawMessage("{}")
	}
	return json.RawMessage(text)
}
