package stream

import "sync"

// horizon tells durable taps how far the store has confirmed the log.
type horizon struct {
	mu       sync.Mutex
	safe     int64
	refusals int // events moved to quarantine, and erasures carried out, so far
	closed   bool
	moved    chan struct{} // closed and replaced when something changes
}

// look returns the offset before which all is confirmed, how much was disposed of
// by then, whether it is the last word, and what is closed
// when it is no longer true.
func (h *horizon) look() (safe int64, refusals int, closed bool, moved <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.moved == nil {
		h.moved = make(chan struct{})
	}
	return h.safe, h.refusals, h.closed, h.moved
}

func (h *horizon) move(safe int64, refused int) {
	h.change(func() { h.safe, h.refusals = safe, h.refusals+refused })
}

// erased tells of erasures that the store has carried out.
func (h *horizon) erased(n int) { h.change(func() { h.refusals += n }) }

// close says that nothing more will be confirmed.
func (h *horizon) close() { h.change(func() { h.closed = true }) }

func (h *horizon) change(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f()
	if h.moved != nil { // somebody has looked
		close(h.moved)
		h.moved = nil
	}
}
