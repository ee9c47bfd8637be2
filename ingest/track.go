package ingest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/ingest/internal/envelope"
	"github.com/footfall-go/footfall/tenant"
)

// Track takes events of the host's own, without HTTP and without a key. They
// meet the checks, limits and changes that a request with the same messages
// would meet, and nil means that all of them are durably in the log.
//
// A [*RefusedError] names the messages that were refused; the others are in
// the log. It is permanent in the sense of [footfall.IsPermanent], and so is a
// call that is wrong as a whole: no tenant, or more than 2,500 messages or
// 16 MiB. Any other error may pass: nothing is known to be in the log then, and
// the call may be repeated. Messages that carry a MessageID are counted once
// even so. A [*LimitError] is one of these: the tenant may not send that much
// now. What a plan's sample drops is no error.
//
// A message of type track whose Event is a name of ours, "$identify" say, is
// refused with [ReservedName]: what it wants is the Type.
//
// The tenant is what an [tenant.Authenticator] returns; settings left zero are
// the defaults. Track keeps neither the messages nor what is in them.
func (h *Handler) Track(ctx context.Context, t *tenant.Tenant, messages ...Message) error {
	switch {
	case t == nil || t.ID.IsZero():
		return footfall.Permanent(errors.New("ingest: Track wants a tenant"))
	case len(messages) > maxBatch:
		return footfall.Permanent(fmt.Errorf("ingest: Track takes at most %d messages", maxBatch))
	case ctx.Err() != nil:
		return ctx.Err()
	}
	if p := h.dropped(t); p != nil {
		return footfall.Permanent(errors.New("ingest: " + p.Detail))
	}
	s := h.pool.Get().(*request)
	defer s.release()
	s.begin(noAnswer{}, hostRequest(ctx), h.config.Now())
	s.tenant = complete(t)
	return s.track(messages)
}

// track is the way of a request whose messages are the host's: they are
// written as they stand on the wire, so that what is checked is the same.
func (s *request) track(messages []Message) error {
	s.body = s.body[:0]
	refused := make(map[int]refusal) // seldom any
	for i := range messages {
		start := len(s.body)
		var r refusal
		if s.body, r = appendMessage(s.body, &messages[i]); r.code != "" {
			s.body, refused[i] = s.body[:start], r
		}
		if s.body = append(s.body, '\n'); len(s.body) > maxImport {
			return footfall.Permanent(fmt.Errorf("ingest: Track takes at most %d bytes", maxImport))
		}
	}
	if away := s.mayPass(len(messages)); away != nil {
		return away.error()
	}
	s.decoder.Reset(s.body)
	s.out.begin(s.tenant, s.received)
	at := 0
	for i := range messages {
		next, err := s.decoder.Line(at, &s.message)
		at = next
		r, isRefused := refused[i]
		if err != nil && !isRefused {
			r, isRefused = refuse(InvalidJSON, envelope.None, "the message is not valid JSON"), true
		}
		if isRefused {
			s.rejected = append(s.rejected, rejection{refusal: r, index: i, messageID: []byte(messages[i].MessageID)})
			continue
		}
		s.take(&s.message, nil, 0, i)
	}
	if records := s.out.finish(); len(records) > 0 {
		if err := s.h.append(s.r.Context(), records); err != nil {
			s.giveBack()
			return fmt.Errorf("append events to the log: %w", err)
		}
	}
	s.countAccepted()
	s.countRejected()
	return s.refusedError(len(messages))
}

// refusedError is nil if nothing was refused.
func (s *request) refusedError(of int) error {
	if len(s.rejected) == 0 {
		return nil
	}
	e := &RefusedError{Of: of, Refused: make([]Refusal, len(s.rejected))}
	for i := range s.rejected {
		r := &s.rejected[i]
		e.Refused[i] = Refusal{Index: r.index, MessageID: string(r.messageID), Code: r.code, Message: r.message}
		if field := r.field.String(); field != "" {
			e.Refused[i].Path = "/" + field
		}
	}
	return e
}

// Refusal says why one message was refused.
type Refusal struct {
	Index     int    // of the message in the call
	MessageID string // as it was given
	Path      string // the field at fault as a JSON pointer, "" for the whole message
	Code      Code
	Message   string // a sentence for people
}

// RefusedError names every message that [Handler.Track] refused. It counts as
// permanent: the same messages will be refused again.
type RefusedError struct {
	Of      int // how many messages there were
	Refused []Refusal
}

func (e *RefusedError) Error() string {
	r := &e.Refused[0]
	return fmt.Sprintf("ingest: %d of %d messages refused; number %d: %s (%s)", len(e.Refused), e.Of, r.Index, r.Message, r.Code)
}

// Unwrap marks the error as permanent.
func (e *RefusedError) Unwrap() error { return footfall.Permanent(errRefused) }

var errRefused = errors.New("refused")

// hostRequest is what the door sees in place of a request when the host sends:
// it has no headers and comes from no address.
func hostRequest(ctx context.Context) *http.Request {
	r := &http.Request{Method: http.MethodPost, URL: &url.URL{Path: "/v1/batch"}, Header: http.Header{}, Body: http.NoBody}
	return r.WithContext(ctx)
}

// noAnswer is where the answer to the host's own messages goes.
type noAnswer struct{}

func (noAnswer) Header() http.Header         { return http.Header{} }
func (noAnswer) Write(b []byte) (int, error) { return len(b), nil }
func (noAnswer) WriteHeader(int)             {}
