package stream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// TapStatus tells how a tap does in one partition. Troubles of taps leave
// [Status.Ready] alone: they concern neither log nor store. The counts are
// those since the Runner was made.
type TapStatus struct {
	Name    string `json:"name"`
	Durable bool   `json:"durable"`
	// Given is how many events the sink has. A durable tap counts one again
	// that it had to write again.
	Given uint64 `json:"given"`
	// Erased is how many erasures the sink heard of, if it is a
	// [footfall.Eraser].
	Erased uint64 `json:"erased,omitempty"`

	// Of a live tap: Given + Dropped + Queued is what was stored.
	Dropped uint64 `json:"dropped,omitempty"`
	Queued  int    `json:"queued,omitempty"`

	// Of a durable tap.
	Cursor    int64  `json:"cursor"`               // its place: events of the records before it were given
	LagEvents int64  `json:"lag_events,omitempty"` // accepted and at or after Cursor, or Unknown; duplicates count as well
	Refused   uint64 `json:"refused,omitempty"`    // given to the dead letter instead

	// Error is what it is in trouble with; it tries again unless it has
	// stopped, which needs an operator and ends at the next start.
	Error   string `json:"error,omitempty"`
	Stopped bool   `json:"stopped,omitempty"`
	// Idle says that there is only a place, which a durable tap has left that
	// is no longer configured: [Runner.DropTap] ends that.
	Idle bool `json:"idle,omitempty"`
	// Elsewhere says that this process does not own the partition: of the tap
	// there is only the place. A Runner reports on its own alone.
	Elsewhere bool `json:"elsewhere,omitempty"`
}

// Errors of [Runner.DropTap].
var (
	ErrUnknownTap = errors.New("stream: no tap of that name has a place")
	ErrTapInUse   = errors.New("stream: the tap is configured: take it out first")
)

// DropTap forgets the place of a durable tap that is no longer configured, in
// all partitions this process owns. While it is there the log keeps what the
// tap would go on with: snapshots, and records that [Runner.Settle] has done
// with and that ought to be forgotten.
func (r *Runner) DropTap(ctx context.Context, name string) error {
	if r.durable(name) {
		return ErrTapInUse
	}
	found := false
	for _, o := range r.partitions() {
		places, err := o.p.Followers(ctx)
		if err != nil {
			return fmt.Errorf("stream: drop tap %s: %w", name, err)
		}
		if _, ok := places[name]; !ok {
			continue
		}
		found = true
		if err := o.p.Follower(name).Drop(ctx); err != nil {
			return fmt.Errorf("stream: drop tap %s: %w", name, err)
		}
	}
	if !found {
		return ErrUnknownTap
	}
	return nil
}

// durable reports whether a durable tap of that name is configured.
func (r *Runner) durable(name string) bool {
	return slices.ContainsFunc(r.cfg.Taps, func(t Tap) bool { return t.Durable && t.Name == name })
}

// left reports on places that no tap has.
func (o *owned) left(ctx context.Context) ([]TapStatus, error) {
	places, err := o.p.Followers(ctx)
	var all []TapStatus
	for _, name := range slices.Sorted(maps.Keys(places)) {
		if !o.r.durable(name) {
			all = append(all, TapStatus{Name: name, Durable: true, Idle: true, Cursor: places[name], LagEvents: Unknown})
		}
	}
	return all, err
}

// taps reports on all taps; total is how many events were accepted so far.
func (o *owned) taps(total int64) []TapStatus {
	var all []TapStatus
	for _, t := range o.tappers {
		v := t.view()
		s := TapStatus{
			Name: t.tap.Name, Durable: t.tap.Durable, Given: v.given, Erased: v.erased, Dropped: v.dropped, Queued: v.queued,
			Cursor: v.cursor, Refused: v.refused, Stopped: v.stopped,
		}
		if t.tap.Durable {
			// The total was taken before, so that it may be behind.
			s.LagEvents = max(total-int64(v.accepted), 0)
			if total == Unknown || !v.placed {
				s.LagEvents = Unknown
			}
		}
		if v.trouble != nil {
			s.Error = v.trouble.Error()
		}
		all = append(all, s)
	}
	return all
}
