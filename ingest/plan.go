package ingest

import (
	"context"
	"encoding/binary"
	"net/http"
	"strings"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/ingest/internal/envelope"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

// Plan is a product's own say in what its tenants may send, beside their
// limits: it knows who has paid. It is asked once for each request, with the
// number of its messages, after the limits and before the messages are looked
// at. It is called concurrently and holds the request up as long as it takes.
// The tenant is shared and must not be changed.
type Plan func(ctx context.Context, t *tenant.Tenant, events int) Decision

// Action is what a [Decision] does to a request.
type Action uint8

// The actions of a plan.
const (
	// Accept takes the events.
	Accept Action = iota
	// Reject refuses the request as a whole.
	Reject
	// Sample keeps a share of the visitors, with all that they do, and drops
	// the others'. The answer names what was dropped.
	Sample
	// Park takes the events and sets them aside with the reason, in
	// quarantine, where no query sees them until they are replayed. The answer
	// says how many.
	Park
)

// Decision is the answer of a [Plan]. The zero value accepts.
type Decision struct {
	Action Action
	// Reason is a sentence: of Reject for the sender, of Park for whoever
	// looks into the quarantine, 500 bytes of it. Defaults to "the plan does
	// not allow more events".
	Reason string
	// Status is that of Reject, 429 or 403: SDKs come back after the one and
	// give up after the other. Defaults to 429.
	Status int
	// RetryAfter is what a 429 tells the sender to wait. Defaults to 1m.
	RetryAfter time.Duration
	// Rate is the share of visitors that Sample keeps, from 0 to 1. Who is
	// kept at a rate is kept at every higher one. Defaults to 0: none.
	Rate float64
}

// maxReason bounds what stands before each record of parked events.
const maxReason = 500

const noReason = "the plan does not allow more events"

// plan asks the host what to do with the request.
func (s *request) plan(n int) *turnedAway {
	s.decision = Decision{}
	if s.h.config.Plan == nil {
		return nil
	}
	d := s.h.config.Plan(s.r.Context(), s.tenant, n)
	if d.Reason == "" {
		d.Reason = noReason
	}
	d.Reason = strings.ToValidUTF8(d.Reason[:min(len(d.Reason), maxReason)], "")
	s.decision = d
	if d.Action != Reject {
		return nil
	}
	away := &turnedAway{limit: "plan", status: http.StatusTooManyRequests, detail: d.Reason}
	if d.Status == http.StatusForbidden {
		away.status = d.Status
	} else if away.wait = d.RetryAfter; away.wait <= 0 {
		away.wait = time.Minute
	}
	s.h.countAway(s.r.Context(), s.tenant.ID, away.limit)
	return away
}

// keep puts an event that was checked where the plan wants it.
func (s *request) keep(m *envelope.Message, index int) {
	switch {
	case s.decision.Action == Sample && !sampled(s.tenant.ID, &s.event, s.decision.Rate):
		s.dropped = append(s.dropped, rejection{index: index, messageID: s.givenID(m)})
		return
	case s.decision.Action == Park:
		s.out.park(&s.event, s.decision.Reason)
		s.parked++
	default:
		s.out.add(&s.event)
	}
	s.accepted++
}

// sampled reports whether a visitor belongs to a share of them. It depends on
// who the visitor is and on nothing else, so that nobody is there by halves.
func sampled(id tenant.ID, ev *record.Event, rate float64) bool {
	var visitor footfall.ID
	switch {
	case ev.Type == footfall.Alias:
		visitor = schema.VisitorID(id, string(ev.Previous))
	case len(ev.Anonymous) > 0:
		visitor = schema.VisitorID(id, string(ev.Anonymous))
	default:
		visitor = schema.UserID(id, string(ev.User))
	}
	// The other half of the hash chooses the partition.
	return float64(binary.LittleEndian.Uint64(visitor[8:])>>11)/(1<<53) < rate
}
