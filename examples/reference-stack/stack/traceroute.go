package stack

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/footfall-go/footfall/ingest"
	"github.com/footfall-go/footfall/internal/problem"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/store/clickhouse"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/tenant"
)

// RefusedAnswer is the answer of GET /api/v1/refused: what the door did not
// take of a tenant since this process started.
type RefusedAnswer struct {
	Tenant  string                 `json:"tenant"`
	Refused uint64                 `json:"refused"` // events, and requests as one each
	Limited uint64                 `json:"limited"` // requests over a limit
	Dropped uint64                 `json:"dropped"` // events left out by a plan's sample
	Codes   map[ingest.Code]uint64 `json:"codes"`   // of events
	Samples []RefusedSample        `json:"samples"` // the last ones, newest first
}

// RefusedSample is one refusal at the door. It holds no values of the event.
type RefusedSample struct {
	Time      time.Time   `json:"time"`
	Status    int         `json:"status,omitempty"` // of a request refused as a whole
	Code      ingest.Code `json:"code,omitempty"`
	Path      string      `json:"path"`
	Message   string      `json:"message"`
	MessageID string      `json:"messageId,omitempty"`
	Event     string      `json:"event,omitempty"`
	Agent     string      `json:"user_agent,omitempty"`
}

func (s *Server) refused(id tenant.ID) *RefusedAnswer {
	known := s.door.Refusals(id)
	out := &RefusedAnswer{
		Tenant: id.String(), Refused: known.Refused, Limited: known.Limited, Dropped: known.Dropped,
		Codes: known.Codes, Samples: make([]RefusedSample, 0, len(known.Samples)),
	}
	for _, m := range known.Samples {
		out.Samples = append(out.Samples, RefusedSample(m))
	}
	return out
}

func (s *Server) serveRefused(w http.ResponseWriter, r *http.Request) {
	if t, _ := s.asker(w, r); t != nil && parameters(w, r, "tenant") {
		writeJSON(w, http.StatusOK, s.refused(t.ID))
	}
}

// asker finds whom a request is about: the tenant of a read key or a cookie, or
// the one that the admin key names. It answers where there is none.
func (s *Server) asker(w http.ResponseWriter, r *http.Request) (t *tenant.Tenant, admin bool) {
	if r.URL.Query().Has("tenant") {
		if !s.admin(w, r) {
			return nil, false
		}
		return s.tenantOf(w, r), true
	}
	key, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	t, err := s.cookies.Authenticate(r, key, tenant.Ask)
	switch {
	case err == nil:
		return t, false
	case errors.Is(err, tenant.ErrForbidden):
		problem.Write(w, r, problem.Problem{Status: http.StatusForbidden, Detail: "this key may not ask"})
	default:
		w.Header().Set("WWW-Authenticate", "Bearer")
		problem.Write(w, r, problem.Problem{Status: http.StatusUnauthorized, Detail: "this route wants a read key, as a Bearer token"})
	}
	return nil, false
}

// Trace is the answer of GET /api/v1/trace: why an event is missing, or where
// it is.
type Trace struct {
	Tenant      string          `json:"tenant"`
	MessageID   string          `json:"messageId"`
	Verdict     Verdict         `json:"verdict"`
	Stored      []TracedEvent   `json:"stored"`
	Quarantined []RejectedRow   `json:"quarantined"`
	Refused     []RefusedSample `json:"refused"`
	Lag         stream.Lag      `json:"lag"`
}

// TracedEvent is an event in the store. Of several with one id each belongs to
// another visitor or day.
type TracedEvent struct {
	Position string    `json:"position"`
	Event    string    `json:"event"`
	Time     time.Time `json:"time"`
	Received time.Time `json:"received"`
	Session  uint64    `json:"session,string,omitempty"`
}

// Verdict says where an event is. A retransmission of what is stored or
// quarantined is a duplicate and leaves nothing to find.
type Verdict string

// The verdicts.
const (
	TraceStored      Verdict = "stored"
	TraceQuarantined Verdict = "quarantined"
	TraceRefused     Verdict = "refused"
	TracePending     Verdict = "pending" // not found, and the store is behind the log
	// TraceUnknown is one never seen, erased, left out by a plan's sample, or
	// refused too long ago.
	TraceUnknown Verdict = "unknown"
)

func (s *Server) serveTrace(w http.ResponseWriter, r *http.Request) {
	t, admin := s.asker(w, r)
	if t == nil || !parameters(w, r, "tenant", "messageId") {
		return
	}
	id := r.URL.Query().Get("messageId")
	if id == "" {
		badParameter(w, r, "messageId", errors.New("it is required"))
		return
	}
	// The lag comes first: what is not found after it was zero is not on its
	// way either.
	progress, err := s.progress.Status(r.Context())
	if err != nil {
		s.storeFailed(w, r, err)
		return
	}
	out := &Trace{Tenant: t.ID.String(), MessageID: id, Stored: []TracedEvent{}, Quarantined: []RejectedRow{}, Refused: []RefusedSample{}, Lag: progress.Lag}
	stored, err := s.store.Trace(r.Context(), t.ID, id)
	if err != nil {
		s.storeFailed(w, r, err)
		return
	}
	for _, ev := range stored {
		out.Stored = append(out.Stored, TracedEvent{
			Position: ev.Position.String(), Event: ev.Name, Time: ev.Time.Time(), Received: ev.Received.Time(), Session: ev.Session,
		})
	}
	rows, err := s.store.Quarantined(r.Context(), clickhouse.Quarantine{Tenant: t.ID, MessageID: id})
	if err != nil {
		s.storeFailed(w, r, err)
		return
	}
	for i := range rows {
		// What a store says of a row may speak of its tables.
		if _, back, _, err := record.ParsePayload(rows[i].Payload); !admin && (err != nil || back.Folded) {
			rows[i].Reason = "the store refused it"
		}
		out.Quarantined = append(out.Quarantined, rejectedRow(&rows[i]))
	}
	for _, m := range s.door.Refusals(t.ID).Samples {
		if m.MessageID == id {
			out.Refused = append(out.Refused, RefusedSample(m))
		}
	}
	switch {
	case len(out.Stored) > 0:
		out.Verdict = TraceStored
	case len(out.Quarantined) > 0:
		out.Verdict = TraceQuarantined
	case len(out.Refused) > 0:
		out.Verdict = TraceRefused
	case progress.Lag.Events != 0:
		out.Verdict = TracePending
	default:
		out.Verdict = TraceUnknown
	}
	writeJSON(w, http.StatusOK, out)
}
