package stream

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"time"
)

// Unknown stands for a number of events that nobody can tell yet.
const Unknown = -1

// Status is what an operator, a health check and a test ask for.
type Status struct {
	// Ready is true when every partition this process owns is being processed
	// and neither log nor store is in trouble. It is false before the first
	// partition is owned.
	Ready bool `json:"ready"`
	// Reason says why it is not ready.
	Reason string `json:"reason,omitempty"`
	// Lag is what was accepted and is not visible yet.
	Lag Lag `json:"lag"`
	// Partitions has one entry for each partition this process owns.
	Partitions []PartitionStatus `json:"partitions"`
	// Ledger tells for each tenant what became of the events. It lacks those
	// of partitions that are being started; then Lag.Events is Unknown.
	Ledger map[string]Ledger `json:"ledger"`
}

// Lag tells how far the store is behind the log. Zero events means that all
// that was accepted before the call is visible to queries: events, sessions,
// links and erasures.
type Lag struct {
	Events  int64   `json:"events"` // Unknown until every owned partition was started
	Seconds float64 `json:"seconds"`
	// Estimated says that too much waits to be counted, so that Events is about
	// what it is, and so are Accepted and Pending of the ledger. No Runner does so.
	Estimated bool `json:"estimated,omitempty"`
}

// PartitionStatus is the progress of one partition.
type PartitionStatus struct {
	Epoch     uint16  `json:"epoch"`
	Partition uint16  `json:"partition"`
	Owner     string  `json:"owner"`
	From      int64   `json:"from"`    // the store has the events of the records before it
	To        int64   `json:"to"`      // records before it are claimed
	Written   int64   `json:"written"` // the store has also all else that follows from the records before it
	End       int64   `json:"end"`     // the next record's offset
	LagEvents int64   `json:"lag_events"`
	Estimated bool    `json:"lag_estimated,omitempty"` // LagEvents is
	LagS      float64 `json:"lag_s"`
	Snapshot  int64   `json:"snapshot"`   // offset of the newest, 0 if none
	SnapshotS float64 `json:"snapshot_s"` // since it was saved, Unknown if that was before this process owned the partition
	Visitors  int     `json:"visitors"`
	IDs       int     `json:"ids"` // that are remembered, to know repetitions

	Taps []TapStatus `json:"taps,omitempty"` // in the order of Config.Taps, then idle ones
}

// Ledger accounts for the accepted events of one tenant:
// Accepted = Stored + Duplicate + Quarantined + Pending.
type Ledger struct {
	Accepted    uint64 `json:"accepted"`
	Stored      uint64 `json:"stored"`
	Duplicate   uint64 `json:"duplicate"`
	Quarantined uint64 `json:"quarantined"`
	Pending     uint64 `json:"pending"`
}

// Status tells how processing goes. It asks the log for what is pending; the
// error is the log's.
func (r *Runner) Status(ctx context.Context) (Status, error) {
	s := Status{Ledger: map[string]Ledger{}, Partitions: []PartitionStatus{}}
	all := r.partitions()
	if len(all) == 0 {
		s.Reason, s.Lag.Events = "no partition is owned yet", Unknown
		return s, nil
	}
	for _, o := range all {
		p, err := o.report(ctx, &s)
		if err != nil {
			return Status{}, fmt.Errorf("stream: status of partition %d: %w", o.key.partition, err)
		}
		s.Partitions = append(s.Partitions, p)
		if p.LagEvents == Unknown || s.Lag.Events == Unknown {
			s.Lag.Events = Unknown
		} else {
			s.Lag.Events += p.LagEvents
		}
		s.Lag.Seconds = max(s.Lag.Seconds, p.LagS)
	}
	for tenant, l := range s.Ledger {
		l.Accepted = l.Stored + l.Duplicate + l.Quarantined + l.Pending
		s.Ledger[tenant] = l
	}
	s.Ready = s.Reason == ""
	return s, nil
}

// partitions returns what is owned, in order.
func (r *Runner) partitions() []*owned {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]*owned, 0, len(r.owned))
	for _, o := range r.owned {
		all = append(all, o)
	}
	slices.SortFunc(all, func(a, b *owned) int { return cmp.Compare(a.key.partition, b.key.partition) })
	return all
}

// report adds one partition to the ledger and the reason of s.
func (o *owned) report(ctx context.Context, s *Status) (PartitionStatus, error) {
	pub := o.status.copy()
	out := PartitionStatus{
		Epoch: o.key.epoch, Partition: o.key.partition, Owner: fmt.Sprintf("pid:%d", os.Getpid()),
		From: pub.safe, To: max(pub.claimed, pub.safe), Written: min(pub.written, pub.safe), Snapshot: pub.snapshot, SnapshotS: Unknown, Visitors: pub.visitors, IDs: pub.ids,
	}
	if !pub.saved.IsZero() {
		out.SnapshotS = time.Since(pub.saved).Seconds()
	}
	if reason := pub.reason(); reason != "" && s.Reason == "" {
		s.Reason = fmt.Sprintf("partition %d: %s", o.key.partition, reason)
	}
	var err error
	if _, out.End, err = o.p.Bounds(ctx); err != nil {
		return out, err
	}
	idle, err := o.left(ctx)
	if err != nil {
		return out, err
	}
	if pub.starting {
		out.LagEvents, out.Taps = Unknown, append(o.taps(Unknown), idle...)
		return out, nil
	}
	// The totals are those at the offset safe, and the log counts from there:
	// together they are everything, whatever is appended meanwhile.
	pending, oldest, err := o.p.Pending(ctx, pub.safe)
	if err != nil {
		return out, err
	}
	for _, t := range pub.totals {
		l := s.Ledger[t.Tenant.String()]
		l.Stored, l.Duplicate, l.Quarantined = l.Stored+t.Stored, l.Duplicate+t.Duplicate, l.Quarantined+t.Quarantined
		s.Ledger[t.Tenant.String()] = l
	}
	total := int64(accepted(pub.totals))
	for tenant, n := range pending {
		l := s.Ledger[tenant]
		l.Pending += n
		s.Ledger[tenant] = l
		total += int64(n)
	}
	out.Taps = append(o.taps(total), idle...)
	if pub.written < pub.safe {
		if pending, oldest, err = o.p.Pending(ctx, pub.written); err != nil {
			return out, err
		}
	}
	for _, n := range pending {
		out.LagEvents += int64(n)
	}
	if out.LagEvents == 0 && min(pub.written, pub.safe) < out.End {
		out.LagEvents = 1 // a command, which holds no events, is to be seen as well
	}
	if out.LagEvents > 0 && oldest > 0 {
		out.LagS = max(time.Since(oldest.Time()).Seconds(), 0)
	}
	return out, nil
}
