package footfall

import (
	"encoding/hex"
	"fmt"
)

// ID names a visitor or a user inside Footfall: a 128-bit hash of (tenant,
// kind, text), made once at the door by [internal/schema.VisitorID] and
// UserID. The text that the sender used is kept once per id, beside the
// events. The zero ID means "none".
type ID [16]byte

// IsZero reports whether the ID names nobody.
func (id ID) IsZero() bool { return id == ID{} }

// String returns the ID as 32 hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// MarshalText returns the ID as it is written in JSON.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what String writes.
func (id *ID) UnmarshalText(b []byte) error {
	if n, err := hex.Decode(id[:], b[:min(len(b), 2*len(id))]); err != nil || n != len(id) || len(b) != 2*len(id) {
		return fmt.Errorf("footfall: %q is no id of 32 hexadecimal digits", b)
	}
	return nil
}

// IDKind tells what sort of text an [ID] was made from.
type IDKind uint8

// The kinds of an id. The numbers are stored.
const (
	KindVisitor IDKind = 1 // an anonymousId: a device or a browser
	KindUser    IDKind = 2 // a userId: an account of the sender's product
)
