package ingest

import (
	"bytes"
	"slices"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/ingest/internal/envelope"
)

// mark gives the event in hand its marks, while its name is still its own: a cap
// may take it away. What has no session needs none.
func (s *request) mark(m *envelope.Message) {
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
