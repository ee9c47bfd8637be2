package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

// What the store does beside the record, for package keep: see
// store/clickhouse, whose methods these are.

type definedKey struct {
	tenant   tenant.ID
	kind, id string
}

// Define writes definitions, which replace older versions of theirs.
func (m *Memory) Define(ctx context.Context, all ...footfall.Definition) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("define: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range all {
		key := definedKey{d.Tenant, d.Kind, d.ID}
		if old, ok := m.defined[key]; !ok || d.Version >= old.Version {
			put(&m.defined, key, d)
		}
	}
	return nil
}

// Defined returns the definitions of a kind, without those deleted.
func (m *Memory) Defined(ctx context.Context, kind string) ([]footfall.Definition, error) {
	all := sorted(m, &m.defined, func(a, b footfall.Definition) int {
		return cmp.Or(cmp.Compare(a.Tenant.String(), b.Tenant.String()), cmp.Compare(a.ID, b.ID))
	})
	return slices.DeleteFunc(all, func(d footfall.Definition) bool { return d.Kind != kind || d.Deleted }), ctx.Err()
}

// DefinedBy is [Memory.Defined] for one tenant.
func (m *Memory) DefinedBy(ctx context.Context, id tenant.ID, kind string) ([]footfall.Definition, error) {
	all, err := m.Defined(ctx, kind)
	return slices.DeleteFunc(all, func(d footfall.Definition) bool { return d.Tenant != id }), err
}

// Freeze writes members of segments.
func (m *Memory) Freeze(ctx context.Context, all ...footfall.Member) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("freeze: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, member := range all {
		put(&m.members, member, struct{}{})
	}
	return nil
}

// Thaw deletes the members of a segment that are of versions before one.
func (m *Memory) Thaw(ctx context.Context, id tenant.ID, segment string, before uint64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.DeleteFunc(m.members, func(r footfall.Member, _ struct{}) bool {
		return r.Tenant == id && r.Segment == segment && r.Version < before
	})
	return ctx.Err()
}

// Count returns how many rows of each table an erasure concerns.
func (m *Memory) Count(ctx context.Context, e *footfall.Erasure) (map[string]uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	concerns := concerning(e)
	counts := map[string]uint64{}
	add := func(table string, id tenant.ID, concerned bool) {
		counts[table] += 0
		if id == e.Tenant && concerned {
			counts[table]++
		}
	}
	others := map[sessionKey]bool{}
	for i := range m.events {
		ev := &m.events[i]
		add(schema.Events, ev.Tenant, e.Concerns(ev))
		if !e.Concerns(ev) {
			others[sessionKey{ev.Tenant, ev.Visitor, ev.Session}] = true
		}
	}
	for key := range m.sessions {
		add(schema.Sessions, key.tenant, concerns(key.visitor) && !others[key])
	}
	for key, l := range m.links {
		add(schema.Identities, key.tenant, concerns(l.From, l.User))
	}
	for key := range m.ids {
		add(schema.IDs, key.tenant, concerns(key.id))
	}
	for key := range m.traits {
		add(schema.Traits, key.tenant, concerns(key.id))
	}
	for member := range m.members {
		add(schema.Members, member.Tenant, concerns(member.Person))
	}
	for key, r := range m.rejected {
		add(schema.Rejected, key.tenant, r.Payload != "" && concerns(payloadIDs(&r)...))
	}
	if len(e.IDs) == 0 {
		for key := range m.ledger {
			add(schema.Ledger, key.tenant, true)
		}
		for key, d := range m.defined {
			add(schema.Definitions, key.tenant, !d.Deleted && d.Kind != schema.KindErasure && d.Kind != schema.KindExpiry)
		}
	}
	return counts, ctx.Err()
}

