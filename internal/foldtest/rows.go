package foldtest

import (
	"maps"
	"slices"
	"strings"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

// Rows are the rows beside the events as a store keeps them: the newest version
// of each key, without what was erased.
type Rows struct {
	Sessions map[SessionKey]footfall.Session
	Links    map[LinkKey]footfall.Link
	IDs      map[IDKey]footfall.IDText
	Traits   map[TraitKey]footfall.Trait
	Ledger   map[LedgerKey]footfall.LedgerRow
	Rejected map[footfall.Position]footfall.Rejected
	Erasures []footfall.Erasure
}

// SessionKey names a session row as its table does.
type SessionKey struct {
	Tenant  tenant.ID
	Visitor footfall.ID
	Session uint64
	Opened  footfall.Millis
}

// LinkKey names an identity edge.
type LinkKey struct {
	From     footfall.ID
	Kind     footfall.LinkKind
	Position footfall.Position
}

// IDKey names the text of an id.
type IDKey struct {
	Tenant tenant.ID
	ID     footfall.ID
	Kind   footfall.IDKind
}

// TraitKey names what was said of an id by one partition. The order of traits is
// that of the record's own comparison.
type TraitKey struct {
	Tenant           tenant.ID
	ID               footfall.ID
	Kind             footfall.TraitKind
	Key              string
	Epoch, Partition uint16
}

// LedgerKey names a row of the ledger.
type LedgerKey struct {
	Tenant    tenant.ID
	Minute    footfall.Millis
	Epoch     uint16
	Partition uint16
}

func sessionKey(s *footfall.Session) SessionKey {
	return SessionKey{s.Tenant, s.Visitor, s.Session, s.Opened}
}

func linkKey(l *footfall.Link) LinkKey { return LinkKey{l.From, l.Kind, l.Position} }

// NewRows returns no rows.
func NewRows() *Rows {
	return &Rows{
		Sessions: map[SessionKey]footfall.Session{}, Links: map[LinkKey]footfall.Link{},
		IDs: map[IDKey]footfall.IDText{}, Traits: map[TraitKey]footfall.Trait{}, Ledger: map[LedgerKey]footfall.LedgerRow{},
		Rejected: map[footfall.Position]footfall.Rejected{},
	}
}

// Upsert merges rows as a store does, erasures first. Texts are copied.
func (r *Rows) Upsert(u *footfall.Upserts) {
	for _, e := range u.Erasures {
		r.erase(&e)
		same := func(o footfall.Erasure) bool { return o.Before == e.Before && o.Tenant == e.Tenant }
		if !slices.ContainsFunc(r.Erasures, same) {
			r.Erasures = append(r.Erasures, e)
		}
	}
	for _, s := range u.Sessions {
		if s.Version >= r.Sessions[sessionKey(&s)].Version {
			r.Sessions[sessionKey(&s)] = s
		}
	}
	for _, l := range u.Links {
		r.Links[linkKey(&l)] = l
	}
	for _, t := range u.IDs {
		t.Text = strings.Clone(t.Text)
		r.IDs[IDKey{t.Tenant, t.ID, t.Kind}] = t
	}
	for _, t := range u.Traits {
		t.Silo, t.Key, t.Value, t.MessageID = strings.Clone(t.Silo), strings.Clone(t.Key), strings.Clone(t.Value), strings.Clone(t.MessageID)
		key := TraitKey{t.Tenant, t.ID, t.Kind, t.Key, t.Position.Epoch, t.Position.Partition}
		if old, ok := r.Traits[key]; !ok || t.Beats(&old) {
			r.Traits[key] = t
		}
	}
	for _, l := range u.Ledger {
		key := LedgerKey{l.Tenant, l.Minute, l.Epoch, l.Partition}
		if l.Version >= r.Ledger[key].Version {
			r.Ledger[key] = l
		}
	}
	for _, j := range u.Rejected {
		if old, ok := r.Rejected[j.Position]; !ok || j.Version >= old.Version {
			r.Rejected[j.Position] = j
		}
	}
}

func (r *Rows) erase(e *footfall.Erasure) {
	named := func(t tenant.ID, ids ...footfall.ID) bool {
		return t == e.Tenant && (len(e.IDs) == 0 ||
			slices.ContainsFunc(ids, func(id footfall.ID) bool { return slices.Contains(e.IDs, id) }))
	}
	before := footfall.Version(e.Before.Epoch, e.Before.Offset)
	maps.DeleteFunc(r.Sessions, func(_ SessionKey, s footfall.Session) bool {
		return named(s.Tenant, s.Visitor) && s.Version < before
	})
	maps.DeleteFunc(r.Links, func(_ LinkKey, l footfall.Link) bool {
		return named(l.Tenant, l.From, l.User) && l.Position.Compare(e.Before) < 0
	})
	maps.DeleteFunc(r.Ledger, func(key LedgerKey, l footfall.LedgerRow) bool {
		return len(e.IDs) == 0 && key.Tenant == e.Tenant && key.Partition == e.Before.Partition && int64(l.Version>>16) <= e.Before.Offset
	})
	maps.DeleteFunc(r.Traits, func(_ TraitKey, t footfall.Trait) bool {
		return named(t.Tenant, t.ID) && t.Position.Compare(e.Before) < 0
	})
	maps.DeleteFunc(r.IDs, func(_ IDKey, t footfall.IDText) bool { return named(t.Tenant, t.ID) })
	for at, j := range r.Rejected {
		if j.Payload != "" && at.Compare(e.Before) < 0 && named(j.Tenant, payloadIDs(&j)...) {
			j.Payload, j.Reason = "", "erased"
			r.Rejected[at] = j
		}
	}
}

func payloadIDs(j *footfall.Rejected) []footfall.ID {
	ev, _, _, err := record.ParsePayload(j.Payload)
	if err != nil {
		return nil // nobody can be told from it
	}
	return []footfall.ID{
		schema.VisitorID(j.Tenant, string(ev.Anonymous)), schema.VisitorID(j.Tenant, string(ev.Previous)), schema.UserID(j.Tenant, string(ev.User)),
	}
}
