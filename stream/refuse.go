package stream

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/footfall-go/footfall"
)

// maxRefused is how many rows of one batch may go to quarantine. Beyond that
// it is not the rows that are wrong.
const maxRefused = 1000

// refuse deals with rows that will never be taken together: each half of them
// is sent next, and a single one is moved to quarantine, with its position, the
// reason and all it said.
func (d *delivery) refuse(ctx context.Context, rows []footfall.Event, reason error) error {
	if len(rows) > 1 {
		p := *d.next()
		d.todo = d.todo[:len(d.todo)-1]
		for {
			left, right := p.halves()
			switch {
			case len(left.of(rows)) == 0:
				p = right // the same rows: refused already
			case len(right.of(rows)) == 0:
				p = left
			default:
				d.todo = append(d.todo, right, left)
				return nil
			}
		}
	}
	ev := &rows[0]
	if len(d.b.refused) >= maxRefused {
		return stopf("the store refuses more than %d rows of records [%d, %d), the last one: %w",
			maxRefused, d.b.out.From, d.b.out.To, reason)
	}
	q := refusal{event: *ev, time: d.b.timeOf(ev.Position.Offset), reason: reason.Error()}
	rejected := footfall.Upserts{Rejected: []footfall.Rejected{{
		Tenant: ev.Tenant, Silo: ev.Silo, Position: ev.Position, Time: q.time, Reason: q.reason, Payload: payload(ev),
	}}}
	err := d.o.retry(ctx, inserting, "write the rejected row", func(ctx context.Context) error {
		return d.o.r.cfg.Store.Upsert(ctx, &rejected)
	})
	if footfall.IsPermanent(err) {
		return stopf("the store refuses a row and its quarantine: %w", err)
	}
	if err != nil {
		return err
	}
	d.b.refused = append(d.b.refused, q)
	d.reject(coordinate(ev))
	d.o.r.inst.quarantined.Add(ctx, 1, d.o.attrs)
	d.o.log.Warn("event moved to quarantine", "tenant", ev.Tenant.String(), "offset", ev.Position.Offset,
		"index", ev.Position.Index, "reason", q.reason)
	return nil
}

// payload is an event as its sender would write it.
func payload(ev *footfall.Event) string {
	at := func(m footfall.Millis) string {
		if m == 0 {
			return ""
		}
		return m.Time().Format(time.RFC3339Nano)
	}
	object := func(text string) any {
		if json.Valid([]byte(text)) {
			return json.RawMessage(text)
		}
		return text // "" is left out
	}
	out := map[string]any{
		"type": ev.Type.String(), "event": ev.Name, "messageId": ev.MessageID,
		"anonymousId": ev.AnonymousID, "userId": ev.UserID, "previousId": ev.PreviousID,
		"timestamp": at(ev.Time), "originalTimestamp": at(ev.Original), "sentAt": at(ev.Sent), "receivedAt": at(ev.Received),
		"properties": object(ev.Properties), "context": object(ev.Context), "derived": object(ev.Derived),
	}
	for key, v := range out {
		if v == "" {
			delete(out, key)
		}
	}
	text, err := json.Marshal(out)
	if err != nil {
		return fmt.Sprintf("%+v", *ev) // JSON cannot say it, which may be why it was refused
	}
	return string(text)
}
