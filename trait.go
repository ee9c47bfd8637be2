package footfall

import (
	"cmp"
	"strings"

	"github.com/footfall-go/footfall/tenant"
)

// TraitKind tells what a [Trait] says. The numbers are stored.
type TraitKind uint8

// The kinds of traits.
const (
	TraitSet    TraitKind = 1 // the newest value of a key counts
	TraitOnce   TraitKind = 2 // the oldest counts, and only where the key was never set
	TraitMember TraitKind = 3 // the newest group of a type that the id belongs to: Key is the type, Value the group's id
)

// Trait is one thing that is said of a visitor, a user or a group. Each event
// that says something has its own; of those of equal tenant, id, kind and key
// one counts, see [Trait.Beats].
type Trait struct {
	Tenant    tenant.ID
	Silo      string
	ID        ID // of a visitor, a user or a group
	Kind      TraitKind
	Key       string
	Value     string // JSON; null says that there is no value, and counts like any other
	Time      Millis // of the event
	MessageID string
	Position  Position
}

// Beats reports whether a trait counts rather than another of the same id, kind
// and key: the newer one, for [TraitOnce] the older one; of equal times that
// with the greater message id. What is left, copies of one message, is decided
// by value and position, so that any two processes decide alike.
func (t *Trait) Beats(other *Trait) bool {
	age := cmp.Compare(t.Time, other.Time)
	if t.Kind == TraitOnce {
		age = -age
	}
	return cmp.Or(
		age, strings.Compare(t.MessageID, other.MessageID), strings.Compare(t.Value, other.Value), t.Position.Compare(other.Position),
	) > 0
}
