package ingest

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"unicode/utf8"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/ingest/internal/envelope"
	"github.com/footfall-go/footfall/internal/record"
)

// names are what events other than track are called in queries.
var names = [...][]byte{
	footfall.Page: []byte("$page"), footfall.Screen: []byte("$screen"), footfall.Identify: []byte("$identify"),
	footfall.Group: []byte("$group"), footfall.Alias: []byte("$alias"),
}

// reserved reports whether a name is one that the door gives. A track message
// with it would be taken for what it is not: for a call that is no behaviour, or
// for all events beyond a cap. Other names with "$" are free: PostHog's SDKs have
// many.
func reserved(name []byte) bool {
	if name[0] != '$' {
		return false
	}
	for _, ours := range names {
		if bytes.Equal(name, ours) {
			return true
		}
	}
	return string(name) == otherEvent
}

// check makes s.event of a message, or tells why it cannot. Shared is the
// envelope if it has a context. Without a message type the message must say.
func (s *request) check(m, shared *envelope.Message, message footfall.Type) refusal {
	switch {
	case !m.Object:
		return refuse(BadType, envelope.None, "a message must be a JSON object")
	case m.NotUTF8:
		return refuse(InvalidJSON, envelope.None, "the message is not valid UTF-8")
	case m.Len() > maxEvent:
		return refuse(TooLarge, envelope.None, "a message has at most 32 KiB")
	case m.TooDeep:
		return refuse(TooDeep, envelope.None, "the message is nested deeper than 32 levels")
	}
	if message == 0 {
		if s.decoder.Kind(m, envelope.Type) == envelope.String {
			message = messageType(s.decoder.Text(m, envelope.Type))
		}
		if message == 0 {
			return refuse(UnknownType, envelope.Type, "type must be track, page, screen, identify, group or alias")
		}
	}
	s.addresses(m, shared)
	s.event = record.Event{Type: message}
	if r := s.messageID(m); r.code != "" {
		return r
	}
	if r := s.name(m); r.code != "" {
		return r
	}
	if r := s.ids(m); r.code != "" {
		return r
	}
	if r := s.erased(); r.code != "" {
		return r
	}
	for _, f := range [...]envelope.Field{envelope.Properties, envelope.Traits, envelope.Context} {
		if !s.object(m, f) {
			return refuse(BadType, f, f.String()+" must be an object")
		}
	}
	if r := s.times(m); r.code != "" {
		return r
	}
	r := s.groupID(m)
	if r.code == "" {
		s.contents(m, shared)
	}
	return r
}

// object reports whether a field is an object or not there. PHP's empty array
// may be either.
func (s *request) object(m *envelope.Message, f envelope.Field) bool {
	switch s.decoder.Kind(m, f) {
	case envelope.Absent, envelope.Object:
		return true
	case envelope.Array:
		raw := s.decoder.Raw(m, f)
		return len(bytes.TrimSpace(raw[1:len(raw)-1])) == 0
	}
	return false
}

// raw returns an object as it was sent, nil if it is empty.
func (s *request) raw(m *envelope.Message, f envelope.Field) []byte {
	raw := s.decoder.Raw(m, f)
	if len(raw) <= 2 || s.decoder.Kind(m, f) != envelope.Object {
		return nil
	}
	return raw
}

func (s *request) messageID(m *envelope.Message) refusal {
	const wrong = "messageId must be a text of at most 100 characters"
	switch s.decoder.Kind(m, envelope.MessageID) {
	case envelope.Absent:
	case envelope.String:
		id := s.decoder.Text(m, envelope.MessageID)
		if len(id) > maxMessageID && utf8.RuneCount(id) > maxMessageID {
			return refuse(BadMessageID, envelope.MessageID, wrong)
		}
		if len(id) > 0 {
			s.event.MessageID = id
			return refusal{}
		}
	default:
		return refuse(BadMessageID, envelope.MessageID, wrong)
	}
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails: crypto/rand aborts the program instead
	s.event.MessageID = base64.RawURLEncoding.AppendEncode(s.made.messageID[:0], id[:])
	return refusal{}
}

