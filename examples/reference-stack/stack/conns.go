package stack

import (
	queue "container/list"
	"net"
	"net/http"
	"sync"
)

// maxConnections bounds what strangers' connections take: about 20 KB each,
// whatever comes by them.
const maxConnections = 10_000

// connections bounds the connections of a server. One more than that takes the
// place of the one that has been idle for longest, or finds none.
type connections struct {
	most int

	mu   sync.Mutex
	open map[net.Conn]*queue.Element // its place in idle, nil while it is at work
	idle *queue.List                 // of net.Conn, that of longest first
}

func newConnections(most int) *connections {
	return &connections{most: most, open: map[net.Conn]*queue.Element{}, idle: queue.New()}
}

// track is an [http.Server]'s ConnState.
func (c *connections) track(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if place := c.open[conn]; place != nil {
		c.idle.Remove(place)
	}
	switch state {
	case http.StateNew:
		victim := conn
		if len(c.open) >= c.most {
			if oldest := c.idle.Front(); oldest != nil {
				victim = oldest.Value.(net.Conn)
				c.idle.Remove(oldest)
				delete(c.open, victim) // its place is taken before it is told
			}
			_ = victim.Close() // the server finds it closed, and says so here
		}
		if victim != conn || len(c.open) < c.most {
			c.open[conn] = nil
		}
	case http.StateActive:
		c.mark(conn, nil)
	case http.StateIdle:
		c.mark(conn, c.idle.PushBack(conn))
	default:
		delete(c.open, conn)
	}
}

// mark remembers what an open connection is at; one that lost its place stays
// out.
func (c *connections) mark(conn net.Conn, place *queue.Element) {
	if _, ok := c.open[conn]; ok {
		c.open[conn] = place
	} else if place != nil {
		c.idle.Remove(place)
	}
}
