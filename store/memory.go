package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/tenant"
)

var _ footfall.Store = (*Memory)(nil)

// Memory is a [footfall.Store] that forgets everything with the process. It
// treats repeated batches, rows and versions like a real one: rows of a silo and
// month are dropped if some were taken under their token before, copies of an event collapse when
// read, and the newest version of a row stays. The zero value is an empty
// store; it is safe for concurrent use and must not be copied.
type Memory struct {
	mu       sync.Mutex
	taken    map[partKey]struct{}
	events   []footfall.Event
	sessions map[sessionKey]footfall.Session
	links    map[linkKey]footfall.Link
	ids      map[idKey]footfall.IDText
	traits   map[traitKey]footfall.Trait
	ledger   map[ledgerKey]footfall.LedgerRow
	rejected map[rejectedKey]footfall.Rejected
	erasures map[erasureKey]footfall.Erasure
	expired  []footfall.Expiry
	defined  map[definedKey]footfall.Definition
	members  map[footfall.Member]struct{}

	snapshots map[snapshotKey][]byte
}

// partKey is what makes the rows of two inserts the same.
type partKey struct {
	token string
	silo  string
	month int
}

type sessionKey struct {
	tenant  tenant.ID
	visitor footfall.ID
	session uint64
}

type linkKey struct {
	tenant   tenant.ID
	from     footfall.ID
	position footfall.Position
	kind     footfall.LinkKind
}

type idKey struct {
	tenant tenant.ID
	id     footfall.ID
	kind   footfall.IDKind
}

// traitKey has the partition, so that what an erasure leaves of a key is known.
type traitKey struct {
	tenant           tenant.ID
	id               footfall.ID
	kind             footfall.TraitKind
	key              string
	epoch, partition uint16
}

type ledgerKey struct {
	tenant           tenant.ID
	minute           footfall.Millis
	epoch, partition uint16
}

type rejectedKey struct {
	tenant   tenant.ID
	position footfall.Position
}

type erasureKey struct {
	tenant tenant.ID
	name   string
	before footfall.Position
}

// NewMemory returns an empty store.
func NewMemory() *Memory { return &Memory{} }

// Insert implements [footfall.Store].
func (m *Memory) Insert(ctx context.Context, b *footfall.Batch, attempt int) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("insert events: %w", err)
	}
	if len(b.Events) == 0 {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	token, fresh := b.Token(attempt), map[partKey]struct{}{}
	for i := range b.Events {
		e := &b.Events[i]
		year, month, _ := e.Time.Time().Date()
		key := partKey{token, strings.Clone(e.Silo), 12*year + int(month)}
		if _, again := m.taken[key]; !again {
			fresh[key] = struct{}{}
			m.events = append(m.events, cloneEvent(e))
		}
	}
	for key := range fresh {
		put(&m.taken, key, struct{}{})
	}
	return nil
}

// Present implements [footfall.Store].
func (m *Memory) Present(ctx context.Context, epoch, partition uint16, from, to int64) ([]footfall.Coordinate, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("read back coordinates: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var present []footfall.Coordinate
	for i := range m.events {
		p := m.events[i].Position
		if p.Epoch == epoch && p.Partition == partition && p.Offset >= from && p.Offset < to {
			present = append(present, coordinate(&m.events[i]))
		}
	}
	return present, nil
}

// Disposed implements [footfall.Store].
func (m *Memory) Disposed(ctx context.Context, epoch, partition uint16, from int64) (footfall.Disposed, error) {
	if err := ctx.Err(); err != nil {
		return footfall.Disposed{}, fmt.Errorf("read what was disposed of: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var d footfall.Disposed
	for key := range m.rejected {
		p := key.position
		if p.Epoch == epoch && p.Partition == partition && p.Offset >= from {
			d.Rejected = append(d.Rejected, footfall.Coordinate{Offset: p.Offset, Index: p.Index})
		}
	}
	for key, erasure := range m.erasures {
		p := key.before
		if p.Epoch == epoch && p.Partition == partition && p.Offset >= from {
			d.Erasures = append(d.Erasures, erasure)
		}
	}
	slices.SortFunc(d.Rejected, func(a, b footfall.Coordinate) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Index, b.Index))
	})
	slices.SortFunc(d.Erasures, compareErasures)
	d.Expired = slices.Clone(m.expired)
	return d, nil
}

// Upsert implements [footfall.Store].
func (m *Memory) Upsert(ctx context.Context, u *footfall.Upserts) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("upsert: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range u.Erasures {
		m.erase(&u.Erasures[i])
	}
	for _, s := range u.Sessions {
		key := sessionKey{s.Tenant, s.Visitor, s.Session}
		if old, ok := m.sessions[key]; !ok || s.Version >= old.Version {
			s.Silo = strings.Clone(s.Silo)
			put(&m.sessions, key, s)
		}
	}
	for _, l := range u.Links {
		l.Silo = strings.Clone(l.Silo)
		put(&m.links, linkKey{l.Tenant, l.From, l.Position, l.Kind}, l)
	}
	for _, id := range u.IDs {
		id.Silo, id.Text = strings.Clone(id.Silo), strings.Clone(id.Text)
		put(&m.ids, idKey{id.Tenant, id.ID, id.Kind}, id)
	}
	for _, t := range u.Traits {
		m.trait(t)
	}
	for _, l := range u.Ledger {
		key := ledgerKey{l.Tenant, l.Minute, l.Epoch, l.Partition}
		if old, ok := m.ledger[key]; !ok || l.Version >= old.Version {
			l.Silo = strings.Clone(l.Silo)
			put(&m.ledger, key, l)
		}
	}
	for _, r := range u.Rejected {
		key := rejectedKey{r.Tenant, r.Position}
		if old, ok := m.rejected[key]; !ok || r.Version >= old.Version {
			r.Silo, r.Reason, r.Payload = strings.Clone(r.Silo), strings.Clone(r.Reason), strings.Clone(r.Payload)
			put(&m.rejected, key, r)
		}
	}
	return nil
}

func (m *Memory) trait(t footfall.Trait) {
	key := traitKey{t.Tenant, t.ID, t.Kind, strings.Clone(t.Key), t.Position.Epoch, t.Position.Partition}
	if old, ok := m.traits[key]; ok && !t.Beats(&old) {
		return
	}
	t.Silo, t.Key, t.Value, t.MessageID = strings.Clone(t.Silo), key.key, strings.Clone(t.Value), strings.Clone(t.MessageID)
	put(&m.traits, key, t)
}

func put[K comparable, V any](m *map[K]V, key K, value V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[key] = value
}

func coordinate(e *footfall.Event) footfall.Coordinate {
	return footfall.Coordinate{Offset: e.Position.Offset, Index: e.Position.Index}
}

// cloneEvent copies the texts, which belong to the caller.
func cloneEvent(e *footfall.Event) footfall.Event {
	c := *e
	for _, text := range []*string{
		&c.Silo, &c.Name, &c.MessageID, &c.AnonymousID, &c.UserID, &c.PreviousID, &c.Properties, &c.Context, &c.Derived,
	} {
		*text = strings.Clone(*text)
	}
	return c
}
