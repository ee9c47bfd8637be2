package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/footfall-go/footfall"
)

// Payload is an event in quarantine, as its sender would write it, with what
// was made of it: JSON, for people to read and for a replay to take up.
type Payload struct {
	Type           string          `json:"type"`
	Event          string          `json:"event,omitempty"`
	MessageID      string          `json:"messageId,omitempty"`
	AnonymousID    string          `json:"anonymousId,omitempty"`
	UserID         string          `json:"userId,omitempty"`
	PreviousID     string          `json:"previousId,omitempty"`
	Timestamp      string          `json:"timestamp,omitempty"`
	Original       string          `json:"originalTimestamp,omitempty"`
	Sent           string          `json:"sentAt,omitempty"`
	Received       string          `json:"receivedAt,omitempty"`
	Properties     json.RawMessage `json:"properties,omitempty"`
	Context        json.RawMessage `json:"context,omitempty"`
	Derived        json.RawMessage `json:"derived,omitempty"`
	NonInteractive bool            `json:"nonInteractive,omitempty"` // see [footfall.NonInteractive]
	KeyEvent       bool            `json:"keyEvent,omitempty"`       // see [footfall.KeyEvent]
	ByCampaign     bool            `json:"byCampaign,omitempty"`     // see [footfall.ByCampaign]
	BySender       bool            `json:"bySender,omitempty"`       // see [footfall.BySender]
	Tag            uint32          `json:"tag,omitempty"`            // of either
	Folded         bool            `json:"folded,omitempty"`         // see [Return]
	Session        uint64          `json:"session,string,omitempty"` // of a folded event
}

// marks are the fields that stand for the marks of an event.
func (p *Payload) marks() [4]payloadMark {
	return [...]payloadMark{
		{footfall.NonInteractive, &p.NonInteractive},
		{footfall.KeyEvent, &p.KeyEvent},
		{footfall.ByCampaign, &p.ByCampaign},
		{footfall.BySender, &p.BySender},
	}
}

type payloadMark struct {
	mark footfall.Marks
	on   *bool
}

// NewPayload returns an event as the payload of its row in quarantine. Folded
// says that sessions and links have counted it.
func NewPayload(ev *footfall.Event, folded bool) (string, error) {
	p := Payload{
		Type: ev.Type.String(), Event: ev.Name, MessageID: ev.MessageID,
		AnonymousID: ev.AnonymousID, UserID: ev.UserID, PreviousID: ev.PreviousID,
		Timestamp: stamp(ev.Time), Original: stamp(ev.Original), Sent: stamp(ev.Sent), Received: stamp(ev.Received),
		Tag: ev.Tag, Folded: folded,
	}
	for _, m := range p.marks() {
		*m.on = ev.Marks&m.mark != 0
	}
	if folded {
		p.Session = ev.Session
	}
	var err error
	for _, part := range []struct {
		to   *json.RawMessage
		text string
	}{{&p.Properties, ev.Properties}, {&p.Context, ev.Context}, {&p.Derived, ev.Derived}} {
		if *part.to, err = object(part.text); err != nil {
			return "", err
		}
	}
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	if err := out.Encode(&p); err != nil {
		return "", err
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

// object returns a text that is JSON as it is, any other as a JSON string.
func object(text string) (json.RawMessage, error) {
	if text == "" || json.Valid([]byte(text)) {
		return json.RawMessage(text), nil
	}
	return json.Marshal(text)
}

// stamp writes a moment, "" for none.
func stamp(m footfall.Millis) string {
	if m == 0 {
		return ""
	}
	return m.Time().Format(time.RFC3339Nano)
}

// ParsePayload reads what [NewPayload] wrote.
func ParsePayload(text string) (ev Event, back Return, received footfall.Millis, err error) {
	var p Payload
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return ev, back, 0, fmt.Errorf("read the payload: %w", err)
	}
	ev = Event{
		Name: []byte(p.Event), MessageID: []byte(p.MessageID),
		Anonymous: []byte(p.AnonymousID), User: []byte(p.UserID), Previous: []byte(p.PreviousID),
	}
	for _, m := range p.marks() {
		if *m.on {
			ev.Marks |= m.mark
		}
	}
	if ev.Marks&tagged == tagged {
		return ev, back, 0, errors.New("read the payload: it is byCampaign and bySender")
	}
	if ev.Marks&tagged != 0 {
		ev.Tag = p.Tag
	}
	for t := footfall.Track; t <= footfall.Alias; t++ {
		if t.String() == p.Type {
			ev.Type = t
		}
	}
	if ev.Type == 0 {
		return ev, back, 0, fmt.Errorf("read the payload: there is no type %q", p.Type)
	}
	for _, at := range []struct {
		to   *footfall.Millis
		text string
	}{{&ev.Time, p.Timestamp}, {&ev.Original, p.Original}, {&ev.Sent, p.Sent}, {&received, p.Received}} {
		if at.text == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339Nano, at.text)
		if err != nil {
			return ev, back, 0, fmt.Errorf("read the payload: %w", err)
		}
		*at.to = footfall.MillisOf(t)
	}
	for _, part := range []struct {
		to   *[]byte
		json json.RawMessage
	}{{&ev.Properties, p.Properties}, {&ev.Context, p.Context}, {&ev.Derived, p.Derived}} {
		*part.to = part.json
		if len(part.json) > 0 && part.json[0] == '"' { // no JSON when it came
			var text string
			if err := json.Unmarshal(part.json, &text); err != nil {
				return ev, back, 0, fmt.Errorf("read the payload: %w", err)
			}
			*part.to = []byte(text)
		}
	}
	return ev, Return{Folded: p.Folded, Session: p.Session}, received, nil
}
