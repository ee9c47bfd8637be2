package chdb

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
)

// bodyGuard is a request's body that can be taken away from its reader: when
// a round trip is over, the caller may use the memory behind it again.
type bodyGuard struct {
	body    io.ReadCloser
	over    atomic.Bool
	reading sync.Mutex
}

var errRequestOver = errors.New("the request is over")

func (g *bodyGuard) reader() io.ReadCloser {
	if g.body == nil || g.body == http.NoBody {
		return http.NoBody
	}
	return g
}

func (g *bodyGuard) Read(p []byte) (int, error) {
	g.reading.Lock()
	defer g.reading.Unlock()
	if g.over.Load() {
		return 0, errRequestOver
	}
	return g.body.Read(p)
}

// WriteTo lets a body that is in memory go to the engine without a buffer
// between them.
func (g *bodyGuard) WriteTo(w io.Writer) (int64, error) {
	to, ok := g.body.(io.WriterTo)
	if !ok {
		buffer := buffers.Get().(*[]byte)
		defer buffers.Put(buffer)
		return io.CopyBuffer(w, struct{ io.Reader }{g}, *buffer)
	}
	g.reading.Lock()
	defer g.reading.Unlock()
	if g.over.Load() {
		return 0, errRequestOver
	}
	return to.WriteTo(w)
}

// Close leaves the body to release.
func (g *bodyGuard) Close() error { return nil }

// release closes the body and waits until nobody reads it any more. The
// closing comes first: it wakes a reader that waits for a network.
func (g *bodyGuard) release() {
	if g.body == nil {
		return
	}
	g.over.Store(true)
	_ = g.body.Close() // The answer counts, not how the question ends.
	g.reading.Lock()
	defer g.reading.Unlock()
}
