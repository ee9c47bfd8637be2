package query

import (
	"context"
	"fmt"

	"github.com/footfall-go/footfall"
)

// SegmentResult is the result of [SegmentSize].
type SegmentResult struct {
	// Count is how many persons are in the segment.
	Count uint64 `json:"count"`
}

func (r *run) segment(ctx context.Context, q *SegmentSize) (*SegmentResult, error) {
	result := new(SegmentResult)
	err := r.each(ctx, r.plan().compileSegment(q), func(rows Rows) error { return rows.Scan(&result.Count) })
	if err != nil {
		return nil, fmt.Errorf("count the segment: %w", err)
	}
	return result, nil
}

// settle finds out which time a question about the size of a segment is about:
// it need not be bounded, and may end at any moment.
func (r *run) settle(q Query) {
	if p, ok := q.(*Persons); ok && p.Of != nil {
		q = p.question()
	}
	s, ok := q.(*SegmentSize)
	if !ok {
		return
	}
	if s.At != "" {
		r.at, _ = parseMoment(s.At, r.cal.loc)
	}
	if r.ranged = s.Range != (Range{}); r.ranged {
		r.from, r.to = s.Range.resolve(r.at, r.cal)
	} else {
		r.from, r.to = earliest, r.at
	}
}

// maxMembers bounds the persons of a segment that is frozen.
const maxMembers = 10_000_000

// membersOf calls add with all persons of a segment, some at a time.
func (r *run) membersOf(ctx context.Context, q *SegmentSize, add func([]footfall.ID) error) (n uint64, err error) {
	const some = 50_000
	list := make([]footfall.ID, 0, some)
	flush := func() error {
		n += uint64(len(list))
		err := add(list)
		list = list[:0]
		return err
	}
	err = r.each(ctx, r.plan().compileMembers(q, maxMembers+1), func(rows Rows) error {
		var id hexID
		if err := rows.Scan((*string)(&id)); err != nil {
			return err
		}
		if list = append(list, id.id()); len(list) < some {
			return nil
		}
		return flush()
	})
	if err == nil {
		err = flush()
	}
	if err == nil && n > maxMembers {
		err = fmt.Errorf("%w: a segment that is frozen has at most %d persons", ErrLimit, maxMembers)
	}
	return n, err
}
