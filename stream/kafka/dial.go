package kafka

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"net"
	"sync"
	"time"
)

// commitTime is how long brokers let a commit wait for replicas, unless they are
// configured otherwise.
const commitTime = 5 * time.Second

// waits is how long a broker may wait by itself before it answers a request, by
// the key of its API. Those that are not named wait for something of their own,
// as long as the client allows: who joins a group waits for all members.
var waits = map[int16]time.Duration{
	0:  produceTimeout, // Produce
	1:  longPoll,       // Fetch
	2:  0,              // ListOffsets
	3:  0,              // Metadata
	8:  commitTime,     // OffsetCommit
	9:  0,              // OffsetFetch
	10: 0,              // FindCoordinator
	12: 0,              // Heartbeat
	13: 0,              // LeaveGroup
	15: 0,              // DescribeGroups
	17: 0,              // SaslHandshake
	18: 0,              // ApiVersions
	22: 0,              // InitProducerId
	36: 0,              // SaslAuthenticate
}

// dialer connects to brokers. It encrypts by itself, because only what is not
// encrypted yet tells which requests are sent.
type dialer struct {
	net.Dialer
	tls    *tls.Config   // nil for none
	answer time.Duration // how long a broker may be silent that does not wait
}

// Dial connects to a broker.
func (d *dialer) Dial(network, addr string) (net.Conn, error) {
	var way interface {
		DialContext(ctx context.Context, network, addr string) (net.Conn, error)
	} = &d.Dialer
	if d.tls != nil {
		way = &tls.Dialer{NetDialer: &d.Dialer, Config: d.tls} // its time-out is the handshake's too
	}
	conn, err := way.DialContext(context.Background(), network, addr)
	if err != nil {
		return nil, err
	}
	return &line{Conn: conn, answer: d.answer}, nil
}

// errSilent says that a broker did not answer in time.
var errSilent = errors.New("the broker is silent")

// line is a connection to a broker that must not be silent for long. A frozen
// one keeps its connections, and the client asks a broker one thing at a time:
// who waits for it holds up all others. Each Write is a request.
type line struct {
	net.Conn
	answer time.Duration

	mu    sync.Mutex
	until time.Time // when the answer must begin; zero if only the client bounds it
}

// Write sends a request.
func (l *line) Write(request []byte) (int, error) {
	if len(request) >= 6 { // its length, and the key
		wait, bounded := waits[int16(binary.BigEndian.Uint16(request[4:]))]
		l.expect(wait, bounded)
	}
	return l.Conn.Write(request)
}

func (l *line) expect(wait time.Duration, bounded bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until = time.Time{}
	if bounded {
		l.until = time.Now().Add(wait + l.answer)
	}
}

// SetReadDeadline is called before each part of an answer is read.
func (l *line) SetReadDeadline(t time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.until.IsZero() && l.until.Before(t) {
		t = l.until
	}
	return l.Conn.SetReadDeadline(t)
}

// Read reads what the broker answers. An answer that has begun may take as long
// as the client allows.
//
// The client takes an error that is a time-out for one of the request alone. It
// would go on with the connection: ask what a frozen broker can do a second time,
// take it for connected without, and then wait for the answer to what it wanted.
func (l *line) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	if n > 0 {
		l.expect(0, false)
	}
	if late := net.Error(nil); errors.As(err, &late) && late.Timeout() {
		err = &net.OpError{Op: "read", Net: "tcp", Source: l.LocalAddr(), Addr: l.RemoteAddr(), Err: errSilent}
	}
	return n, err
}
