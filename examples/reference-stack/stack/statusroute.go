package stack

import (
	"context"
	"net/http"
	"time"

	"github.com/footfall-go/footfall/ingest"
	"github.com/footfall-go/footfall/internal/problem"
	"github.com/footfall-go/footfall/store/clickhouse"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/tenant"
)

// Status is the answer of GET /api/v1/status.
type Status struct {
	Version string                   `json:"version"`
	UptimeS int64                    `json:"uptime_s"`
	Ready   bool                     `json:"ready"`
	Reason  string                   `json:"reason,omitempty"`
	Lag     stream.Lag               `json:"lag"`
	Log     LogStatus                `json:"log"`
	Store   clickhouse.Stats         `json:"store"`
	Door    map[string]DoorStatus    `json:"door"`
	Ledger  map[string]stream.Ledger `json:"ledger"`
}

// LogStatus describes the log and how far it is processed.
type LogStatus struct {
	Kind       string                   `json:"kind"`
	Bytes      int64                    `json:"bytes"`
	Partitions []stream.PartitionStatus `json:"partitions"`
}

// DoorStatus counts what never got into the log: events that were refused, and
// secrets in those that were not.
type DoorStatus struct {
	Refused uint64 `json:"refused"`
	Limited uint64 `json:"limited,omitempty"` // requests that met a limit
	Crowded uint64 `json:"crowded,omitempty"` // requests that found no memory
	Dropped uint64 `json:"dropped,omitempty"` // events that a plan's sample left out
	Parked  uint64 `json:"parked,omitempty"`  // events that a plan set aside
	// Redacted are secrets taken out of events that were let in.
	Redacted uint64 `json:"redacted"`
	// Renamed are events called $other and Unflattened values not looked up by
	// name, since the tenant has too many of them.
	Renamed     uint64 `json:"renamed,omitempty"`
	Unflattened uint64 `json:"unflattened,omitempty"`
	// Claimed are values whose sender gave them a name that is derived.
	Claimed uint64 `json:"claimed,omitempty"`
}

func (s *Server) serveStatus(w http.ResponseWriter, r *http.Request) {
	if !s.admin(w, r) || !parameters(w, r, "tenant") {
		return
	}
	var only *tenant.Tenant
	if text := r.URL.Query().Get("tenant"); text != "" {
		id, err := tenant.ParseID(text)
		if only = s.keys.Tenant(id); err != nil || only == nil {
			problem.Write(w, r, problem.Problem{Status: http.StatusNotFound, Detail: "there is no such tenant"})
			return
		}
	}
	status, err := s.status(r.Context(), only)
	if err != nil {
		problem.Write(w, r, problem.Problem{Status: http.StatusServiceUnavailable, Detail: err.Error(), RetryAfter: time.Second})
		return
	}
	writeJSON(w, http.StatusOK, status)
}

// status puts together what the parts say. The processor is asked first: what
// the store then holds is at least what the processor has confirmed.
func (s *Server) status(ctx context.Context, only *tenant.Tenant) (*Status, error) {
	progress, err := s.progress.Status(ctx)
	if err != nil {
		return nil, err
	}
	log, err := s.records.describe()
	if err != nil {
		return nil, err
	}
	log.Partitions = progress.Partitions
	kept, err := s.store.Stats(ctx)
	if err != nil {
		return nil, err
	}
	ready, _ := s.ready(ctx)
	out := &Status{
		Version: Version, UptimeS: int64(time.Since(s.started).Seconds()), Ready: ready, Reason: progress.Reason, Lag: progress.Lag,
		Log:    log,
		Store:  kept,
		Door:   map[string]DoorStatus{},
		Ledger: map[string]stream.Ledger{},
	}
	var counts map[tenant.ID]ingest.Counts
	if s.role.door {
		counts = s.door.Counts()
	}
	for _, t := range s.keys.Tenants() {
		if only == nil || only == t {
			if n := counts[t.ID]; s.role.door {
				out.Door[t.ID.String()] = DoorStatus{
					Refused: n.Refused, Limited: n.Limited, Crowded: n.Crowded, Dropped: n.Dropped, Parked: n.Parked, Redacted: n.Redacted,
					Renamed: n.Renamed, Unflattened: n.Unflattened, Claimed: n.Claimed,
				}
			}
			ledger := progress.Ledger[t.ID.String()]
			if ledger == (stream.Ledger{}) && s.keeper.Dropped(t.ID) {
				continue // nothing is left to account for
			}
			out.Ledger[t.ID.String()] = ledger
		}
	}
	return out, nil
}
