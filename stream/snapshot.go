package stream

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/footfall-go/footfall/stream/internal/fold"
)

// snapshotter saves the state now and then, in the background.
type snapshotter struct {
	offset int64 // of the newest saved, 0 if none
	tried  int64 // of the newest attempted
	last   time.Time
	took   time.Duration
	events uint64 // how many events the last one knew

	taking bool
	opened bool
	gate   chan struct{} // closed when the snapshot may become visible
	cancel context.CancelCauseFunc
	done   chan error

	wanted atomic.Int64  // somebody waits for one at or after this offset
	poke   chan struct{} // wakes the loop to see it
}

var errSpoiled = errors.New("an event was quarantined meanwhile")

// snapshot starts one if it is due, and lets the one that is under way become
// visible when that is safe: the plan is past it, so that a restart can use
// it, and the store has the upserts that nobody will repeat after it.
func (o *owned) snapshot(now time.Time) {
	s := &o.snaps
	if s.taking {
		if !s.opened && o.plan.From >= s.tried && o.written >= s.tried {
			s.opened = true
			close(s.gate)
		}
		return
	}
	if due := s.due(o); due.IsZero() || now.Before(due) {
		return
	}
	s.taking, s.opened, s.gate = true, false, make(chan struct{})
	s.tried, s.events, s.last = o.applied, o.folded, now
	var ctx context.Context
	ctx, s.cancel = context.WithCancelCause(o.ctx)
	data := &gated{ctx: ctx, data: o.state.Snapshot(), gate: s.gate}
	at := o.applied
	o.wg.Go(func() {
		err := o.p.Snapshots().Save(ctx, fold.Version, at, data)
		_ = data.data.Close() // nothing is written through it
		s.done <- err
	})
	o.snapshot(now)
}

// restart sets the clock when the state is as of an offset.
func (s *snapshotter) restart(at int64, events uint64) {
	s.tried, s.events, s.last = at, events, time.Now()
}

// due returns when the next snapshot is to be taken, the zero time if nothing
// has changed since the last.
func (s *snapshotter) due(o *owned) time.Time {
	switch {
	case s.taking || o.applied == s.tried || o.r.cfg.NextEpoch: // which takes one at its end
		return time.Time{}
	case o.draining && !o.busy():
		if o.settled() {
			return s.last
		}
		return time.Time{}
	case s.owed(o):
		return s.last
	case o.folded-s.events >= uint64(o.r.cfg.SnapshotEvents):
		return s.last.Add(10 * s.took) // saving must not become all there is
	default:
		return s.last.Add(o.r.cfg.SnapshotEvery)
	}
}

// saved takes note of how a snapshot went. One that failed is no trouble for
// anybody but the next start, which replays more.
func (o *owned) saved(err error) {
	s := &o.snaps
	s.taking = false
	s.cancel(nil)
	s.took = time.Since(s.last)
	if err != nil {
		o.r.inst.snapshotFailures.Add(o.ctx, 1, o.attrs)
		o.log.Warn("snapshot was not saved", "offset", s.tried, "error", err)
		return
	}
	s.offset = s.tried
	o.status.save(s.offset)
}

// spoil gives up the snapshot under way.
func (s *snapshotter) spoil() {
	if s.taking && !s.opened {
		s.cancel(errSpoiled)
	}
}

// gated holds back the end of a snapshot's data until the gate opens. So the
// state is read at once, which frees the fold of keeping it, and yet nothing
// can be loaded too early.
type gated struct {
	ctx  context.Context
	data io.ReadCloser
	gate <-chan struct{}
}

func (g *gated) Read(p []byte) (int, error) {
	if g.ctx.Err() != nil {
		return 0, context.Cause(g.ctx)
	}
	n, err := g.data.Read(p)
	if err != io.EOF || n > 0 {
		return n, err
	}
	select {
	case <-g.gate:
		return 0, io.EOF
	case <-g.ctx.Done():
		return 0, context.Cause(g.ctx)
	}
}
