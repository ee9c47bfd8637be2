package kafkatest

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
)

// ProxiedAddrs returns the addresses of the proxies before the brokers.
func (c *Cluster) ProxiedAddrs() []string {
	var addrs []string
	for _, n := range c.nodes {
		addrs = append(addrs, n.proxy.addr())
	}
	return addrs
}

// LoseCommits makes the proxies lose the answers to the next n commits of
// offsets, together with the connection: the broker has done what it was asked
// for, and the client cannot know.
func (c *Cluster) LoseCommits(n int) { c.loses.left.Store(int64(n)) }

// LostCommits returns how many answers were lost.
func (c *Cluster) LostCommits() int { return int(c.loses.count.Load()) }

// losses says how many answers are still to be lost, and how many were.
type losses struct{ left, count atomic.Int64 }

// take reports whether one more is to be lost.
func (l *losses) take() bool { return l.left.Load() > 0 && l.left.Add(-1) >= 0 }

// proxy hands on what clients and a broker say to each other.
type proxy struct {
	to     string
	loses  *losses
	listen net.Listener

	mu    sync.Mutex
	conns map[net.Conn]bool // nil when it is closed
	work  sync.WaitGroup
}

func newProxy(to string, loses *losses) (*proxy, error) {
	listen, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for a proxy: %w", err)
	}
	p := &proxy{to: to, loses: loses, listen: listen, conns: map[net.Conn]bool{}}
	p.work.Go(func() {
		for {
			client, err := listen.Accept()
			if err != nil {
				return
			}
			p.work.Go(func() { p.serve(client) })
		}
	})
	return p, nil
}

func (p *proxy) addr() string { return p.listen.Addr().String() }

func (p *proxy) close() {
	_ = p.listen.Close()
	p.mu.Lock()
	for conn := range p.conns {
		_ = conn.Close()
	}
	p.conns = nil
	p.mu.Unlock()
	p.work.Wait()
}

// keep remembers connections for close, and reports false after it.
func (p *proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conns == nil {
		return false
	}
	for _, conn := range conns {
		p.conns[conn] = true
	}
	return true
}

// serve hands on until either side ends, or an answer is lost.
func (p *proxy) serve(client net.Conn) {
	defer func() { _ = client.Close() }()
	broker, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", p.to)
	if err != nil {
		return // the broker is down, which the client sees by the end of its connection
	}
	defer func() { _ = broker.Close() }()
	if !p.keep(client, broker) {
		return
	}
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.conns, client)
		delete(p.conns, broker)
	}()
	var losing sync.Map // correlation ids of requests whose answers are to be lost
	p.work.Go(func() {
		relay(broker, client, func(request []byte) bool {
			if len(request) >= 8 && binary.BigEndian.Uint16(request) == offsetCommit && p.loses.take() {
				losing.Store([4]byte(request[4:8]), true)
			}
			return true
		})
		_ = broker.Close()
	})
	relay(client, broker, func(answer []byte) bool {
		if len(answer) < 4 {
			return true
		}
		_, lose := losing.Load([4]byte(answer[:4]))
		if lose {
			p.loses.count.Add(1)
		}
		return !lose
	})
}

// offsetCommit is the number of that request in Kafka's protocol.
const offsetCommit = 8

// relay hands on messages, each of which stands behind its length, until see
// refuses one.
func relay(to io.Writer, from io.Reader, see func(message []byte) bool) {
	var buf []byte
	for {
		buf = append(buf[:0], 0, 0, 0, 0)
		if _, err := io.ReadFull(from, buf); err != nil {
			return
		}
		size := binary.BigEndian.Uint32(buf)
		if size > 1<<28 {
			return // no Kafka speaks there
		}
		buf = append(buf, make([]byte, size)...)
		if _, err := io.ReadFull(from, buf[4:]); err != nil || !see(buf[4:]) {
			return
		}
		if _, err := to.Write(buf); err != nil {
			return
		}
	}
}
