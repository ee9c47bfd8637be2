package chdb

import (
	"fmt"
	"sync"
	"time"
)

// killTimeout is how long Close waits for killed statements to notice.
const killTimeout = 5 * time.Second

// requests counts those that run, until the last one after the closing.
type requests struct {
	mu      sync.Mutex
	running int
	closed  bool
	// idle is closed when no request runs and none may begin.
	idle chan struct{}
}

// begin reports whether a request may begin; it is followed by end.
func (r *requests) begin() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.running++
	return true
}

func (r *requests) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running--
	if r.closed && r.running == 0 {
		close(r.idle)
	}
}

func (r *requests) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed && r.running == 0 {
		close(r.idle)
	}
	r.closed = true
}

// Close refuses new requests with ErrClosed, lets those that run finish, kills
// what takes longer than Config.DrainTimeout, and stops the engine. The
// directory is free again, also for this process. Close may be called again.
//
// A result whose body nobody closed keeps the engine from stopping; that is
// an error, after which the engine answers nothing but has not stopped.
func (e *Engine) Close() error {
	e.requests.close()
	drain := time.NewTimer(e.drainTimeout)
	defer drain.Stop()
	select {
	case <-e.requests.idle:
	case <-drain.C:
		if err := e.killAll(); err != nil {
			return err
		}
	}
	opened.Lock()
	defer opened.Unlock()
	e.control.Lock()
	defer e.control.Unlock()
	if e.control.conn != nil {
		e.control.conn.Close()
		e.control.conn = nil
		opened.engine = nil
	}
	return nil
}

func (e *Engine) killAll() error {
	enough := time.NewTimer(killTimeout)
	defer enough.Stop()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		e.kill("LIKE '" + sessionPrefix + "%'")
		select {
		case <-e.requests.idle:
			return nil
		case <-again.C:
		case <-enough.C:
			e.requests.mu.Lock()
			defer e.requests.mu.Unlock()
			return fmt.Errorf("close the engine: %d requests or results are still open", e.requests.running)
		}
	}
}
