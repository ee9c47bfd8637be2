package ingest

import (
	"bytes"
	"encoding/json"
	"time"
	"unicode/utf8"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/ingest/internal/envelope"
)

// Message is an event of the host's own, for [Handler.Track]. A field that is
// left zero is not sent; what each means is said of the wire in the package's
// documentation.
type Message struct {
	// Type is the kind of message. Defaults to [footfall.Track].
	Type footfall.Type
	// Event is the name of what happened. Required for track, unused
	// otherwise.
	Event string
	// UserID is who did it. It or AnonymousID is required.
	UserID string
	// AnonymousID is the visitor who did it. Defaults to none.
	AnonymousID string
	// PreviousID is the visitor that an alias is about. Defaults to
	// AnonymousID.
	PreviousID string
	// GroupID is the group that a group message is about. Defaults to none.
	GroupID string
	// MessageID makes a message that is sent again the same event. Defaults
	// to a random one.
	MessageID string
	// Timestamp is when it happened. Defaults to now.
	Timestamp time.Time
	// Name and Category are those of a page or a screen. Default to none.
	Name, Category string
	// Properties describe a track, page or screen. Defaults to none.
	Properties map[string]any
	// Traits describe the user of an identify or the group of a group.
	// Defaults to none.
	Traits map[string]any
	// Context is about the circumstances. Defaults to none.
	Context map[string]any
}

// appendMessage appends a message as it stands on the wire, in one line. What
// cannot be written is refused here, with what the wire would have been told.
func appendMessage(b []byte, m *Message) ([]byte, refusal) {
	kind := m.Type
	if kind == 0 {
		kind = footfall.Track
	}
	b = appendQuoted(append(b, `{"type":`...), kind.String())
	for _, f := range [...]struct {
		field envelope.Field
		text  string
	}{
		{envelope.Event, m.Event},
		{envelope.UserID, m.UserID},
		{envelope.AnonymousID, m.AnonymousID},
		{envelope.PreviousID, m.PreviousID},
		{envelope.GroupID, m.GroupID},
		{envelope.MessageID, m.MessageID},
		{envelope.Name, m.Name},
		{envelope.Category, m.Category},
	} {
		if f.text == "" {
			continue
		}
		// Quoting would mend it, and make one id of two.
		if !utf8.ValidString(f.text) {
			return b, refuse(InvalidJSON, f.field, f.field.String()+" is not valid UTF-8")
		}
		b = appendQuoted(appendName(b, f.field), f.text)
	}
	if !m.Timestamp.IsZero() {
		b = append(appendName(b, envelope.Timestamp), '"')
		b = append(m.Timestamp.UTC().AppendFormat(b, time.RFC3339Nano), '"')
	}
	for _, f := range [...]struct {
		field  envelope.Field
		object map[string]any
	}{{envelope.Properties, m.Properties}, {envelope.Traits, m.Traits}, {envelope.Context, m.Context}} {
		if len(f.object) == 0 {
			continue
		}
		var err error
		if b, err = appendObject(appendName(b, f.field), f.object); err != nil {
			return b, refuse(BadType, f.field, f.field.String()+" cannot be written as JSON: "+err.Error())
		}
	}
	return append(b, '}'), refusal{}
}

func appendName(b []byte, f envelope.Field) []byte {
	return append(append(append(b, ',', '"'), f.String()...), '"', ':')
}

// appendObject writes a map without a line feed in it, and with < and & as they
// are: they are many in addresses.
func appendObject(b []byte, object map[string]any) ([]byte, error) {
	buffer := bytes.NewBuffer(b)
	encoder := json.NewEncoder(buffer)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(object)
	return bytes.TrimSuffix(buffer.Bytes(), []byte{'\n'}), err
}
