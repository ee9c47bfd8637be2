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

// Bans tells who was erased and must not come back while the request stands.
// It is asked for every event, concurrently.
type Bans interface {
	// Dropped reports whether nothing of a tenant is taken any more.
	Dropped(id tenant.ID) bool
	// Erased returns the visitors and users of a tenant that are refused, nil
	// if there are none. The map is not changed any more.
	Erased(id tenant.ID) map[footfall.ID]struct{}
}

// dropped refuses what comes from or for a tenant that was dropped.
func (h *Handler) dropped(t *tenant.Tenant) *problem.Problem {
	if h.config.Bans == nil || !h.config.Bans.Dropped(t.ID) {
		return nil
	}
	return &problem.Problem{Status: http.StatusForbidden, Detail: "this tenant was dropped; nothing is taken for it while that request stands"}
}

// erased refuses an event of a person who was erased: by its user if it has
// one, as whose it would count, else by its visitor.
func (s *request) erased() refusal {
	if s.h.config.Bans == nil {
		return refusal{}
	}
	return erasedBy(s.h.config.Bans.Erased(s.tenant.ID), s.tenant.ID, &s.event)
}

// erasedBy refuses an event of a tenant whose person is among those gone.
func erasedBy(gone map[footfall.ID]struct{}, of tenant.ID, ev *record.Event) refusal {
	if len(gone) == 0 {
		return refusal{}
	}
	refuseIf := func(id footfall.ID, f envelope.Field) refusal {
		if _, ok := gone[id]; !ok {
			return refusal{}
		}
		return refuse(IllegalID, f, f.String()+" is of a person who was erased; that request stands")
	}
	if ev.Type == footfall.Alias {
		if r := refuseIf(schema.VisitorID(of, string(ev.Previous)), envelope.PreviousID); r.code != "" {
			return r
		}
		if r := refuseIf(schema.UserID(of, string(ev.Previous)), envelope.PreviousID); r.code != "" {
			return r
		}
	}
	if len(ev.User) > 0 {
		return refuseIf(schema.UserID(of, string(ev.User)), envelope.UserID)
	}
	return refuseIf(schema.VisitorID(of, string(ev.Anonymous)), envelope.AnonymousID)
}

// Forget drops what the door remembers of a tenant beside counts: the samples
// of what it refused.
func (h *Handler) Forget(id tenant.ID) {
	if found, ok := h.counts.Load(id); ok && found.(*counts).samples.drop() {
		h.sampled.Add(-1)
	}
}