func (s *request) name(m *envelope.Message) refusal {
	switch s.event.Type {
	case footfall.Track:
		switch s.decoder.Kind(m, envelope.Event) {
		case envelope.Absent:
			return refuse(MissingEvent, envelope.Event, "event is required")
		case envelope.String:
		default:
			return refuse(BadType, envelope.Event, "event must be a text")
		}
		s.event.Name = s.decoder.Text(m, envelope.Event)
		switch {
		case len(s.event.Name) == 0:
			return refuse(MissingEvent, envelope.Event, "event is required")
		case len(s.event.Name) > maxName:
			return refuse(TooLarge, envelope.Event, "event has at most 500 bytes")
		case reserved(s.event.Name):
			return refuse(ReservedName, envelope.Event, "event may not be $page, $screen, $identify, $group, $alias or $other: send a message of that type, or choose another name")
		}
		return refusal{}
	case footfall.Page, footfall.Screen:
		for _, f := range [...]envelope.Field{envelope.Name, envelope.Category} {
			if k := s.decoder.Kind(m, f); k != envelope.Absent && k != envelope.String {
				return refuse(BadType, f, f.String()+" must be a text")
			}
		}
	}
	s.event.Name = names[s.event.Type]
	return refusal{}
}

func (s *request) ids(m *envelope.Message) refusal {
	ev := &s.event
	empty := envelope.None // the last id that is an empty text
	for _, f := range [...]envelope.Field{envelope.UserID, envelope.AnonymousID, envelope.PreviousID} {
		if !m.Has(f) {
			continue
		}
		id, r := s.id(m, f)
		if r.code == "" {
			r = legal(id, f)
		}
		switch {
		case r.code != "":
			return r
		case len(id) == 0:
			empty = f
		case f == envelope.UserID:
			ev.User = id
		case f == envelope.AnonymousID:
			ev.Anonymous = id
		case ev.Type == footfall.Alias:
			ev.Previous = id
		}
	}
	if ev.Type == footfall.Alias {
		if len(ev.Previous) == 0 {
			ev.Previous = ev.Anonymous
		}
		switch {
		case len(ev.User) == 0:
			return missing(empty, envelope.UserID, "userId is required")
		case len(ev.Previous) == 0:
			return missing(empty, envelope.PreviousID, "previousId or anonymousId is required")
		}
	} else if len(ev.User) == 0 && len(ev.Anonymous) == 0 {
		return missing(empty, envelope.None, "userId or anonymousId is required")
	}
	return refusal{}
}

func missing(empty, f envelope.Field, message string) refusal {
	if empty != envelope.None {
		return refuse(IllegalID, empty, empty.String()+" is empty; "+message)
	}
	return refuse(MissingID, f, message)
}

// groupID fills in the id of the group that a message is about, if it has one.
func (s *request) groupID(m *envelope.Message) (r refusal) {
	s.made.groupID = nil
	if s.event.Type == footfall.Group && m.Has(envelope.GroupID) {
		if s.made.groupID, r = s.id(m, envelope.GroupID); r.code == "" {
			r = legal(s.made.groupID, envelope.GroupID)
		}
	}
	return r
}

// id returns the text of an id, nil if there is none.
func (s *request) id(m *envelope.Message, f envelope.Field) ([]byte, refusal) {
	switch s.decoder.Kind(m, f) {
	case envelope.Absent:
		return nil, refusal{}
	case envelope.String:
		return s.decoder.Text(m, f), refusal{}
	case envelope.Number:
		if raw := s.decoder.Raw(m, f); integer(raw) {
			return raw, refusal{}
		}
	}
	return nil, refuse(BadType, f, f.String()+" must be a text or an integer")
}

// integer reports whether a JSON number has one way of being written.
func integer(number []byte) bool {
	return !bytes.ContainsAny(number, ".eE") && string(number) != "-0"
}
