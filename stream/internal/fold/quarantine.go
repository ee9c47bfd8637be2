package fold

import (
	"fmt"
	"strings"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/internal/schema"
)

// park folds events that the door has set aside: they go to quarantine and
// change nothing but the ledger and the window of message ids, so that a
// retransmission is neither stored beside its parked twin nor parked twice.
func (s *State) park(m *moment, events []footfall.Event, n int, reason string) []footfall.Event {
	var c outcomes
	o := &s.owners.list[m.owner]
	reason = strings.Clone(reason)
	for from := n; from < len(events); from += ahead {
		part := events[from:min(from+ahead, len(events))]
		s.look(part)
		for i := range part {
			ev, k := &part[i], &s.keys[i]
			if s.ids.add(k.idHash, k.message, m.window) {
				c.duplicate++
				continue
			}
			c.quarantined++
			s.wasRejected(ev) // by this fold, before a restart
			s.pending.reject(footfall.Rejected{
				Tenant: o.tenant, Silo: o.silo, Position: ev.Position, Time: m.clock, Reason: reason, Payload: Payload(ev, false),
			}, ev)
		}
	}
	clear(events[n:])
	s.count(m, c)
	return events[:n]
}

// replay folds events that come back from quarantine, and returns those to be
// stored. Their row in quarantine is emptied, and leaves behind them.
//
// They bear the message ids they came with, which are in the window; so it is
// not the window that keeps two replays of one event apart. It is the basis:
// whoever reads the quarantine before a replay has emptied its rows, or before
// an erasure has, comes too late.
func (s *State) replay(m *moment, events []footfall.Event, n int, b record.Basis) []footfall.Event {
	o := &s.owners.list[m.owner]
	last := &s.owners.changes[o.account]
	if last.next > b.Seen && (last.job != b.Job || b.Job == 0) {
		clear(events[n:])
		s.count(m, outcomes{duplicate: uint64(len(events) - n)})
		return events[:n]
	}
	*last = change{next: m.offset + 1, job: b.Job}
	var c outcomes
	keep := n
	for from := n; from < len(events); from += ahead {
		part := events[from:min(from+ahead, len(events))]
		s.look(part)
		for i := range part {
			ev, back := &part[i], &s.returns[from-n+i]
			if !back.Folded {
				s.event(m, &s.keys[i], ev)
			}
			s.pending.reject(footfall.Rejected{
				Tenant: o.tenant, Silo: o.silo, Position: back.Origin, Time: m.clock,
				Reason:  "replayed as " + ev.Position.String(),
				Version: footfall.Version(s.epoch, m.offset),
			}, ev)
			if s.wasRejected(ev) {
				c.quarantined++
				continue
			}
			c.stored++
			if keep != from+i {
				events[keep] = *ev
			}
			keep++
		}
	}
	clear(events[keep:])
	s.count(m, c)
	return events[:keep]
}

// disturb notes an erasure: what was read from quarantine before is not to be
// replayed any more, for it may be what was erased.
func (s *State) disturb(m *moment) {
	s.owners.changes[s.owners.list[m.owner].account] = change{next: m.offset + 1}
}

// reject adds a row of quarantine about an event.
func (p *pending) reject(r footfall.Rejected, ev *footfall.Event) {
	row := pendingRejected{Rejected: r, ids: [3]footfall.ID{ev.Visitor, ev.User}}
	if ev.Type == footfall.Alias && ev.AnonymousID != "" {
		row.ids[2] = schema.VisitorID(r.Tenant, ev.AnonymousID)
	}
	p.weight += len(r.Payload)
	p.rejected = append(p.rejected, row)
}

// Weight returns about how many bytes the rows of quarantine in the next
// [State.Flush] take. Nothing else in it is as large as what the log holds.
func (s *State) Weight() int { return s.pending.weight }

// Payload is an event as its row in quarantine has it.
func Payload(ev *footfall.Event, folded bool) string {
	text, err := record.NewPayload(ev, folded)
	if err != nil {
		return fmt.Sprintf("%+v", *ev) // JSON cannot say it, which may be why it was refused
	}
	return text
}
