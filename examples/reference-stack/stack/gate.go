package stack

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/footfall-go/footfall/internal/problem"
)

// gate counts the requests inside and can be closed for more.
type gate struct {
	mu     sync.Mutex
	inside sync.WaitGroup
	closed bool
}

// close lets no more requests in and waits for those inside.
func (g *gate) close(ctx context.Context) error {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	left := make(chan struct{})
	go func() {
		g.inside.Wait()
		close(left)
	}()
	select {
	case <-left:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *gate) isClosed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closed
}

func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.inside.Add(1)
	}
	return !g.closed
}

// wrap answers 503 where the gate is closed: the sender tries again, and finds
// the next process.
func (g *gate) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.enter() {
			w.Header().Set("Connection", "close")
			problem.Write(w, r, problem.Problem{Status: http.StatusServiceUnavailable, Detail: "the server is stopping", RetryAfter: time.Second})
			return
		}
		defer g.inside.Done()
		next.ServeHTTP(w, r)
	})
}
