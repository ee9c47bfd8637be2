package servers

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"sync/atomic"
	"time"
)

// Server is one of those that answer for the same data.
type Server struct {
	URL    *url.URL
	failed atomic.Int64 // when it last failed, in nanoseconds; 0 while it is well
}

// Parse makes servers of the URLs of HTTP interfaces.
func Parse(texts []string) (all []*Server, wrong error) {
	for _, text := range texts {
		address, err := url.Parse(text)
		if err == nil && (address.Scheme != "http" && address.Scheme != "https" || address.Host == "") {
			err = fmt.Errorf("%q is no http or https address", text)
		}
		wrong = errors.Join(wrong, err)
		all = append(all, &Server{URL: address})
	}
	return all, wrong
}

// Failed notes that a server did not answer, Well that it did.
func (s *Server) Failed() { s.failed.Store(time.Now().UnixNano()) }

// Well is the opposite of Failed.
func (s *Server) Well() { s.failed.Store(0) }

// restTime is how long a server that failed is asked only after the others.
const restTime = 2 * time.Second

// InOrder returns the servers in the order in which they are tried: as they
// were given, those behind that failed a moment ago. Everybody prefers the same
// one, so that what was written is read back, and asked for, where it is.
func InOrder(all []*Server) []*Server {
	if len(all) == 1 {
		return all
	}
	now := time.Now().UnixNano()
	var well, rest []*Server
	for _, s := range all {
		if at := s.failed.Load(); at != 0 && now-at < int64(restTime) {
			rest = append(rest, s)
		} else {
			well = append(well, s)
		}
	}
	return append(well, rest...)
}

// The bounds of the waiting between two rounds of servers.
const (
	shortestPause = 50 * time.Millisecond
	longestPause  = time.Second
)

// Pause waits after a round of servers in which none answered.
func Pause(ctx context.Context, round int) error {
	d := min(shortestPause<<min(round, 8), longestPause)
	// Processes that saw one server fail do not come back at one moment.
	timer := time.NewTimer(d/2 + rand.N(d))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Unsent reports whether a request certainly never got to a server: there was
// no connection.
func Unsent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}
