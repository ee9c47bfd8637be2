package query

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

// PutSegment stores a segment under its id, in the place of one that is there,
// and returns it as it is now. Of s its ID, Name, Segment and Static count. The
// error is as that of [Engine.Run], or [ErrNoStore].
func (e *Engine) PutSegment(ctx context.Context, t *tenant.Tenant, s StoredSegment) (*StoredSegment, error) {
	var put *StoredSegment
	err := e.aboutSegments(ctx, t, func(ctx context.Context, r *run) (err error) {
		put, err = r.put(ctx, s)
		return err
	})
	return put, err
}

// aboutSegments does something about stored segments in its turn, in the time
// that a question has.
func (e *Engine) aboutSegments(ctx context.Context, t *tenant.Tenant, do func(context.Context, *run) error) error {
	if e.config.Segments == nil {
		return ErrNoStore
	}
	r, err := e.begin(t, Scope{Range: always}, time.Now())
	if err != nil {
		return err
	}
	r.settle(new(SegmentSize))
	bounded, cancel := context.WithDeadlineCause(ctx, r.deadline, ErrTimeout)
	defer cancel()
	_, err = r.inTurn(bounded, func(ctx context.Context) (any, error) { return nil, do(ctx, r) })
	if err != nil {
		return r.explain(ctx, bounded, err)
	}
	return nil
}

func (r *run) put(ctx context.Context, s StoredSegment) (*StoredSegment, error) {
	body, err := r.sound(&s)
	if err != nil {
		return nil, err
	}
	store := r.engine.config.Segments
	all, err := r.engine.load(ctx, r.tenant)
	if err != nil {
		return nil, err
	}
	old, replaces := all[s.ID]
	if !replaces && len(all) >= maxSegments {
		return nil, &InvalidError{[]Problem{{"/id", "too_many", fmt.Sprintf("a tenant has at most %d segments", maxSegments)}}}
	}
	d := footfall.Definition{
		Tenant: r.tenant.ID, Kind: schema.KindSegment, ID: s.ID, Body: body,
		// A clock that was set back must not make it older than what it replaces.
		Version: max(uint64(r.now.UnixMicro()), old.Version+1),
	}
	// It is resolved as if it were stored and dynamic, which shows a circle.
	all = maps.Clone(all)
	if all == nil {
		all = map[string]footfall.Definition{}
	}
	dynamic := s
	dynamic.Static = false
	trial := d
	if trial.Body, err = saved(&dynamic); err != nil {
		return nil, err
	}
	all[s.ID] = trial
	n := nest{all: all, found: map[string]*storedSegment{}}
	if err := n.visit("/segment", s.ID); err != nil {
		return nil, err
	}
	r.stored = n.found
	if _, err := r.planWithPeople(ctx); err != nil {
		return nil, err
	}
	q := &SegmentSize{Segment: Segment{ID: s.ID}}
	var count uint64
	if s.Static {
		count, err = r.frozen(ctx, &d, q)
	} else {
		var result *SegmentResult
		if result, err = r.segment(ctx, q); err == nil {
			count = result.Count
		}
	}
	if err != nil {
		return nil, fmt.Errorf("find the members: %w", err)
	}
	if err := store.Define(ctx, d); err != nil {
		return nil, fmt.Errorf("%w: store the segment: %w", ErrUnavailable, err)
	}
	// Members of versions that were replaced count nowhere any more.
	if err := store.Thaw(ctx, r.tenant.ID, s.ID, d.Version); err != nil {
		return nil, fmt.Errorf("%w: forget the members before: %w", ErrUnavailable, err)
	}
	s.Count = &count
	return &s, nil
}

// sound checks a segment that is to be stored, fills in the rest of it and
// returns the body of its definition.
func (r *run) sound(s *StoredSegment) (string, error) {
	s.Name, s.Count, s.Updated = s.title(), nil, r.now.UTC().Truncate(time.Millisecond)
	var c checker
	(&storedSegment{StoredSegment: *s}).check(&c)
	if err := c.err(); err != nil {
		return "", err
	}
	body, err := saved(s)
	if err == nil && len(body) > maxSegmentBody {
		err = &InvalidError{[]Problem{{"/segment", "too_long", fmt.Sprintf("a stored segment has at most %d bytes", maxSegmentBody)}}}
	}
	return body, err
}

