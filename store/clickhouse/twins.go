package clickhouse

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

// twins are events that are in the store under the position of an earlier copy.
//
// A copy that the processor's window has forgotten is inserted like any event,
// and a merge collapses it into the first. If the processor is killed just
// then and asks what is present, that copy looks lost, for ever: each further
// attempt is collapsed too. So what comes with a second attempt is looked up
// by its key, and what is there already counts as present. The first attempt,
// which is nearly all of them, pays nothing.
type twins struct {
	mu    sync.Mutex
	known map[[2]uint16][]footfall.Coordinate // by epoch and partition
}

// add notes copies of a partition. What stands before from was confirmed and
// is asked for no more.
func (t *twins) add(epoch, partition uint16, from int64, found []footfall.Coordinate) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known == nil {
		t.known = map[[2]uint16][]footfall.Coordinate{}
	}
	key := [2]uint16{epoch, partition}
	kept := slices.DeleteFunc(t.known[key], func(c footfall.Coordinate) bool { return c.Offset < from })
	kept = append(kept, found...)
	slices.SortFunc(kept, compareCoordinates)
	if kept = slices.Compact(kept); len(kept) == 0 {
		delete(t.known, key)
		return
	}
	t.known[key] = kept
}

func (t *twins) append(to []footfall.Coordinate, epoch, partition uint16, from, end int64) []footfall.Coordinate {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.known[[2]uint16{epoch, partition}] {
		if c.Offset >= from && c.Offset < end {
			to = append(to, c)
		}
	}
	return to
}

// eventKey is what the events table takes for the same event.
type eventKey struct {
	tenant  tenant.ID
	day     int32
	name    string
	visitor footfall.ID
	id      string
}

func keyOf(e *footfall.Event) eventKey {
	const day = 24 * 60 * 60 * 1000
	d := int64(e.Time) / day
	if int64(e.Time)%day < 0 {
		d--
	}
	return eventKey{e.Tenant, int32(d), e.Name, e.Visitor, e.MessageID}
}

// lookUp bounds the events of one look-up, lookUpText its statement.
const (
	lookUp     = 2000
	lookUpText = "8388608"
)

// withoutTwins returns the events of a batch that have no earlier copy in the
// store, and remembers the others as present.
func (s *Store) withoutTwins(ctx context.Context, c *client, b *footfall.Batch) ([]footfall.Event, error) {
	var twins []footfall.Coordinate
	events := make([]footfall.Event, 0, len(b.Events))
	for part := range slices.Chunk(b.Events, lookUp) {
		first, err := c.firstCopies(ctx, part)
		if err != nil {
			return nil, fmt.Errorf("look for earlier copies: %w", err)
		}
		for i := range part {
			e := &part[i]
			at, found := first[keyOf(e)]
			if found && at != e.Position && at.Offset <= e.Position.Offset {
				twins = append(twins, footfall.Coordinate{Offset: e.Position.Offset, Index: e.Position.Index})
				continue
			}
			events = append(events, *e)
		}
	}
	s.twins.add(b.Epoch, b.Partition, b.From, twins)
	return events, nil
}

// firstCopies returns, for those of the events whose key is in the store, the
// position of the row with it that merges leave.
func (c *client) firstCopies(ctx context.Context, events []footfall.Event) (map[eventKey]footfall.Position, error) {
	var sql strings.Builder
	sql.WriteString("SELECT tenant, toInt32(toDate32(time)), name, visitor, id, _epoch, _p, _o, _i FROM " + schema.Events + " WHERE id IN (")
	for i := range events {
		if i > 0 {
			sql.WriteByte(',')
		}
		sql.WriteString(quote(events[i].MessageID))
	}
	sql.WriteString(") FORMAT RowBinary")
	settings, err := c.known(ctx, withSetting(readSettings, "max_query_size", lookUpText))
	if err != nil {
		return nil, err
	}
	result, err := c.query(ctx, sql.String(), settings)
	if err != nil {
		return nil, err
	}
	first := map[eventKey]footfall.Position{}
	r := rowBinary{rest: result}
	for r.more() {
		key := eventKey{r.tenant(), int32(r.u32()), r.text(), r.id(), r.text()}
		at := footfall.Position{Epoch: r.u16(), Partition: r.u16(), Offset: int64(r.u64()), Index: r.u32()}
		if old, ok := first[key]; !ok || at.Offset < old.Offset {
			first[key] = at
		}
	}
	if r.bad {
		return nil, errTorn
	}
	return first, nil
}

// Copies returns the coordinates of those of some events of a partition that the
// store has a row equal to, which a merge may have left in their place.
func (s *Store) Copies(ctx context.Context, partition uint16, events []footfall.Event) ([]footfall.Coordinate, error) {
	var found []footfall.Coordinate
	for part := range slices.Chunk(events, lookUp) {
		first, err := s.shard(partition).firstCopies(ctx, part)
		if err != nil {
			return nil, fmt.Errorf("look for copies: %w", err)
		}
		for i := range part {
			if _, ok := first[keyOf(&part[i])]; ok {
				found = append(found, footfall.Coordinate{Offset: part[i].Position.Offset, Index: part[i].Position.Index})
			}
		}
	}
	return found, nil
}
