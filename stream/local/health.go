package local

import (
	"errors"
	"fmt"
	"time"

	"github.com/footfall-go/footfall/stream"
)

// health is what keeps the log from working; Log.mu guards it.
type health struct {
	stuckOps int   // disk operations that are being repeated
	stuck    error // why the first of them failed
	broken   error // why the disk is frozen
	low      error // why nothing more is appended
	lost     error // why the log can never be opened again in this process

	since     time.Time // when it began, zero while all is well
	checked   time.Time // when the free space was looked at
	reviving  bool
	attempted time.Time // when opening again was tried
}

// diskError says why nothing can be written at all.
func (h *health) diskError() error {
	switch {
	case h.lost != nil:
		return h.lost
	case h.broken != nil:
		return h.broken
	default:
		return h.stuck
	}
}

// refusal is the error for a call that writes, nil if it may go on; l.mu is
// held.
func (l *Log) refusal(appends bool) error {
	if l.isClosed() {
		return ErrClosed
	}
	err := l.health.diskError()
	if err == nil && appends {
		err = l.health.low
	}
	if err == nil {
		return nil
	}
	if l.health.broken != nil {
		l.revive()
	}
	return fmt.Errorf("%w: %w", stream.ErrUnavailable, err)
}

// report logs once when trouble begins and once when it is over; l.mu is held.
func (l *Log) report() {
	h := &l.health
	err := h.diskError()
	if err == nil {
		err = h.low
	}
	switch {
	case err != nil && h.since.IsZero():
		h.since = time.Now()
		l.cfg.Logger.Error("log takes no events until its disk is well again", "dir", l.cfg.Dir, "error", err)
	case err == nil && !h.since.IsZero():
		l.cfg.Logger.Info("log takes events again", "dir", l.cfg.Dir, "after", time.Since(h.since).Round(time.Millisecond))
		h.since = time.Time{}
	}
}

// fail answers everything that waits; l.mu is held. What the writer has in
// hand may still reach the log.
func (l *Log) fail(err error) {
	for _, r := range l.queue {
		r.answer(err)
	}
	for _, r := range l.writing {
		r.answer(err)
	}
	l.queue = nil
}

// engineWatch passes on what happens to the disk of one engine, until that is
// frozen. Log.mu guards it.
type engineWatch struct {
	log  *Log
	dead bool
}

func (w *engineWatch) stuck(err error) {
	l := w.log
	l.mu.Lock()
	defer l.mu.Unlock()
	if w.dead {
		return
	}
	if l.health.stuckOps++; l.health.stuckOps == 1 {
		l.health.stuck = err
	}
	l.report()
	l.fail(fmt.Errorf("%w: %w", stream.ErrUnavailable, err))
	l.tellClose(err)
}

func (w *engineWatch) freed() {
	l := w.log
	l.mu.Lock()
	defer l.mu.Unlock()
	if w.dead {
		return
	}
	if l.health.stuckOps--; l.health.stuckOps == 0 {
		l.health.stuck = nil
	}
	l.report()
}

// broken leaves the writer of the frozen disk where it is, for it never comes
// back; its place is free for that of the next engine.
func (w *engineWatch) broken(err error) {
	l := w.log
	l.mu.Lock()
	defer l.mu.Unlock()
	if w.dead {
		return
	}
	w.dead = true
	l.health.broken, l.health.stuck, l.health.stuckOps = err, nil, 0
	l.report()
	l.fail(fmt.Errorf("%w: %w", stream.ErrUnavailable, err))
	l.writing = nil
	l.tellClose(err)
}

func (l *Log) tellClose(err error) {
	if l.isClosed() {
		select {
		case l.closing <- err:
		default:
		}
	}
}

// reviveEvery bounds how often opening again is tried.
const reviveEvery = time.Second

// revive opens the database again after its disk froze, in the background and
// on demand: a log that nobody asks does nothing. l.mu is held.
func (l *Log) revive() {
	h := &l.health
	if h.reviving || h.lost != nil || time.Since(h.attempted) < reviveEvery {
		return
	}
	h.reviving, h.attempted = true, time.Now()
	l.background.Go(func() {
		err := l.open()
		l.mu.Lock()
		defer l.mu.Unlock()
		h.reviving = false
		if errors.Is(err, errLost) {
			h.lost = err
		}
		l.report()
	})
}

// spaceEvery bounds how often the free space is looked at.
const spaceEvery = 100 * time.Millisecond

// checkSpace looks at the free space of the disk, now and then.
func (l *Log) checkSpace() {
	l.mu.Lock()
	due := time.Since(l.health.checked) >= spaceEvery
	if due {
		l.health.checked = time.Now()
	}
	l.mu.Unlock()
	if !due {
		return
	}
	low := l.lowSpace()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.health.low = low
	l.report()
}

func (l *Log) lowSpace() error {
	usage, err := l.cfg.disk.GetDiskUsage(l.cfg.Dir)
	if err != nil {
		return fmt.Errorf("free space of %s: %w", l.cfg.Dir, err)
	}
	if usage.AvailBytes < l.cfg.MinFree {
		return fmt.Errorf("%s has %d MB free, %d MB are kept in reserve",
			l.cfg.Dir, usage.AvailBytes>>20, l.cfg.MinFree>>20)
	}
	return nil
}
