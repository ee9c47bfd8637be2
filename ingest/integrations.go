package ingest

import (
	"bytes"

	"github.com/footfall-go/footfall/ingest/internal/envelope"
)

// integrated adds to the event's context what its sender says of integrations:
// which other tools are to get it, and what they are to be told. Footfall sends
// nothing on by itself; a tap may go by it. A place of its own in every event
// would be empty in nearly all.
func (s *request) integrated(m, shared *envelope.Message) {
	own := s.raw(m, envelope.Integrations)
	if own == nil && s.integrations == nil {
		return
	}
	for _, from := range [...]*envelope.Message{m, shared} {
		if from != nil && (from.Has(envelope.ContextIntegrations) || from.Null(envelope.ContextIntegrations)) {
			return // what a context says itself stays as it was sent
		}
	}
	if s.integrations != nil {
		own = s.merged(s.made.integrations, m, s.integrations, envelope.Integrations)
		s.made.integrations = own
	}
	if len(bytes.TrimSpace(own[1:len(own)-1])) == 0 {
		return
	}
	b := append(s.made.integrated[:0], `{"integrations":`...)
	b = join(append(b, own...), s.event.Context)
	s.event.Context, s.made.integrated = b, b
}
