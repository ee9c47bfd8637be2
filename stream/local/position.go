package local

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/footfall-go/footfall/tenant"
)

// ImportPosition returns how far a named import of a tenant has come, 0 if it
// has not begun.
func (l *Log) ImportPosition(ctx context.Context, id tenant.ID, name string) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	e, err := l.use()
	if err != nil {
		return 0, err
	}
	defer e.users.Done()
	return readPosition(e.db, positionKey(id.String(), name))
}

// SetImportPosition notes durably how far a named import has come. It never
// goes back: a position before the one noted changes nothing.
func (l *Log) SetImportPosition(ctx context.Context, id tenant.ID, name string, position int64) error {
	if position < 0 {
		return fmt.Errorf("set import position %d: it is negative", position)
	}
	return l.submit(ctx, &request{positionKey: positionKey(id.String(), name), position: position})
}

func readPosition(db *pebble.DB, key []byte) (int64, error) {
	value, closer, err := db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read import position: %w", err)
	}
	if len(value) != 8 {
		return 0, errors.Join(fmt.Errorf("%w: import position", errCorrupt), closer.Close())
	}
	return int64(binary.BigEndian.Uint64(value)), closer.Close()
}
