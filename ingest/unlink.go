package ingest

import (
	"net/http"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/ingest/internal/envelope"
	"github.com/footfall-go/footfall/internal/problem"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

// unlink serves POST /v1/unlink: it ends the link of a visitor to a user. Who
// somebody was is not for public write keys to change, so it takes the secret
// key.
func (s *request) unlink() int {
	t, p := s.h.authenticate(s.r, authorization(s.r), tenant.Ask)
	if p != nil {
		return s.fail(*p)
	}
	s.tenant = t
	if p := s.admit(1); p != nil {
		return s.fail(*p)
	}
	if p := s.read(maxEvent); p != nil {
		return s.fail(*p)
	}
	s.decoder.Reset(s.body)
	m := &s.message
	if err := s.decoder.Message(m); err != nil {
		return s.fail(*unreadable(err))
	}
	if !m.Object || m.NotUTF8 {
		return s.fail(*badEnvelope("", BadType, "the body must be a JSON object in UTF-8"))
	}
	var ids [2]string
	var mistakes []problem.Error
	for i, f := range [...]envelope.Field{envelope.AnonymousID, envelope.UserID} {
		id, r := s.id(m, f)
		if r.code == "" {
			if r = legal(id, f); len(id) == 0 {
				r = refuse(MissingID, f, f.String()+" is required")
			}
		}
		if r.code != "" {
			mistakes = append(mistakes, problem.Error{Path: "/" + f.String(), Code: string(r.code), Message: r.message})
		}
		ids[i] = string(id)
	}
	s.event = record.Event{Type: footfall.Alias, Previous: []byte(ids[0]), User: []byte(ids[1])} // as for whom it says something
	if r := s.erased(); r.code != "" && len(mistakes) == 0 {
		mistakes = append(mistakes, problem.Error{Path: "", Code: string(r.code), Message: "this is about a person who was erased; that request stands"})
	}
	if len(mistakes) > 0 {
		return s.fail(problem.Problem{Title: "Invalid request", Status: http.StatusBadRequest, Detail: mistakes[0].Message, Errors: mistakes})
	}
	rec, err := record.NewOrder(
		record.HeaderOf(t, record.Command, s.received.Time()),
		record.Partition(schema.VisitorID(t.ID, ids[0]), s.h.config.Partitions),
		record.Order{Unlink: &record.Unlink{AnonymousID: ids[0], UserID: ids[1]}},
	)
	if err == nil {
		err = s.h.append(s.r.Context(), []footfall.Record{rec})
	}
	if err != nil {
		s.giveBack()
		return s.fail(*s.h.logFailed(err))
	}
	s.accepted = 1
	return s.success()
}
