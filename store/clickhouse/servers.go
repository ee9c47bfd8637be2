package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"github.com/footfall-go/footfall"
)

// server is one of those that answer for the same data.
type server struct {
	address *url.URL
	failed  atomic.Int64 // when it last failed, in nanoseconds; 0 while it is well
}

// restTime is how long a server that failed is asked only after the others.
const restTime = 2 * time.Second

// inOrder returns the servers in the order in which they are tried: that of the
// configuration, those behind that failed a moment ago. Everybody prefers the
// same one, so that what was written is read back, and asked for, where it is.
func (c *client) inOrder() []*server {
	if len(c.servers) == 1 {
		return c.servers
	}
	now := time.Now().UnixNano()
	resting := func(s *server) bool {
		at := s.failed.Load()
		return at != 0 && now-at < int64(restTime)
	}
	var well, rest []*server
	for _, s := range c.servers {
		if resting(s) {
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

// attempt calls f with one server after the other until it succeeds, fails in
// a way that another try does not cure, or enough tries were made. A request
// whose outcome is unknown goes out again only if it may be repeated; one that
// was never sent goes to each server once, whatever it is.
func (c *client) attempt(ctx context.Context, repeat bool, f func(context.Context, *server) error) error {
	order := c.inOrder()
	tries := len(order)
	if repeat {
		tries = max(c.attempts, tries)
	}
	for n := 0; ; n++ {
		s := order[n%len(order)]
		err := f(ctx, s)
		if err == nil {
			s.failed.Store(0)
			return nil
		}
		if ctx.Err() != nil || footfall.IsPermanent(err) {
			return err
		}
		never := unsent(err)
		if !never && !transient(err) {
			return err // an answer, and the same from everybody
		}
		s.failed.Store(time.Now().UnixNano())
		if n+1 >= tries || !never && !repeat {
			return fmt.Errorf("%s: %w", s.address.Host, err)
		}
		if (n+1)%len(order) == 0 {
			if err := wait(ctx, n/len(order)); err != nil {
				return err
			}
		}
	}
}

func wait(ctx context.Context, round int) error {
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

// unsent reports whether a request certainly never got to a server: there was
// no connection.
func unsent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// transientCodes are ClickHouse's of what another server, or the same one in a
// moment, may do. Too many parts (252) are not among them: they take longer.
var transientCodes = []int{
	202, // TOO_MANY_SIMULTANEOUS_QUERIES
	209, // SOCKET_TIMEOUT
	210, // NETWORK_ERROR
	225, // NO_ZOOKEEPER
	236, // ABORTED: the server stops
	242, // TABLE_IS_READ_ONLY: the replica lost its keeper
	279, // ALL_CONNECTION_TRIES_FAILED
	285, // TOO_FEW_LIVE_REPLICAS
	289, // REPLICA_IS_NOT_IN_QUORUM
	319, // UNKNOWN_STATUS_OF_INSERT
	999, // KEEPER_EXCEPTION
}

// transientStatus are those of a balancer without a server, and of an engine
// that stops.
var transientStatus = []int{429, 502, 503, 504}

// transient reports whether an error tells of the way to a server, or of the
// moment, and not of the statement. What a network does leaves the outcome
// unknown.
func transient(err error) bool {
	answered, ok := errors.AsType[*Error](err)
	if !ok {
		return true
	}
	if answered.Code != 0 {
		return slices.Contains(transientCodes, answered.Code)
	}
	return slices.Contains(transientStatus, answered.Status)
}
