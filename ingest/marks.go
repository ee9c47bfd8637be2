package ingest

import (
	"bytes"
	"slices"
	"strings"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/ingest/internal/envelope"
	"github.com/footfall-go/footfall/ingest/internal/scan"
	"github.com/footfall-go/footfall/internal/schema"
)

// mark gives the event in hand its marks, while its name is still its own: a cap
// may take it away. What has no session needs none.
func (s *request) mark(m, shared *envelope.Message) {
	ev := &s.event
	if !ev.Type.Behaviour() {
		return
	}
	rules := &s.tenant.Session
	if s.nonInteraction(m) || among(rules.NonInteractive, ev.Name) {
		ev.Marks |= footfall.NonInteractive
	}
	if among(rules.KeyEvents, ev.Name) {
		ev.Marks |= footfall.KeyEvent
	}
	switch id := s.givenSession(m, shared); {
	case len(id) > 0:
		ev.Marks |= footfall.BySender
		ev.Tag = tagOf(id)
	case rules.Campaign:
		ev.Marks |= footfall.ByCampaign // and the tag is that of what is derived
	}
}

// tagOf returns the number of a text: not 0, which is that of no text.
func tagOf(text []byte) uint32 {
	return max(uint32(schema.Hash64(footfall.ID{}, string(text))), 1)
}

// givenSession returns what the sender calls the event's session, where that
// counts. What stands for no id is none.
func (s *request) givenSession(m, shared *envelope.Message) (id []byte) {
	name := s.tenant.Session.ID
	if name == "" {
		return nil
	}
	f := envelope.Properties
	if rest, ok := strings.CutPrefix(name, "context."); ok {
		f, name = envelope.Context, rest
	}
	look := func(m *envelope.Message) {
		if s.raw(m, f) == nil {
			return
		}
		s.decoder.Members(m, f, func(key, member []byte) {
			if string(key) == name {
				id = valueOf(member)
			}
		})
	}
	if f == envelope.Context && shared != nil {
		look(shared)
	}
	look(m) // whose own word counts
	if !isGroupID(id) {
		return nil
	}
	if id[0] == '"' {
		id = scan.Unquote(id)
	}
	if placeholder(id) {
		return nil
	}
	return id
}

func among(names []string, name []byte) bool {
	return slices.ContainsFunc(names, func(n string) bool { return n == string(name) }) // which copies nothing
}

// nonInteraction reports whether the sender says that nobody did it, in the words
// of Google Analytics and of the SDKs that forward to it.
func (s *request) nonInteraction(m *envelope.Message) bool {
	for _, f := range [...]envelope.Field{envelope.PropertyNonInteraction, envelope.PropertyNonInteractionSnake} {
		if !m.Has(f) {
			continue
		}
		switch raw := s.decoder.Raw(m, f); s.decoder.Kind(m, f) {
		case envelope.Bool:
			return raw[0] == 't'
		case envelope.Number:
			// Zero can be written with a sign, a fraction and an exponent.
			digits, _, _ := bytes.Cut(bytes.ToLower(raw), []byte{'e'})
			return len(bytes.Trim(digits, "-0.")) > 0
		case envelope.String:
			return string(raw) == `"true"` || string(raw) == `"1"`
		}
	}
	return false
}
