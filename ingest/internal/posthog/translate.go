package posthog

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"
)

// Batch is a request in the door's own form.
type Batch struct {
	// Key is the project key that the request carries, "" if none.
	Key string
	// Body is the envelope.
	Body []byte
	// Source tells, for each message of Body, which event it came from.
	Source []int
}

// errBody says that a body is neither of the forms a request may have.
var errBody = errors.New("the body must be an event, an array of events, or an object with a batch of them")

// ErrTooMany says that a request has more events than asked for.
var ErrTooMany = errors.New("too many events in the batch")

// object is a JSON object whose values are kept as they came.
type object map[string]json.RawMessage

// Translate reads a body of valid or invalid JSON. Sent is when the query of
// the request says that it was sent, zero if it does not; received is now.
func Translate(body []byte, limit int, sent, received time.Time) (*Batch, error) {
	var events []json.RawMessage
	var envelope object
	switch trimmed := bytes.TrimLeft(body, " \t\r\n"); {
	case len(trimmed) > 0 && trimmed[0] == '[':
		if err := json.Unmarshal(body, &events); err != nil {
			return nil, err
		}
	default:
		if err := json.Unmarshal(body, &envelope); err != nil || envelope == nil {
			return nil, cmpErr(err, errBody)
		}
		batch, ok := envelope["batch"]
		if !ok {
			events = []json.RawMessage{body}
		} else if err := json.Unmarshal(batch, &events); err != nil {
			return nil, errBody
		}
	}
	if len(events) > limit {
		return nil, ErrTooMany
	}
	t := translator{received: received, batch: &Batch{Key: firstText(envelope, "api_key", "token"), Source: []int{}}}
	t.out = append(t.out, '{')
	t.sentAt(envelope, sent)
	t.out = append(t.out, `"batch":[`...)
	for i, raw := range events {
		t.event(i, raw)
	}
	t.batch.Body = append(t.out, "]}"...)
	return t.batch, nil
}

func cmpErr(err, otherwise error) error {
	// A type error is about our own types, of which the sender knows nothing.
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		return err
	}
	return otherwise
}

type translator struct {
	received time.Time
	batch    *Batch
	out      []byte
}

// sentAt adds when the request was sent.
func (t *translator) sentAt(envelope object, sent time.Time) {
	raw := envelope["sent_at"]
	if raw == nil && !sent.IsZero() {
		raw = quote(sent.UTC().Format(time.RFC3339Nano))
	}
	if raw != nil {
		t.out = append(append(append(t.out, `"sentAt":`...), raw...), ',')
	}
}

// add appends a message that came from an event.
func (t *translator) add(source int, message []byte) {
	if len(t.batch.Source) > 0 {
		t.out = append(t.out, ',')
	}
	t.out = append(t.out, message...)
	t.batch.Source = append(t.batch.Source, source)
}

// encode returns an object with its members in the order of their names, so
// that equal contexts have equal bytes: the log then keeps one of them.
func (o object) encode() json.RawMessage {
	b := []byte{'{'}
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(append(append(b, quote(name)...), ':'), o[name]...)
	}
	return append(b, '}')
}

// move takes a member out of one object and into another, unless it is null.
func (o object) move(name string, to object, as string) {
	if raw, ok := o[name]; ok {
		delete(o, name)
		if !isNull(raw) {
			to[as] = raw
		}
	}
}

// put adds an object as a member, unless it is empty.
func (o object) put(name string, member object) {
	if len(member) > 0 {
		o[name] = member.encode()
	}
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// quote returns a text as a JSON string, without the escapes that HTML wants.
func quote(text string) json.RawMessage {
	plain := true
	for i := range len(text) {
		plain = plain && text[i] >= ' ' && text[i] <= '~' && text[i] != '"' && text[i] != '\\'
	}
	if plain {
		return json.RawMessage(`"` + text + `"`)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string and a buffer: nothing can fail
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'})
}

// text returns a member that is a string, "" if it is something else.
func (o object) text(name string) string {
	var text string
	if raw := o[name]; len(raw) > 0 && raw[0] == '"' {
		_ = json.Unmarshal(raw, &text) // it was scanned as part of the body
	}
	return text
}

// id returns a member that is an id: a string, or a number as it is written.
func (o object) id(name string) json.RawMessage {
	raw := o[name]
	if isNull(raw) || string(raw) == `""` {
		return nil
	}
	return raw
}

// firstText returns the first of some members that is a text and not empty.
func firstText(o object, names ...string) string {
	for _, name := range names {
		if text := o.text(name); text != "" {
			return text
		}
	}
	return ""
}

// asObject returns a value as an object, nil if it is something else.
func asObject(raw json.RawMessage) object {
	var o object
	if len(raw) == 0 || raw[0] != '{' || json.Unmarshal(raw, &o) != nil {
		return nil
	}
	return o
}

// withoutNulls drops what has no value: posthog-js lists every campaign
// parameter it knows.
func (o object) withoutNulls() object {
	maps.DeleteFunc(o, func(_ string, raw json.RawMessage) bool { return isNull(raw) })
	return o
}

// emptyArray reports whether a value is what PHP makes of an empty object.
func emptyArray(raw json.RawMessage) bool {
	return raw[0] == '[' && len(bytes.TrimSpace(raw[1:len(raw)-1])) == 0
}

// isFalse tells false from a member that is not there.
func (o object) isFalse(name string) bool { return string(o[name]) == "false" }

// before returns the moment that lies an offset of milliseconds before t.
func before(t time.Time, offset json.RawMessage) json.RawMessage {
	ms, err := strconv.ParseInt(string(offset), 10, 64)
	if err != nil || ms < 0 || ms > 1<<40 {
		return nil
	}
	return quote(t.Add(-time.Duration(ms) * time.Millisecond).UTC().Format("2006-01-02T15:04:05.000Z"))
}
