package stream

import (
	"sync"
	"time"

	"github.com/footfall-go/footfall/stream/internal/fold"
)

// published is what of a partition's progress others may see at any time.
type published struct {
	mu sync.Mutex
	view
}

type view struct {
	starting bool
	stopped  error
	troubles [concerns]error
	safe     int64
	claimed  int64
	written  int64
	snapshot int64
	saved    time.Time // when it was, zero if this process did not
	visitors int
	ids      int
	totals   []fold.Totals // at safe
}

// copy returns the view at one moment.
func (p *published) copy() view {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.view // totals are replaced, never changed
}

// change makes one change visible at once.
func (p *published) change(f func(*view)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(&p.view)
}

// reason says why a partition is not ready, "" if it is.
func (v *view) reason() string {
	if v.stopped != nil {
		return "stopped: " + v.stopped.Error()
	}
	for _, err := range v.troubles {
		if err != nil {
			return err.Error()
		}
	}
	if v.starting {
		return "is being started"
	}
	return ""
}

func (p *published) place(plan Plan, safe, written int64) {
	p.change(func(v *view) { v.claimed, v.safe, v.written = plan.To, safe, written })
}

// started takes what is to be seen of a state, and returns what shows it.
func (p *published) started(s *fold.State, snapshot int64) (show func()) {
	totals, visitors, ids := s.Totals(), s.Visitors(), s.MessageIDs()
	return func() {
		p.change(func(v *view) {
			v.starting, v.totals, v.visitors, v.ids, v.snapshot = false, totals, visitors, ids, snapshot
		})
	}
}

func (p *published) claim(to int64)      { p.change(func(v *view) { v.claimed = to }) }
func (p *published) write(written int64) { p.change(func(v *view) { v.written = written }) }
func (p *published) save(snapshot int64) {
	p.change(func(v *view) { v.snapshot, v.saved = snapshot, time.Now() })
}
func (p *published) halt(err error) { p.change(func(v *view) { v.stopped = err }) }

func (p *published) confirm(b *batch) {
	p.change(func(v *view) { v.safe, v.totals, v.visitors, v.ids = b.out.To, b.totals, b.visitors, b.ids })
}

// trouble notes an error and reports whether it is a new trouble.
func (p *published) trouble(c concern, err error) (fresh bool) {
	p.change(func(v *view) { fresh, v.troubles[c] = v.troubles[c] == nil, err })
	return fresh
}

// mended takes the trouble away and returns it.
func (p *published) mended(c concern) (was error) {
	p.change(func(v *view) { was, v.troubles[c] = v.troubles[c], nil })
	return was
}
