package query

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/footfall-go/footfall"
)

// said is what one id says under a key, and what decides whether it counts.
type said struct {
	set            uint64 // 0 for what was only set once
	rank           int64
	message, value string
}

// beats is the order of bestFirst, over the ids of a person.
func (s said) beats(other said) bool {
	return cmp.Or(
		cmp.Compare(s.set, other.set), cmp.Compare(s.rank, other.rank),
		strings.Compare(s.message, other.message), strings.Compare(s.value, other.value),
	) > 0
}

// maxTraitBytes bounds the traits of one page.
const maxTraitBytes = 64 << 20

// traitsOf reads what the ids of persons say.
func (r *run) traitsOf(ctx context.Context, found map[footfall.ID]*foundPerson, others belonging, ids []footfall.ID) error {
	bytes := 0
	err := r.each(ctx, r.plan().compileTraits(ids), func(rows Rows) error {
		var id hexID
		var key string
		var s said
		if err := rows.Scan((*string)(&id), &key, &s.set, &s.rank, &s.message, &s.value); err != nil {
			return err
		}
		if bytes += len(key) + len(s.value); bytes > maxTraitBytes {
			return fmt.Errorf("%w: the traits of these persons take more than %d bytes", ErrLimit, maxTraitBytes)
		}
		f := found[others.of(id.id())]
		if f == nil {
			return nil // nobody of this page
		}
		if f.traits == nil {
			f.traits = map[string]said{}
		}
		if old, ok := f.traits[key]; !ok || s.beats(old) {
			f.traits[key] = s
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the traits: %w", err)
	}
	return nil
}

// shown returns the values of traits that have one.
func shown(traits map[string]said) map[string]json.RawMessage {
	values := make(map[string]json.RawMessage, len(traits))
	for key, s := range traits {
		if s.value != "null" && json.Valid([]byte(s.value)) {
			values[key] = json.RawMessage(s.value)
		}
	}
	return values
}