func saved(s *StoredSegment) (string, error) {
	body, err := json.Marshal(savedSegment{s.Name, s.Segment, s.Static, s.Updated})
	if err != nil {
		return "", fmt.Errorf("write down segment %s: %w", s.ID, err)
	}
	return string(body), nil
}

// Segment returns a stored segment with the number of persons in it now. The
// error is as that of [Engine.Run], [ErrNoSegment] or [ErrNoStore].
func (e *Engine) Segment(ctx context.Context, t *tenant.Tenant, id string) (*StoredSegment, error) {
	list, err := e.segments(ctx, t, id)
	if err != nil {
		return nil, err
	}
	if list[0].Count == nil {
		return nil, ErrTimeout
	}
	return &list[0], nil
}

// Segments returns all segments of a tenant, in the order of their ids. Those
// that could not be counted in the time a question has are there without it.
func (e *Engine) Segments(ctx context.Context, t *tenant.Tenant) ([]StoredSegment, error) {
	return e.segments(ctx, t, "")
}

// segments returns one segment, or all for no id.
func (e *Engine) segments(ctx context.Context, t *tenant.Tenant, id string) (list []StoredSegment, err error) {
	err = e.aboutSegments(ctx, t, func(ctx context.Context, r *run) (err error) {
		list, err = r.listed(ctx, id)
		return err
	})
	return list, err
}

func (r *run) listed(ctx context.Context, id string) ([]StoredSegment, error) {
	all, err := r.engine.load(ctx, r.tenant)
	if err != nil {
		return nil, err
	}
	ids := slices.Sorted(maps.Keys(all))
	if id != "" {
		if _, ok := all[id]; !ok {
			return nil, fmt.Errorf("%w: %s", ErrNoSegment, clip(id))
		}
		ids = []string{id}
	}
	list := make([]StoredSegment, len(ids))
	for i, id := range ids {
		d := all[id]
		s, err := open(&d)
		if err != nil {
			return nil, err
		}
		list[i] = s.StoredSegment
		if list[i].Count, err = r.size(ctx, all, id); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// size counts a stored segment, nil if there is no time for it or it can no
// longer be told, because one that it needs has gone.
func (r *run) size(ctx context.Context, all map[string]footfall.Definition, id string) (*uint64, error) {
	n := nest{all: all, found: map[string]*storedSegment{}}
	err := n.visit("", id)
	if err == nil {
		r.stored = n.found
		_, err = r.planWithPeople(ctx)
	}
	var result *SegmentResult
	if err == nil {
		result, err = r.segment(ctx, &SegmentSize{Segment: Segment{ID: id}})
	}
	var invalid *InvalidError
	switch {
	case err == nil:
		return &result.Count, nil
	case errors.As(err, &invalid), errors.Is(err, ErrTimeout), errors.Is(context.Cause(ctx), ErrTimeout), errors.Is(err, ErrLimit):
		return nil, nil
	}
	return nil, err
}

// DeleteSegment forgets a stored segment. Questions that name it are mistakes
// from then on. The error is [ErrNoSegment] or [ErrNoStore], or says that the
// store is not to be reached.
func (e *Engine) DeleteSegment(ctx context.Context, t *tenant.Tenant, id string) error {
	return e.aboutSegments(ctx, t, func(ctx context.Context, r *run) error { return r.forget(ctx, id) })
}

func (r *run) forget(ctx context.Context, id string) error {
	all, err := r.engine.load(ctx, r.tenant)
	if err != nil {
		return err
	}
	d, ok := all[id]
	if !ok {
		return fmt.Errorf("%w: %s", ErrNoSegment, clip(id))
	}
	d.Body, d.Deleted, d.Version = "{}", true, max(uint64(r.now.UnixMicro()), d.Version+1)
	if err := r.engine.config.Segments.Define(ctx, d); err != nil {
		return fmt.Errorf("%w: delete the segment: %w", ErrUnavailable, err)
	}
	if err := r.engine.config.Segments.Thaw(ctx, r.tenant.ID, id, d.Version); err != nil {
		return fmt.Errorf("%w: forget the members: %w", ErrUnavailable, err)
	}
	return nil
}
