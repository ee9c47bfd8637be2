package ingest

import (
	"bytes"
	"context"
	"net/http"
	"net/netip"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/ingest/internal/envelope"
	"github.com/footfall-go/footfall/internal/problem"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/tenant"
)

// request is one request on its way through the door, with all the memory that
// takes. It is pooled: in steady state an event allocates nothing.
type request struct {
	h        *Handler
	w        http.ResponseWriter
	r        *http.Request
	tenant   *tenant.Tenant
	received footfall.Millis
	shift    footfall.Millis // how far the sender's clock is ahead
	sent     footfall.Millis // when the request was sent, 0 if it does not say

	held    holding
	hurried bool // the body has a deadline

	body   []byte
	packed []byte // the body before decompression
	source bytes.Reader
	gzip   *gzip.Reader

	foreign      bool // the request comes from nobody's visitor
	from         sender
	address      netip.Addr // that the event in hand is from
	sharedSaid   said       // about the visitor, in the shared context
	sharedHidden bool
	agent        *agentNames // of the user agent last seen
	placed       netip.Addr  // the address that made.place is about

	integrations *envelope.Message // the envelope, if it has any

	decoder  envelope.Decoder
	envelope envelope.Envelope
	message  envelope.Message // of an import
	event    record.Event
	made     made
	redaction
	capping
	shared   map[string]bool // names in an object of one message
	out      recorder
	decision Decision // of the plan
	taken    int      // messages that the limiter has counted
	accepted int
	rejected []rejection
	parked   int         // of the accepted
	dropped  []rejection // not in the plan's sample
	origins  []int       // of PostHog's events: which one a message was made from
	answer   []byte
}

// kept is how much memory of each kind a request keeps for the next one.
const kept = 1 << 20

func newRequest(h *Handler) *request {
	return &request{h: h, out: newRecorder(h.config.Partitions)}
}

func (s *request) begin(w http.ResponseWriter, r *http.Request, now time.Time) {
	s.w, s.r, s.received = w, r, footfall.MillisOf(now)
	s.shift, s.sent, s.accepted, s.taken = 0, 0, 0, 0
	s.secrets, s.renamed, s.unflattened, s.claimed, s.words = 0, 0, 0, 0, nil
	s.decision, s.parked = Decision{}, 0
	s.tenant, s.origins, s.integrations = nil, nil, nil
	s.foreign, s.from = false, sender{}
	s.sharedHidden, s.sharedSaid = false, said{}
	s.address, s.placed, s.agent = netip.Addr{}, netip.Addr{}, nil
}

func (s *request) release() {
	s.letGo()
	s.w, s.r, s.tenant = nil, nil, nil
	s.event = record.Event{}
	clear(s.rejected)
	clear(s.dropped)
	s.rejected, s.dropped = s.rejected[:0], s.dropped[:0]
	s.out.release()
	if len(s.shared) > 256 {
		s.shared = nil
	}
	if cap(s.body) > kept || cap(s.packed) > kept || cap(s.rejected) > maxBatch || cap(s.answer) > kept {
		return // an import: too much to keep
	}
	s.h.pool.Put(s)
}

// fail refuses the request as a whole.
func (s *request) fail(p problem.Problem) int {
	s.h.noteRefused(s.r, s.tenant, &p)
	if s.origins != nil {
		p = retryable(p)
	}
	return s.h.fail(s.w, s.r, p)
}

// open finds out who sends and reads the body. If the key is in the body the
// tenant is left nil for knock.
func (s *request) open() *problem.Problem {
	if key := headerKey(s.r); key != "" {
		t, p := s.h.authenticate(s.r, key, tenant.Send)
		if s.tenant = t; p == nil {
			p = s.ask()
		}
		if p != nil {
			return p
		}
	}
	if p := s.read(maxBody); p != nil {
		return p
	}
	s.decoder.Reset(s.body)
	return nil
}

// knock authenticates with the key in the body, unless that is done already.
func (s *request) knock(m *envelope.Message) (p *problem.Problem) {
	if s.tenant == nil {
		key := ""
		if s.decoder.Kind(m, envelope.WriteKey) == envelope.String {
			key = string(s.decoder.Text(m, envelope.WriteKey))
		}
		if s.tenant, p = s.h.authenticate(s.r, key, tenant.Send); p == nil && !s.settle() {
			p = s.crowded()
		}
	}
	return p
}

// append writes what was accepted to the log, and only then the answer.
func (s *request) append() *problem.Problem {
	records := s.out.finish()
	if len(records) > 0 {
		// A sender that goes away leaves its events with the log, so that they
		// are charged to it until the log has let go of them.
		if err := s.h.append(context.WithoutCancel(s.r.Context()), records); err != nil {
			s.giveBack()
			return s.h.logFailed(err)
		}
	}
	s.countAccepted()
	return nil
}

// countAccepted counts what is in the log now, and what was taken out of it.
func (s *request) countAccepted() {
	s.h.metrics.events(s.r.Context(), s.accepted)
	s.h.countRedacted(s.r.Context(), s.tenant.ID, s.secrets)
	s.h.countCapped(s.r.Context(), s.tenant.ID, s.renamed, s.unflattened, s.claimed)
}

// countRejected counts what was refused and dropped, once it is certain that
// the sender hears of it.
func (s *request) countRejected() {
	s.h.countPlanned(s.r.Context(), s.tenant.ID, len(s.dropped), s.parked)
	if len(s.rejected) > 0 {
		s.h.countRefused(s.tenant.ID, len(s.rejected))
		s.h.metrics.refused(s.r.Context(), s.rejected)
		s.sampleRejected()
	}
}
