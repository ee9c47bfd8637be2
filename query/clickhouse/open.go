package clickhouse

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/footfall-go/footfall/internal/servers"
)

// Config says which servers are asked, over HTTP. The zero value is a server on
// this machine.
type Config struct {
	// URLs are those of the HTTP interfaces of servers that hold the same. One
	// that does not answer is passed over. Defaults to "http://127.0.0.1:8123".
	URLs []string
	// Spread sends questions to one server after the other. A replica may lag
	// behind the one that is written to, so that an answer can lack what its
	// watermark promises. Defaults to asking the first that is well, which is the
	// one that package store/clickhouse writes to when it has the same order.
	Spread bool
	// Cluster says that the tables are of type Distributed, as store/clickhouse
	// makes them on a cluster. Defaults to false.
	Cluster bool
	// TLS is for https. Defaults to the system's certificates.
	TLS *tls.Config
	// Database holds the tables. Defaults to "footfall".
	Database string
	// User and Password are those of the servers' user. Default to none.
	User, Password string
	// Compress asks for answers packed with LZ4, for networks that are slower
	// than a core. The embedded engine refuses it. Defaults to false.
	Compress bool
	// DialTimeout bounds the making of a connection. Defaults to 5 s.
	DialTimeout time.Duration
	// Timeout bounds a statement where the context does not do it sooner.
	// Defaults to 5 minutes.
	Timeout time.Duration
	// Attempts is how often a statement is sent before an answer has begun, to
	// one server after the other. Defaults to 4.
	Attempts int
	// Connections bounds the statements under way. Defaults to 64.
	Connections int
}

// Open returns a Conn of its own connections, which [Conn.Close] ends. It does
// not speak to a server yet.
func Open(config Config) (*Conn, error) {
	c := config
	c.DialTimeout, c.Timeout = cmp.Or(c.DialTimeout, 5*time.Second), cmp.Or(c.Timeout, 5*time.Minute)
	c.Attempts, c.Connections = cmp.Or(c.Attempts, 4), cmp.Or(c.Connections, 64)
	if len(c.URLs) == 0 {
		c.URLs = []string{"http://127.0.0.1:8123"}
	}
	var wrong error
	all, err := servers.Parse(c.URLs)
	if err != nil {
		wrong = fmt.Errorf("clickhouse: Config.URLs: %w", err)
	}
	if c.DialTimeout < 0 || c.Timeout < 0 || c.Attempts < 0 || c.Connections < 0 {
		wrong = errors.Join(wrong, errors.New("clickhouse: Config.DialTimeout, Timeout, Attempts and Connections are not negative"))
	}
	if wrong != nil {
		return nil, wrong
	}
	shared := servers.Transport(c.TLS, c.DialTimeout)
	options := &clickhouse.Options{
		Protocol: clickhouse.HTTP,
		// The transport below chooses the server, for each statement anew.
		Addr: []string{"footfall"},
		Auth: clickhouse.Auth{Database: cmp.Or(c.Database, "footfall"), Username: c.User, Password: c.Password},
		TransportFunc: func(*http.Transport) (http.RoundTripper, error) {
			return CountReads(&balanced{next: shared, servers: all, spread: c.Spread, attempts: c.Attempts}), nil
		},
		DialTimeout: c.DialTimeout, ReadTimeout: c.Timeout, MaxOpenConns: c.Connections, MaxIdleConns: c.Connections,
	}
	if c.Compress {
		options.Compression = &clickhouse.Compression{Method: clickhouse.CompressionLZ4}
	}
	conn, err := clickhouse.Open(options)
	if err != nil {
		return nil, fmt.Errorf("open a connection: %w", err)
	}
	opened := New(conn)
	opened.close = func() error {
		shared.CloseIdleConnections()
		return conn.Close()
	}
	if c.Cluster {
		opened.settings = clusterSettings()
	}
	return opened, nil
}

// Close ends the connections of a Conn that [Open] made.
func (c *Conn) Close() error {
	if c.close == nil {
		return nil
	}
	return c.close()
}

// Ping reports whether a server answers.
func (c *Conn) Ping(ctx context.Context) error { return classify(ctx, c.conn.Ping(ctx)) }

// clusterSettings are those of questions to tables of type Distributed: a
// sub-query is asked once and not by each shard of each; no shard is left out in
// silence; and a replica is asked in the order in which INSERTs prefer it.
func clusterSettings() clickhouse.Settings {
	return clickhouse.Settings{
		"distributed_product_mode": "global",
		"skip_unavailable_shards":  0,
		"load_balancing":           "in_order",
		// Rows of one key are on one shard, and are chosen among there.
		"distributed_group_by_no_merge": 0,
	}
}

// balanced sends each request to a server that is well. A question may be asked
// twice; what was begun to be answered is not begun anew.
type balanced struct {
	next     http.RoundTripper
	servers  []*servers.Server
	spread   bool
	attempts int
	turn     atomic.Uint64
}

// RoundTrip implements [http.RoundTripper].
func (b *balanced) RoundTrip(r *http.Request) (*http.Response, error) {
	order := servers.InOrder(b.servers)
	if b.spread {
		at := int(b.turn.Add(1) % uint64(len(order)))
		order = slices.Concat(order[at:], order[:at])
	}
	for n := 0; ; n++ {
		s := order[n%len(order)]
		sent := r.Clone(r.Context())
		sent.URL.Scheme, sent.URL.Host, sent.Host = s.URL.Scheme, s.URL.Host, ""
		sent.URL.Path = cmp.Or(s.URL.Path, sent.URL.Path)
		again := r.Body == nil || r.GetBody != nil
		if n > 0 && r.GetBody != nil {
			var err error
			if sent.Body, err = r.GetBody(); err != nil {
				return nil, err
			}
		}
		response, err := b.next.RoundTrip(sent)
		switch {
		case err == nil && !unavailable(response):
			s.Well()
			return response, nil
		case r.Context().Err() != nil, !again, n+1 >= max(b.attempts, len(order)):
			return response, err
		}
		s.Failed()
		if err == nil {
			_ = response.Body.Close() // the next answer counts
		}
		if (n+1)%len(order) == 0 {
			if err := servers.Pause(r.Context(), n/len(order)); err != nil {
				return nil, err
			}
		}
	}
}

// unavailable reports whether nobody has looked at the question.
func unavailable(r *http.Response) bool {
	return slices.Contains([]int{http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}, r.StatusCode) &&
		r.Header.Get("X-ClickHouse-Exception-Code") == ""
}
