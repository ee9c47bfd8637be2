package ingest

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/tenant"
)

// Replay brings events of one tenant back from quarantine: it appends them to
// the log once more, where the processor stores each of them once and empties
// the row it came from. Rows are given as they were read from the store.
//
// A replay that has been overtaken does nothing: where the tenant's quarantine
// was erased from, or changed by another replay, after the rows were read, they
// stay there, to be read and replayed anew. So it may be killed and begun again
// at any moment. It is used by one goroutine at a time.
type Replay struct {
	h      *Handler
	tenant *tenant.Tenant
	job    uint64
	seen   func(partition uint16) int64
	spent  error
}

// Replayed tells what became of rows.
type Replayed struct {
	Appended   int // are in the log
	Erased     int // are of a person who was erased while that request stands
	Unreadable int // have no event, or no longer
}

// NewReplay begins a replay. Seen tells up to which offset of a partition the
// store held all that follows from the log before the first row was read:
// stream.PartitionStatus.Written.
func (h *Handler) NewReplay(t *tenant.Tenant, seen func(partition uint16) int64) *Replay {
	var job [8]byte
	_, _ = rand.Read(job[:]) // never fails: crypto/rand aborts the program instead
	return &Replay{h: h, tenant: complete(t), job: max(binary.LittleEndian.Uint64(job[:]), 1), seen: seen}
}

// Append brings rows back; nil means that the events are durably in the log.
// After an error that is not known, so the replay ends: another one finds out
// what is left.
func (r *Replay) Append(ctx context.Context, rows []footfall.Rejected) (Replayed, error) {
	var n Replayed
	if r.spent != nil {
		return n, r.spent
	}
	if p := r.h.dropped(r.tenant); p != nil {
		return n, footfall.Permanent(errors.New("ingest: " + p.Detail))
	}
	var gone map[footfall.ID]struct{}
	if r.h.config.Bans != nil {
		gone = r.h.config.Bans.Erased(r.tenant.ID)
	}
	out := newRecorder(r.h.config.Partitions)
	out.begin(r.tenant, footfall.MillisOf(r.h.config.Now()))
	for i := range rows {
		row := &rows[i]
		if row.Tenant != r.tenant.ID {
			return Replayed{}, fmt.Errorf("ingest: a row of tenant %s in a replay of %s", row.Tenant, r.tenant.ID)
		}
		ev, back, received, err := record.ParsePayload(row.Payload)
		switch {
		case err != nil:
			n.Unreadable++
			continue
		case erasedBy(gone, r.tenant.ID, &ev).code != "":
			n.Erased++
			continue
		}
		back.Origin = row.Position
		out.bringBack(&ev, back, received, record.Basis{Job: r.job, Seen: r.seen(out.partition(&ev))})
		n.Appended++
	}
	if records := out.finish(); len(records) > 0 {
		if err := r.h.append(ctx, records); err != nil {
			r.spent = errors.Join(errors.New("ingest: this replay has ended"), err)
			return Replayed{}, fmt.Errorf("append events to the log: %w", err)
		}
	}
	r.h.metrics.events(ctx, n.Appended)
	return n, nil
}