// Partitions returns the partitions of the log whose rows name one of some ids.
func (m *Memory) Partitions(ctx context.Context, id tenant.ID, ids []footfall.ID) ([]uint16, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := &footfall.Erasure{Tenant: id, IDs: ids}
	concerns := concerning(e)
	found := map[uint16]bool{}
	for i := range m.events {
		if ev := &m.events[i]; ev.Tenant == id && e.Concerns(ev) {
			found[ev.Position.Partition] = true
		}
	}
	for key, l := range m.links {
		if key.tenant == id && concerns(l.From, l.User) {
			found[l.Position.Partition] = true
		}
	}
	for key, t := range m.traits {
		if key.tenant == id && concerns(key.id) {
			found[t.Position.Partition] = true
		}
	}
	for key, r := range m.rejected {
		if key.tenant == id && concerns(payloadIDs(&r)...) {
			found[key.position.Partition] = true
		}
	}
	return slices.Sorted(maps.Keys(found)), ctx.Err()
}

// Edges returns the identity edges that begin or end at one of some ids.
func (m *Memory) Edges(ctx context.Context, id tenant.ID, ids []footfall.ID) ([]footfall.Link, error) {
	concerns := concerning(&footfall.Erasure{IDs: ids})
	return slices.DeleteFunc(m.Links(), func(l footfall.Link) bool {
		return l.Tenant != id || len(ids) == 0 || !concerns(l.From, l.User)
	}), ctx.Err()
}

// CarriedOut returns the places of the erasures of a name that are done.
func (m *Memory) CarriedOut(ctx context.Context, id tenant.ID, name string) ([]footfall.Position, error) {
	var done []footfall.Position
	for _, e := range m.Erasures() {
		if e.Tenant == id && e.Name == name {
			done = append(done, e.Before)
		}
	}
	return done, ctx.Err()
}

// Expire deletes what a tenant keeps no longer.
func (m *Memory) Expire(ctx context.Context, x *footfall.Expiry) (map[string]uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expired = append(m.expired, *x)
	left := map[footfall.ID]bool{}
	events := len(m.events)
	m.events = slices.DeleteFunc(m.events, func(ev footfall.Event) bool {
		if ev.Tenant == x.Tenant && !x.Concerns(&ev) {
			left[ev.Visitor], left[ev.User] = true, true
		}
		return x.Concerns(&ev)
	})
	gone := map[string]uint64{schema.Events: uint64(events - len(m.events))}
	gone[schema.Sessions] = drop(m.sessions, func(key sessionKey, s footfall.Session) bool { return key.tenant == x.Tenant && s.Last < x.Before })
	gone[schema.Rejected] = drop(m.rejected, func(key rejectedKey, r footfall.Rejected) bool {
		return key.tenant == x.Tenant && r.Time < min(x.Before, x.Received)
	})
	if gone[schema.Events] == 0 {
		return gone, ctx.Err()
	}
	person := map[footfall.ID]bool{}
	for key := range m.ids {
		person[key.id] = true
	}
	gone[schema.Traits] = drop(m.traits, func(key traitKey, _ footfall.Trait) bool {
		return key.tenant == x.Tenant && person[key.id] && !left[key.id]
	})
	gone[schema.Identities] = drop(m.links, func(key linkKey, l footfall.Link) bool {
		return key.tenant == x.Tenant && l.Kind != footfall.LinkAlias && !left[l.From]
	})
	gone[schema.Members] = drop(m.members, func(r footfall.Member, _ struct{}) bool { return r.Tenant == x.Tenant && !left[r.Person] })
	gone[schema.IDs] = drop(m.ids, func(key idKey, _ footfall.IDText) bool { return key.tenant == x.Tenant && !left[key.id] })
	return gone, ctx.Err()
}

// Purge has nothing to do: what is deleted here is gone.
func (m *Memory) Purge(ctx context.Context) ([]string, error) { return nil, ctx.Err() }

func drop[K comparable, V any](rows map[K]V, gone func(K, V) bool) uint64 {
	before := len(rows)
	maps.DeleteFunc(rows, gone)
	return uint64(before - len(rows))
}

// concerning returns whether an erasure names one of some ids.
func concerning(e *footfall.Erasure) func(ids ...footfall.ID) bool {
	named := make(map[footfall.ID]bool, len(e.IDs))
	for _, id := range e.IDs {
		named[id] = true
	}
	return func(ids ...footfall.ID) bool {
		return len(e.IDs) == 0 || slices.ContainsFunc(ids, func(id footfall.ID) bool { return named[id] })
	}
}
