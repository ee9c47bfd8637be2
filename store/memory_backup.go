package store

import (
	"maps"
	"slices"
)

// Backup returns a copy of the store as it is now, which has forgotten what was
// inserted under which token, as a restored server has. It exists for tests.
func (m *Memory) Backup() *Memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &Memory{
		events: slices.Clone(m.events), sessions: maps.Clone(m.sessions), links: maps.Clone(m.links), ids: maps.Clone(m.ids),
		traits: maps.Clone(m.traits), ledger: maps.Clone(m.ledger), rejected: maps.Clone(m.rejected), erasures: maps.Clone(m.erasures),
		expired: slices.Clone(m.expired), defined: maps.Clone(m.defined), members: maps.Clone(m.members), snapshots: maps.Clone(m.snapshots),
	}
}
