package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/servers"
)

// attempt calls f with one server after the other until it succeeds, fails in
// a way that another try does not cure, or enough tries were made. A request
// whose outcome is unknown goes out again only if it may be repeated; one that
// was never sent goes to each server once, whatever it is.
func (c *client) attempt(ctx context.Context, repeat bool, f func(context.Context, *servers.Server) error) error {
	order := servers.InOrder(c.servers)
	tries := len(order)
	if repeat {
		tries = max(c.attempts, tries)
	}
	for n := 0; ; n++ {
		s := order[n%len(order)]
		err := f(ctx, s)
		if err == nil {
			s.Well()
			return nil
		}
		if ctx.Err() != nil || footfall.IsPermanent(err) {
			return err
		}
		never := servers.Unsent(err)
		if !never && !transient(err) {
			return err // an answer, and the same from everybody
		}
		s.Failed()
		if n+1 >= tries || !never && !repeat {
			return fmt.Errorf("%s: %w", s.URL.Host, err)
		}
		if (n+1)%len(order) == 0 {
			if err := servers.Pause(ctx, n/len(order)); err != nil {
				return err
			}
		}
	}
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
