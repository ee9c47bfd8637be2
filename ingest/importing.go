package ingest

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/footfall-go/footfall/ingest/internal/envelope"
	"github.com/footfall-go/footfall/internal/problem"
	"github.com/footfall-go/footfall/tenant"
)

// importing serves POST /v1/import: one message a line. A request that could be
// read is answered with 200 even if no row was usable, since the import has to
// get past such rows. The clock of history is not corrected.
func (s *request) importing() int {
	t, p := s.h.admin(s.r)
	if p != nil {
		return s.fail(*p)
	}
	s.tenant, s.foreign = t, true
	name, position, p := importQuery(s.r.URL.Query())
	if p != nil {
		return s.fail(*p)
	}
	s.held.whole = true
	if p := s.read(maxImport); p != nil {
		return s.fail(*p)
	}
	if p := s.roomFor(0, len(s.body)); p != nil {
		return s.fail(*p)
	}
	s.decoder.Reset(s.body)
	s.out.begin(t, s.received)
	if p := s.lines(); p != nil {
		return s.fail(*p)
	}
	if p := s.append(); p != nil {
		return s.fail(*p)
	}
	if position >= 0 {
		if err := s.h.advance(s.r.Context(), t.ID, name, position); err != nil {
			s.h.config.Logger.ErrorContext(s.r.Context(), "remember import position", "error", err)
			return s.fail(*s.h.logFailed(err))
		}
	}
	s.countRejected()
	return s.success()
}

// lines takes every line of the body. Its index is the line's, blank ones not
// counted.
func (s *request) lines() *problem.Problem {
	index := 0
	for at := 0; at < len(s.body); {
		if blank(s.body[at]) {
			at++
			continue
		}
		if index == maxLines {
			return &problem.Problem{Status: http.StatusRequestEntityTooLarge, Detail: "an import request has at most " + strconv.Itoa(maxLines) + " lines"}
		}
		m := &s.message
		next, err := s.decoder.Line(at, m)
		switch {
		case err != nil:
			s.rejected = append(s.rejected, rejection{refusal: refuse(InvalidJSON, envelope.None, "the line is not valid JSON"), index: index})
		case m.Object && !m.Has(envelope.MessageID):
			// A random one would make the row a new event in every run.
			s.rejected = append(s.rejected, rejection{refusal: refuse(BadMessageID, envelope.MessageID, "an import needs a messageId"), index: index})
		default:
			s.take(m, nil, 0, index)
		}
		at = next
		index++
	}
	return nil
}

func blank(c byte) bool { return c == '\n' || c == '\r' || c == ' ' || c == '\t' }

// importQuery reads name and position; position is -1 if there is none.
func importQuery(query url.Values) (name string, position int64, p *problem.Problem) {
	name = query.Get("name")
	position = -1
	if text := query.Get("position"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return "", 0, invalid("/position", "position is wrong", "position must be a number of rows")
		}
		position = n
	}
	if len(name) > 200 || name == "" && position >= 0 {
		return "", 0, invalid("/name", "name is wrong", "name must have 1 to 200 characters")
	}
	return name, position, nil
}

// advance remembers how far an import has come, and never goes back.
func (h *Handler) advance(ctx context.Context, id tenant.ID, name string, position int64) error {
	now, err := h.config.Positions.ImportPosition(ctx, id, name)
	if err != nil || now >= position {
		return err
	}
	return h.config.Positions.SetImportPosition(ctx, id, name, position)
}

// position serves GET /v1/import.
func (h *Handler) position(w http.ResponseWriter, r *http.Request) int {
	t, p := h.admin(r)
	if p != nil {
		return h.fail(w, r, *p)
	}
	name := r.URL.Query().Get("name")
	if name == "" {
		return h.fail(w, r, *invalid("/name", "name is wrong", "name is required"))
	}
	position, err := h.config.Positions.ImportPosition(r.Context(), t.ID, name)
	if err != nil {
		h.config.Logger.ErrorContext(r.Context(), "read import position", "error", err)
		return h.fail(w, r, *h.logFailed(err))
	}
	w.Header()["Content-Type"] = jsonType
	_, _ = w.Write([]byte(`{"position":` + strconv.FormatInt(position, 10) + "}\n"))
	return http.StatusOK
}
