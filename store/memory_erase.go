package store

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
)

// erase deletes what an erasure names and remembers it. The lock is held.
func (m *Memory) erase(e *footfall.Erasure) {
	concerns := concerning(e)
	noted := erasureKey{e.Tenant, e.Name, e.Before}
	_, again := m.erasures[noted]
	maps.DeleteFunc(m.members, func(r footfall.Member, _ struct{}) bool {
		return r.Tenant == e.Tenant && concerns(r.Person) && (len(e.IDs) > 0 || !again)
	})
	if !again && len(e.IDs) == 0 {
		maps.DeleteFunc(m.defined, func(key definedKey, _ footfall.Definition) bool {
			return key.tenant == e.Tenant && key.kind != schema.KindErasure && key.kind != schema.KindExpiry
		})
	}
	m.events = slices.DeleteFunc(m.events, func(ev footfall.Event) bool {
		return ev.Tenant == e.Tenant && e.Concerns(&ev) && erased(ev.Position, e.Before)
	})
	left := map[sessionKey]bool{}
	for i := range m.events {
		if ev := &m.events[i]; ev.Tenant == e.Tenant {
			left[sessionKey{ev.Tenant, ev.Visitor, ev.Session}] = true
		}
	}
	// A session has no partition, so its version alone does not tell on which
	// side of the position it stands when a whole tenant goes: one with events
	// left stays. Those of a visitor are of one partition, and go even where
	// another user shared it: the processor drops what it has not written yet of
	// them, and cannot know whose the events were.
	maps.DeleteFunc(m.sessions, func(key sessionKey, s footfall.Session) bool {
		return key.tenant == e.Tenant && concerns(key.visitor) &&
			s.Version < footfall.Version(e.Before.Epoch, e.Before.Offset) && (len(e.IDs) > 0 || !left[key])
	})
	maps.DeleteFunc(m.links, func(key linkKey, l footfall.Link) bool {
		return key.tenant == e.Tenant && concerns(l.From, l.User) && erased(l.Position, e.Before)
	})
	maps.DeleteFunc(m.ledger, func(key ledgerKey, l footfall.LedgerRow) bool {
		return len(e.IDs) == 0 && key.tenant == e.Tenant && (key.epoch < e.Before.Epoch ||
			key.epoch == e.Before.Epoch && key.partition == e.Before.Partition && int64(l.Version>>16) <= e.Before.Offset)
	})
	maps.DeleteFunc(m.ids, func(key idKey, _ footfall.IDText) bool {
		return key.tenant == e.Tenant && concerns(key.id)
	})
	maps.DeleteFunc(m.traits, func(key traitKey, t footfall.Trait) bool {
		return key.tenant == e.Tenant && concerns(key.id) && erased(t.Position, e.Before)
	})
	// That an event is in quarantine stays known, what it said goes.
	for key, r := range m.rejected {
		if key.tenant == e.Tenant && r.Payload != "" && concerns(payloadIDs(&r)...) && erased(key.position, e.Before) {
			r.Payload, r.Reason = "", "erased"
			m.rejected[key] = r
		}
	}
	kept := *e
	kept.Silo, kept.Name, kept.IDs = strings.Clone(e.Silo), strings.Clone(e.Name), slices.Clone(e.IDs)
	put(&m.erasures, erasureKey{e.Tenant, kept.Name, e.Before}, kept)
}

// payloadIDs returns the ids of a quarantined event.
func payloadIDs(r *footfall.Rejected) []footfall.ID {
	var said struct{ AnonymousID, PreviousID, UserID string }
	// What is no such JSON names nobody.
	_ = json.Unmarshal([]byte(r.Payload), &said)
	return []footfall.ID{
		schema.VisitorID(r.Tenant, said.AnonymousID), schema.VisitorID(r.Tenant, said.PreviousID), schema.UserID(r.Tenant, said.UserID),
	}
}

// erased reports whether a row stands before the erasure: earlier in the same
// partition, or anywhere in an earlier epoch, which ended before this one.
func erased(row, before footfall.Position) bool {
	if row.Epoch != before.Epoch {
		return row.Epoch < before.Epoch
	}
	return row.Partition == before.Partition && row.Compare(before) < 0
}
