package ingest

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/ingest/internal/envelope"
	"github.com/footfall-go/footfall/internal/problem"
)

// single serves the routes that take one message.
func (s *request) single(message footfall.Type) int {
	if p := s.open(); p != nil {
		return s.fail(*p)
	}
	m := &s.envelope.Message
	if err := s.decoder.Message(m); err != nil {
		return s.fail(*unreadable(err))
	}
	if p := s.knock(m); p != nil {
		return s.fail(*p)
	}
	if p := s.admit(1); p != nil {
		return s.fail(*p)
	}
	s.sent = s.sentAt(m)
	s.shift = s.ahead(s.sent)
	s.out.begin(s.tenant, s.received)
	s.take(m, nil, message, 0)
	return s.finish("")
}

// batch serves the route that takes many.
func (s *request) batch() int {
	if p := s.open(); p != nil {
		return s.fail(*p)
	}
	e := &s.envelope
	if err := s.decoder.Batch(e, maxBatch); err != nil {
		return s.fail(*unreadable(err))
	}
	if p := s.knock(&e.Message); p != nil {
		return s.fail(*p)
	}
	return s.messages(e)
}

// messages takes the messages of an envelope whose sender is known.
func (s *request) messages(e *envelope.Envelope) int {
	if p := s.unusable(e); p != nil {
		return s.fail(*p)
	}
	if p := s.admit(len(e.Items)); p != nil {
		return s.fail(*p)
	}
	s.sent = s.sentAt(&e.Message)
	s.shift = s.ahead(s.sent)
	if s.sent == 0 {
		s.shift = s.ahead(s.earliestSent(e.Items))
	}
	shared := &e.Message
	if s.decoder.Kind(shared, envelope.Context) != envelope.Object {
		shared = nil
	}
	if s.raw(&e.Message, envelope.Integrations) != nil {
		s.integrations = &e.Message
	}
	s.out.begin(s.tenant, s.received)
	for i := range e.Items {
		s.take(&e.Items[i], shared, 0, i)
	}
	return s.finish("/batch")
}

// take puts one message into the log's records, or among the rejected.
func (s *request) take(m, shared *envelope.Message, message footfall.Type, index int) {
	if r := s.check(m, shared, message); r.code != "" {
		rejected := rejection{refusal: r, index: index}
		if r.code != BadMessageID {
			rejected.messageID = s.givenID(m)
		}
		if m.Object && s.decoder.Kind(m, envelope.Event) == envelope.String {
			rejected.event = s.decoder.Text(m, envelope.Event)
		}
		s.rejected = append(s.rejected, rejected)
		return
	}
	s.keep(m, index)
}

// givenID returns the messageId that the sender gave a message, if it did.
func (s *request) givenID(m *envelope.Message) []byte {
	if m.Object && s.decoder.Kind(m, envelope.MessageID) == envelope.String {
		return s.decoder.Text(m, envelope.MessageID)
	}
	return nil
}

// finish answers after all messages were looked at. Paths of messages start
// with prefix; without one the request is the message.
func (s *request) finish(prefix string) int {
	if s.accepted+len(s.dropped) == 0 && len(s.rejected) > 0 {
		s.countRejected()
		return s.h.fail(s.w, s.r, s.nothingUsable(prefix))
	}
	if p := s.append(); p != nil {
		return s.fail(*p)
	}
	s.countRejected()
	return s.success()
}

// unusable finds what is wrong with an envelope as a whole, and whether there is
// room for what it becomes.
func (s *request) unusable(e *envelope.Envelope) *problem.Problem {
	switch {
	case e.NotUTF8:
		return badEnvelope("", InvalidJSON, "the body is not valid UTF-8")
	case !e.Object:
		return badEnvelope("", BadType, "the body must be a JSON object")
	case s.decoder.Kind(&e.Message, envelope.Batch) != envelope.Array:
		return badEnvelope("/batch", BadType, "batch must be an array of messages")
	case e.TooDeep:
		return badEnvelope("", TooDeep, "the envelope is nested deeper than 32 levels")
	case !s.object(&e.Message, envelope.Context):
		return badEnvelope("/context", BadType, "context must be an object")
	}
	shared := len(s.decoder.Raw(&e.Message, envelope.Context)) + len(s.raw(&e.Message, envelope.Integrations))
	merged := 0
	for i := range e.Items {
		merged += e.Items[i].Len() + shared
	}
	if shared > maxEvent || merged > maxMerged {
		return &problem.Problem{
			Status: http.StatusRequestEntityTooLarge,
			Detail: fmt.Sprintf("what all messages share has at most %d bytes, and together with each message at most %d", maxEvent, maxMerged),
		}
	}
	return s.roomFor(len(e.Items), merged)
}

func badEnvelope(path string, code Code, message string) *problem.Problem {
	return &problem.Problem{
		Title: "Invalid request", Status: http.StatusBadRequest, Detail: message,
		Errors: []problem.Error{{Path: path, Code: string(code), Message: message}},
	}
}

// unreadable turns an error of the decoder into an answer.
func unreadable(err error) *problem.Problem {
	if errors.Is(err, envelope.ErrTooMany) {
		return &problem.Problem{
			Status: http.StatusRequestEntityTooLarge,
			Detail: fmt.Sprintf("a batch has at most %d messages", maxBatch),
		}
	}
	return badEnvelope("", InvalidJSON, err.Error())
}
