package query

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/tenant"
)

// run is the state of one question.
type run struct {
	engine   *Engine
	tenant   *tenant.Tenant
	cal      calendar
	now      time.Time // by the clock of the engine
	began    time.Time
	deadline time.Time
	from, to time.Time
	read     struct{ rows, bytes uint64 }
	known    *people // nil until asked for

	// What segments are about; see plan.
	at     time.Time
	ranged bool // whether the question has a range
	home   calendar
	stored map[string]*storedSegment
}

// maxResult bounds the rows of any statement's result.
const maxResult = 2 * maxCells

// plan makes the question definite for its next statement.
func (r *run) plan() *plan { return r.planOver(r.from, r.to) }

// planOver is plan for another range than that of the question.
func (r *run) planOver(from, to time.Time) *plan {
	p := &plan{
		tenant: r.tenant.ID.String(), silo: r.tenant.Silo(), cal: r.cal,
		from: from.UnixMilli(), to: to.UnixMilli(),
		limits: limits{
			milliseconds: max(1, time.Until(r.deadline).Milliseconds()),
			memory:       bound(r.engine.config.MaxMemory, r.tenant.QueryMemory),
			rows:         bound(r.engine.config.MaxRows, r.tenant.QueryRows),
			result:       maxResult,
		},
		at: r.at.UnixMilli(), home: r.home, stored: r.stored,
	}
	if r.ranged {
		p.asked = &extent{p.from, p.to}
	}
	p.kept = earliest.UnixMilli()
	if keep := r.tenant.Retention; keep > 0 {
		// What is to be deleted tonight is not shown today.
		p.kept = r.now.Add(-keep).UnixMilli()
	}
	p.since = min(max(p.from, p.kept), p.to)
	if r.known != nil {
		p.people = *r.known
	}
	return p
}

// bound returns the lower of two limits, of which 0 is none.
func bound(all, own int64) int64 {
	if own > 0 {
		return min(all, own)
	}
	return all
}

// planWithPeople is plan for statements that resolve persons.
func (r *run) planWithPeople(ctx context.Context) (*plan, error) {
	if r.known == nil {
		known, err := r.meet(ctx)
		if err != nil {
			return nil, fmt.Errorf("read the identity edges: %w", err)
		}
		r.known = known
	}
	return r.plan(), nil
}

// meet finds out which identity edges the tenant has.
func (r *run) meet(ctx context.Context) (*people, error) {
	known := new(people)
	err := r.each(ctx, r.plan().compilePeople(), func(rows Rows) error {
		var links, unlinks, aliases uint64
		if err := rows.Scan(&links, &unlinks, &aliases); err != nil {
			return err
		}
		*known = people{links: links > 0, unlinks: unlinks > 0, aliases: aliases > 0}
		return nil
	})
	if err != nil || !known.aliases {
		return known, err
	}
	var edges []alias
	err = r.each(ctx, r.plan().compileChains(), func(rows Rows) error {
		var from, to hexID
		err := rows.Scan((*string)(&from), (*string)(&to))
		edges = append(edges, alias{from.id(), to.id()})
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(edges) > maxChained {
		return nil, fmt.Errorf("%w: more than %d aliases lead to other aliases", ErrLimit, maxChained)
	}
	known.from, known.to = chase(edges)
	return known, nil
}

// each runs a statement and calls read for every row.
func (r *run) each(ctx context.Context, s Statement, read func(Rows) error) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	rows, err := r.engine.config.Conn.Query(ctx, s)
	if err != nil {
		return err
	}
	for rows.Next() {
		if err := read(rows); err != nil {
			return errors.Join(fmt.Errorf("read a row: %w", err), rows.Close())
		}
	}
	err = rows.Err()
	readRows, readBytes := rows.Read()
	r.read.rows += readRows
	r.read.bytes += readBytes
	return errors.Join(err, rows.Close())
}

// stats returns what was taken so far.
func (r *run) stats() Stats {
	return Stats{Rows: r.read.rows, Bytes: r.read.bytes, Milliseconds: time.Since(r.began).Milliseconds()}
}

// hexID is an id as statements return it: the digits that hexOf makes.
type hexID string

func (h hexID) id() (id footfall.ID) {
	if len(h) == 2*len(id) {
		_, _ = hex.Decode(id[:], []byte(h)) // the engine's own digits
	}
	return id
}

// explain says of a failed statement what the asker should know: who gave up,
// he or the clock.
func (r *run) explain(asked, bounded context.Context, err error) error {
	if asked.Err() != nil {
		return context.Cause(asked)
	}
	if bounded.Err() != nil && !errors.Is(err, ErrTimeout) && !errors.Is(err, ErrBusy) {
		return fmt.Errorf("%w: %w", ErrTimeout, err)
	}
	return err
}

// bucketsOf returns the buckets of the range and their edges.
func (r *run) bucketsOf(i Interval, lines int) (starts []time.Time, edges []int64, open bool, err error) {
	starts, end, ok := r.cal.buckets(i, r.from, r.to)
	if !ok {
		return nil, nil, false, tooManyBuckets()
	}
	if len(starts)*lines > maxCells {
		return nil, nil, false, &InvalidError{[]Problem{{"", "too_many", fmt.Sprintf("the answer would have more than %d numbers; ask for fewer buckets, series or values of the breakdown", maxCells)}}}
	}
	if r.to.Before(end) {
		end = r.to
	}
	return starts, edgesOf(starts), end.After(r.now), nil
}

func tooManyBuckets() error {
	return &InvalidError{[]Problem{{"/interval", "too_many", fmt.Sprintf("the range has more than %d buckets of this interval", maxBuckets)}}}
}

// bucketIndex finds a bucket by what statements call it.
func bucketIndex(edges []int64) map[int64]int {
	indexes := make(map[int64]int, len(edges))
	for i, second := range seconds(edges) {
		indexes[second] = i
	}
	return indexes
}
