package ingest

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/footfall-go/footfall/ingest/internal/envelope"
)

var (
	errTooLarge = errors.New("body is too large")
	errCrowded  = errors.New("no memory for the body")
)

// firstStep is what is charged of a body before any of it has come. What comes
// is charged as it comes: a sender that announces much and sends nothing takes
// no room from others.
const firstStep = 16 << 10

// receive reads the body as it was sent into s.body.
func (s *request) receive(limit int) (err error) {
	if s.tenant != nil {
		s.held.id = s.tenant.ID
	}
	size := int(s.r.ContentLength)
	room := firstStep
	if size >= 0 {
		room = min(room, size)
	}
	s.held.body = s.w
	s.held.moved.Store(time.Now().UnixNano())
	defer s.held.moved.Store(0)
	if !s.hold(baseCharge + room) {
		return errCrowded
	}
	b := s.body[:0]
	for {
		if len(b) == room {
			if len(b) == size {
				break
			}
			step := min(len(b), limit+1-len(b))
			if size >= 0 {
				step = min(step, size-len(b))
			}
			if !s.hold(step) {
				err = errCrowded
				break
			}
			room += step
		}
		if cap(b) < room+envelope.Padding {
			b = slices.Grow(b, room-len(b)+envelope.Padding)
		}
		var n int
		n, err = s.r.Body.Read(b[len(b):room])
		s.held.moved.Store(time.Now().UnixNano())
		b = b[:len(b)+n]
		if len(b) > limit {
			err = errTooLarge
		}
		if err != nil {
			break
		}
	}
	s.body = b
	switch {
	case errors.Is(err, io.EOF) && len(b) < size:
		return io.ErrUnexpectedEOF
	case err == nil, errors.Is(err, io.EOF):
		s.setDeadline(time.Time{})
		return nil
	case s.held.letGone.Load():
		return errCrowded
	}
	return err
}

// hurry gives the sender of a body a time to end, unless the server does that
// for all requests. It holds for a body that nobody reads too: the server takes
// the rest of it off the connection.
func (s *request) hurry() {
	server, ok := s.r.Context().Value(http.ServerContextKey).(*http.Server)
	if s.hurried = ok && server.ReadTimeout <= 0; s.hurried {
		s.setDeadline(time.Now().Add(s.h.config.BodyTimeout))
	}
}

func (s *request) setDeadline(t time.Time) {
	if s.hurried {
		// Who serves the door over something without deadlines has to hurry
		// senders by itself.
		_ = http.NewResponseController(s.w).SetReadDeadline(t)
	}
}
