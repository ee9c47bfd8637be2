package query

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/footfall-go/footfall/internal/problem"
	"github.com/footfall-go/footfall/tenant"
)

const (
	// livePage is how many events are sent at once, and livePace how long the next
	// are gathered: more than two thousand a second nobody reads.
	livePage = 200
	livePace = 100 * time.Millisecond
	// liveComment keeps what is between us and the client from taking the line for
	// dead.
	liveComment = 15 * time.Second
	// liveWrite is how long a client may keep us from writing to it.
	liveWrite = 10 * time.Second
	// liveFor ends a stream, so that its key is looked at again: clients come back
	// by themselves.
	liveFor = time.Hour
	// liveRetry is how long to wait before that, and after an error of [Live].
	liveRetry = time.Second
)

// EndLive ends the streams of GET /api/v1/live, and refuses further ones: a
// server that stops would wait for them.
//
//	server.RegisterOnShutdown(handler.EndLive)
func (h *Handler) EndLive() { h.rooms.end() }

// serveLive sends what happens as it becomes visible, as Server-Sent Events.
func (h *Handler) serveLive(w http.ResponseWriter, r *http.Request) {
	t, err := h.auth.Authenticate(r, bearer(r), tenant.Ask)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	if p := problem.Parameters(r); p != nil {
		problem.Write(w, r, *p)
		return
	}
	select {
	case <-h.rooms.ended:
		problem.Write(w, r, problem.Problem{Status: http.StatusServiceUnavailable, Detail: "the server is stopping", RetryAfter: time.Second})
		return
	default:
	}
	room := h.rooms.enter(t)
	if room == nil {
		problem.Write(w, r, problem.Problem{Status: http.StatusTooManyRequests, Detail: fmt.Sprintf("at most %d look at the same time", h.config.LiveClients), RetryAfter: 10 * time.Second})
		return
	}
	defer room.exit()
	h.engine.metrics.clients.Add(r.Context(), 1)
	defer h.engine.metrics.clients.Add(context.WithoutCancel(r.Context()), -1)

	ctx, cancel := context.WithTimeout(r.Context(), liveFor)
	defer cancel()
	pages := make(chan LivePage)
	left := make(chan struct{})
	go func() {
		defer close(left)
		h.follow(ctx, room, r.Header.Get("Last-Event-ID"), pages)
	}()
	defer func() {
		cancel()
		<-left
	}()
	s := &liveStream{w: w, c: http.NewResponseController(w)}
	s.open()
	h.send(ctx, room, s, pages)
}

// follow reads the tenant's events. Nothing waits for a client but this: what it
// does not read in time it misses.
func (h *Handler) follow(ctx context.Context, room *room, after string, pages chan<- LivePage) {
	for failing := false; ctx.Err() == nil; {
		pause := livePace
		page, err := h.config.Live.Read(ctx, room.tenant.ID, after, livePage)
		switch {
		case err != nil && ctx.Err() != nil:
			return
		case err != nil:
			if !failing {
				h.config.Logger.LogAttrs(ctx, slog.LevelWarn, "read live events", slog.String("tenant", room.tenant.ID.String()), slog.Any("error", err))
			}
			pause = liveRetry
		default:
			after = page.Next
			if err := room.names.name(ctx, h.engine, room.tenant, page.Events); err != nil && ctx.Err() == nil && !failing {
				h.config.Logger.LogAttrs(ctx, slog.LevelWarn, "find the persons of live events", slog.String("tenant", room.tenant.ID.String()), slog.Any("error", err))
			}
			select {
			case pages <- page:
			case <-ctx.Done():
				return
			}
			if len(page.Events) == 0 && page.Missed == 0 {
				pause = 0 // only the beginning
			}
		}
		failing = err != nil
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// send writes until the stream ends.
func (h *Handler) send(ctx context.Context, room *room, s *liveStream, pages <-chan LivePage) {
	comment := time.NewTicker(liveComment)
	defer comment.Stop()
	told := int64(-1)
	for s.err == nil {
		active, changed := room.get()
		if active != told {
			told = active
			s.event("active", "", map[string]any{"persons": active, "window": "5m"})
		}
		s.flush()
		select {
		case page := <-pages:
			h.page(ctx, s, &page)
		case <-changed:
		case <-comment.C:
			s.comment()
		case <-h.rooms.ended:
			return
		case <-ctx.Done():
			return
		}
	}
}

// page writes events, and in front of them how many are missing.
func (h *Handler) page(ctx context.Context, s *liveStream, page *LivePage) {
	if page.Missed != 0 {
		var missed *int64
		if page.Missed > 0 {
			missed = &page.Missed
			h.engine.metrics.missed.Add(ctx, page.Missed)
		}
		at := ""
		if len(page.Events) == 0 {
			at = page.Next
		}
		s.event("gap", at, map[string]any{"missed": missed})
	}
	for i := range page.Events {
		s.event("event", page.Events[i].Cursor, &page.Events[i].Event)
	}
	s.id(page.Next)
}

// liveStream writes Server-Sent Events. After an error it writes nothing more.
type liveStream struct {
	w    http.ResponseWriter
	c    *http.ResponseController
	b    bytes.Buffer
	last string // the cursor the client has
	err  error
}

// open answers, with headers that keep everything between us and the client from
// gathering or changing what is sent.
func (s *liveStream) open() {
	private(s.w)
	s.w.Header().Set("Content-Type", "text/event-stream")
	s.w.Header().Set("Cache-Control", "no-store, no-transform")
	s.w.Header().Set("X-Accel-Buffering", "no")
	// The deadlines of the server are for requests that end.
	_ = s.c.SetReadDeadline(time.Time{}) // without one there is nothing to lift
	s.w.WriteHeader(http.StatusOK)
	fmt.Fprintf(&s.b, "retry: %d\n\n", liveRetry.Milliseconds())
	s.flush()
}

func (s *liveStream) event(name, cursor string, data any) {
	s.b.WriteString("event: " + name + "\n")
	if cursor != "" {
		s.b.WriteString("id: " + cursor + "\n")
		s.last = cursor
	}
	s.b.WriteString("data: ")
	e := json.NewEncoder(&s.b) // which ends the line, and has none in it
	e.SetEscapeHTML(false)
	if err := e.Encode(data); err != nil && s.err == nil {
		s.err = err
	}
	s.b.WriteString("\n")
}

// id tells a client that has nothing yet where it is, so that it misses nothing if
// it is cut off before the first event.
func (s *liveStream) id(cursor string) {
	if cursor != s.last {
		s.last = cursor
		s.b.WriteString("id: " + cursor + "\n\n")
	}
}

func (s *liveStream) comment() { s.b.WriteString(":\n\n") }

func (s *liveStream) flush() {
	if s.err != nil || s.b.Len() == 0 {
		return
	}
	_ = s.c.SetWriteDeadline(time.Now().Add(liveWrite)) // a writer without deadlines has other means
	if _, s.err = s.w.Write(s.b.Bytes()); s.err == nil {
		s.err = s.c.Flush()
	}
	s.b.Reset()
}
