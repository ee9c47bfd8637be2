package store

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/tenant"
)

// Rows returns every inserted event in the order of arrival, copies included:
// what is there twice was inserted twice.
func (m *Memory) Rows() []footfall.Event {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.events)
}

// Events returns the events as a query sees them, ordered by position: of
// copies with the same tenant, day, name, visitor and message id the first in
// the log.
func (m *Memory) Events() []footfall.Event {
	type key struct {
		tenant   tenant.ID
		day      int64
		name, id string
		visitor  footfall.ID
	}
	const day = 24 * 60 * 60 * 1000
	first := map[key]footfall.Event{}
	for _, e := range m.Rows() {
		// Rounded down, so that the hours before 1970 are a day of their own.
		k := key{e.Tenant, (int64(e.Time) - mod(int64(e.Time), day)) / day, e.Name, e.MessageID, e.Visitor}
		if old, ok := first[k]; !ok || e.Position.Compare(old.Position) < 0 {
			first[k] = e
		}
	}
	return slices.SortedFunc(maps.Values(first), func(a, b footfall.Event) int { return a.Position.Compare(b.Position) })
}

func mod(a, b int64) int64 { return (a%b + b) % b }

// Sessions returns the newest version of each session, ordered by visitor and
// time of opening.
func (m *Memory) Sessions() []footfall.Session {
	return sorted(m, &m.sessions, func(a, b footfall.Session) int {
		return cmp.Or(strings.Compare(a.Tenant.String(), b.Tenant.String()), bytes.Compare(a.Visitor[:], b.Visitor[:]),
			cmp.Compare(a.Opened, b.Opened), cmp.Compare(a.Session, b.Session))
	})
}

// Links returns the identity edges ordered by position.
func (m *Memory) Links() []footfall.Link {
	return sorted(m, &m.links, func(a, b footfall.Link) int {
		return cmp.Or(a.Position.Compare(b.Position), cmp.Compare(a.Kind, b.Kind))
	})
}

// IDs returns the texts of ids ordered by kind and text.
func (m *Memory) IDs() []footfall.IDText {
	return sorted(m, &m.ids, func(a, b footfall.IDText) int {
		return cmp.Or(strings.Compare(a.Tenant.String(), b.Tenant.String()), cmp.Compare(a.Kind, b.Kind), strings.Compare(a.Text, b.Text))
	})
}

// Traits returns what counts of what was said of each id, whatever partition it
// came by, ordered by id, kind and key.
func (m *Memory) Traits() []footfall.Trait {
	m.mu.Lock()
	defer m.mu.Unlock()
	best := map[traitKey]footfall.Trait{}
	for key, t := range m.traits {
		key.epoch, key.partition = 0, 0
		if old, ok := best[key]; !ok || t.Beats(&old) {
			best[key] = t
		}
	}
	return slices.SortedFunc(maps.Values(best), func(a, b footfall.Trait) int {
		return cmp.Or(strings.Compare(a.Tenant.String(), b.Tenant.String()), bytes.Compare(a.ID[:], b.ID[:]),
			cmp.Compare(a.Kind, b.Kind), strings.Compare(a.Key, b.Key))
	})
}

// Ledger returns the newest version of each row ordered by tenant and minute.
func (m *Memory) Ledger() []footfall.LedgerRow {
	return sorted(m, &m.ledger, func(a, b footfall.LedgerRow) int {
		return cmp.Or(strings.Compare(a.Tenant.String(), b.Tenant.String()), cmp.Compare(a.Minute, b.Minute),
			cmp.Compare(a.Epoch, b.Epoch), cmp.Compare(a.Partition, b.Partition))
	})
}

// Counted reports whether the store has a row of the ledger, of its version or a
// later one.
func (m *Memory) Counted(ctx context.Context, row *footfall.LedgerRow) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	have, ok := m.ledger[ledgerKey{row.Tenant, row.Minute, row.Epoch, row.Partition}]
	return ok && have.Version >= row.Version, ctx.Err()
}

// Survey returns events of some records, the newest first.
func (m *Memory) Survey(ctx context.Context, epoch, partition uint16, from, to int64, most int) ([]footfall.Event, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var held []footfall.Event
	for i := range m.events {
		if p := m.events[i].Position; p.Epoch == epoch && p.Partition == partition && p.Offset >= from && p.Offset < to {
			held = append(held, footfall.Event{Tenant: m.events[i].Tenant, MessageID: m.events[i].MessageID, Position: p})
		}
	}
	slices.SortFunc(held, func(a, b footfall.Event) int { return b.Position.Compare(a.Position) })
	return held[:min(len(held), most)], ctx.Err()
}

// Rejected returns the quarantined events ordered by position.
func (m *Memory) Rejected() []footfall.Rejected {
	return sorted(m, &m.rejected, func(a, b footfall.Rejected) int { return a.Position.Compare(b.Position) })
}

// Erasures returns the erasures carried out, ordered by position.
func (m *Memory) Erasures() []footfall.Erasure { return sorted(m, &m.erasures, compareErasures) }

// Lose drops inserted events as a crash might, without forgetting that their
// batches were acknowledged. It exists for tests.
func (m *Memory) Lose(lost func(footfall.Position) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.events = slices.DeleteFunc(m.events, func(e footfall.Event) bool { return lost(e.Position) })
}

func compareErasures(a, b footfall.Erasure) int {
	return cmp.Or(a.Before.Compare(b.Before), strings.Compare(a.Name, b.Name))
}

// sorted copies the values of a map of m under its lock.
func sorted[K comparable, V any](m *Memory, from *map[K]V, compare func(a, b V) int) []V {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.SortedFunc(maps.Values(*from), compare)
}
