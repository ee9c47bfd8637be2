package ingest

import (
	"context"
	"sync/atomic"

	"github.com/footfall-go/footfall/tenant"
)

// Counts is what the door did not let in of one tenant, and what it changed.
type Counts struct {
	// Refused are events, and requests that were refused as a whole, each of
	// which counts as one. Those that met a limit are among them.
	Refused uint64
	// Limited are requests that met a limit or the plan.
	Limited uint64
	// Crowded are requests that found no memory for them; the sender was
	// told to come back.
	Crowded uint64
	// Dropped are events that the plan's sample left out.
	Dropped uint64
	// Parked are events that the plan set aside: accepted and quarantined.
	Parked uint64
	// Redacted are secrets taken out of events; see [tenant.Redact].
	Redacted uint64
	// Renamed are events that are called $other, and Unflattened values that
	// are not looked up by name; see [tenant.Caps].
	Renamed, Unflattened uint64
	// Claimed are values that their sender gave a name which is derived, and
	// which are not looked up by it.
	Claimed uint64
}

// counts is [Counts] in the making.
type counts struct {
	refused, limited, crowded, dropped, parked, redacted, renamed, unflattened, claimed atomic.Uint64

	codes   [len(codes)]atomic.Uint64 // refused events
	samples samples
}

func (n *counts) load() Counts {
	return Counts{
		Refused: n.refused.Load(), Limited: n.limited.Load(), Crowded: n.crowded.Load(), Dropped: n.dropped.Load(), Parked: n.parked.Load(),
		Redacted: n.redacted.Load(), Renamed: n.renamed.Load(), Unflattened: n.unflattened.Load(), Claimed: n.claimed.Load(),
	}
}

// Counts returns what was not let in since the handler was made, of each tenant
// that there is anything to tell of. Only known tenants are in it, so that strangers
// do not make it grow.
func (h *Handler) Counts() map[tenant.ID]Counts {
	out := map[tenant.ID]Counts{}
	h.counts.Range(func(id, value any) bool {
		out[id.(tenant.ID)] = value.(*counts).load()
		return true
	})
	return out
}

func (h *Handler) countsOf(id tenant.ID) *counts {
	n, ok := h.counts.Load(id)
	if !ok {
		n, _ = h.counts.LoadOrStore(id, &counts{})
	}
	return n.(*counts)
}

func (h *Handler) countRefused(id tenant.ID, n int) {
	if n > 0 && !id.IsZero() {
		h.countsOf(id).refused.Add(uint64(n))
	}
}

// countAway counts a request that met a limit.
func (h *Handler) countAway(ctx context.Context, id tenant.ID, limit string) {
	h.countsOf(id).limited.Add(1)
	h.limits.away(ctx, limit)
}

// countCrowded counts a request that there was no memory for; its tenant may
// not be known yet.
func (h *Handler) countCrowded(ctx context.Context, t *tenant.Tenant) {
	if t != nil {
		h.countsOf(t.ID).crowded.Add(1)
	}
	h.limits.away(ctx, "memory")
}

// countPlanned counts what a plan left out and what it set aside.
func (h *Handler) countPlanned(ctx context.Context, id tenant.ID, dropped, parked int) {
	if dropped > 0 {
		h.countsOf(id).dropped.Add(uint64(dropped))
		h.limits.dropped.Add(ctx, int64(dropped))
	}
	if parked > 0 {
		h.countsOf(id).parked.Add(uint64(parked))
		h.limits.parked.Add(ctx, int64(parked))
	}
}

// countRedacted counts secrets taken out of events that are in the log.
func (h *Handler) countRedacted(ctx context.Context, id tenant.ID, n int) {
	if n > 0 {
		h.countsOf(id).redacted.Add(uint64(n))
		h.secrecy.total.Add(ctx, int64(n))
	}
}
