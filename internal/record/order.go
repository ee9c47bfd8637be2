package record

import (
	"encoding/json"
	"fmt"

	"github.com/footfall-go/footfall"
)

// Order is a command in the log: rare, so it travels as JSON. Exactly one field
// is set.
type Order struct {
	Erase  *Erase  `json:"erase,omitempty"`
	Unlink *Unlink `json:"unlink,omitempty"`
}

// Erase asks for the rows of some ids, or of the whole tenant, that stand before
// it in its partition to be deleted. It is appended to every partition
// concerned.
type Erase struct {
	Name     string   `json:"name"`               // the request's own id
	Visitors []string `json:"visitors,omitempty"` // texts
	Users    []string `json:"users,omitempty"`    // texts
	// IDs are visitors and users by the ids they have everywhere else, so that
	// the order that somebody be forgotten does not say who.
	IDs []footfall.ID `json:"ids,omitempty"`
	All bool          `json:"all,omitempty"` // every row of the tenant
}

// Unlink ends the link of a visitor to its user.
type Unlink struct {
	AnonymousID string `json:"anonymousId"`
	UserID      string `json:"userId"`
}

// NewOrder returns the record of a command.
func NewOrder(h Header, partition uint16, o Order) (footfall.Record, error) {
	value, err := json.Marshal(o)
	if err != nil {
		return footfall.Record{}, fmt.Errorf("encode command: %w", err)
	}
	h.Kind = Command
	return footfall.Record{Partition: partition, Tenant: h.Tenant.String(), Header: h.append(nil), Value: value}, nil
}

// ParseOrder reads the command of a record.
func ParseOrder(rec *footfall.Record) (Order, error) {
	var o Order
	if err := json.Unmarshal(rec.Value, &o); err != nil {
		return o, fmt.Errorf("%w: command at offset %d: %w", ErrCorrupt, rec.Offset, err)
	}
	if (o.Erase == nil) == (o.Unlink == nil) {
		return o, fmt.Errorf("%w: command at offset %d is not one of erase, unlink", ErrCorrupt, rec.Offset)
	}
	return o, nil
}
