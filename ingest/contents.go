package ingest

import (
	"bytes"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/ingest/internal/envelope"
)

// made holds texts of the event in hand that are not in the body.
type made struct {
	messageID    [24]byte
	groupID      []byte // a view of the body
	properties   []byte
	context      []byte
	integrations []byte
	integrated   []byte // the context with the integrations
	derived      []byte
	text         []byte
	place        []byte // members of derived: where the address last seen is
}

// contents fills in properties, context and derived names.
func (s *request) contents(m, shared *envelope.Message) {
	ev := &s.event
	switch ev.Type {
	case footfall.Identify:
		if ev.Properties = s.raw(m, envelope.Traits); !m.Has(envelope.Traits) {
			ev.Properties = s.raw(m, envelope.ContextTraits)
		}
	case footfall.Group:
		ev.Properties = s.raw(m, envelope.Traits)
	case footfall.Page, footfall.Screen:
		ev.Properties = s.named(m)
	default:
		ev.Properties = s.raw(m, envelope.Properties)
	}
	ev.Context = s.raw(m, envelope.Context)
	if shared != nil {
		if ev.Context == nil {
			ev.Context = s.raw(shared, envelope.Context)
		} else {
			ev.Context = s.merged(s.made.context, m, shared, envelope.Context)
			s.made.context = ev.Context
		}
	}
	s.integrated(m, shared)
	s.mark(m, shared)
	s.derive(m, shared)
	s.redact()
	s.cap()
}

// named returns the properties of a page or screen with its name and category,
// where the properties have none of their own.
func (s *request) named(m *envelope.Message) []byte {
	raw := s.raw(m, envelope.Properties)
	name := m.Has(envelope.Name) && !m.Has(envelope.PropertyName)
	category := m.Has(envelope.Category) && !m.Has(envelope.PropertyCategory)
	if !name && !category {
		return raw
	}
	b := s.made.properties[:0]
	b = append(b, '{')
	if name {
		b = append(append(b, `"name":`...), s.decoder.Raw(m, envelope.Name)...)
	}
	if category {
		if name {
			b = append(b, ',')
		}
		b = append(append(b, `"category":`...), s.decoder.Raw(m, envelope.Category)...)
	}
	if m.Null(envelope.PropertyName) || m.Null(envelope.PropertyCategory) {
		// They are not to stand there twice, once with null.
		s.decoder.Members(m, envelope.Properties, func(key, member []byte) {
			if string(key) != "name" && string(key) != "category" {
				b = append(append(b, ','), member...)
			}
		})
		raw = nil
	}
	b = join(b, raw)
	s.made.properties = b
	return b
}

// merged returns an object of a message with the members of the shared one that
// it does not have itself. It is made in memory.
func (s *request) merged(memory []byte, m, shared *envelope.Message, f envelope.Field) []byte {
	if s.shared == nil {
		s.shared = map[string]bool{}
	}
	// A map, since a sender could make comparing each with each very long.
	clear(s.shared)
	own := s.raw(m, f)
	if own != nil {
		s.decoder.Members(m, f, func(name, _ []byte) { s.shared[string(name)] = true })
	}
	b := append(memory[:0], '{')
	s.decoder.Members(shared, f, func(name, member []byte) {
		if !s.shared[string(name)] {
			if len(b) > 1 {
				b = append(b, ',')
			}
			b = append(b, member...)
		}
	})
	return join(b, own)
}

// join ends an object that was begun in b with the members of another, which
// may be nil.
func join(b, object []byte) []byte {
	if object == nil {
		return append(b, '}')
	}
	if rest := bytes.TrimLeft(object[1:], " \t\r\n"); len(b) > 1 && rest[0] != '}' {
		b = append(b, ',')
	}
	return append(b, object[1:]...)
}
