package tenant

import (
	"errors"
	"fmt"
)

// ErrID says that a text is no tenant id; [ParseID] tells why.
var ErrID = errors.New("tenant: invalid id")

// maxID bounds an id so that it fits host names, file names and table values.
const maxID = 63

// ID names a tenant. Only [ParseID] makes one, so a value of this type holds
// nothing but lower-case letters, digits, '-' and '_', starts with a letter or
// a digit, and has 1 to 63 characters; the zero value names nobody.
type ID struct{ text string }

// ParseID checks a text and returns it as an ID. The error wraps [ErrID].
func ParseID(text string) (ID, error) {
	if text == "" {
		return ID{}, fmt.Errorf("%w: it is empty", ErrID)
	}
	if len(text) > maxID {
		return ID{}, fmt.Errorf("%w: %d characters, at most %d are allowed", ErrID, len(text), maxID)
	}
	for i := range len(text) {
		c := text[i]
		letter := c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
		if !letter && (i == 0 || c != '-' && c != '_') {
			return ID{}, fmt.Errorf("%w: character %q at %d; use a-z, 0-9, and after the first also - and _", ErrID, c, i)
		}
	}
	return ID{text}, nil
}

// String returns the id's text.
func (id ID) String() string { return id.text }

// IsZero reports whether the ID names nobody.
func (id ID) IsZero() bool { return id.text == "" }

// MarshalText returns the id's text.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.text), nil }

// UnmarshalText parses an id like [ParseID].
func (id *ID) UnmarshalText(b []byte) (err error) {
	*id, err = ParseID(string(b))
	return err
}
