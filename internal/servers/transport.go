package servers

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// Transport returns a transport to servers. It is not the one that a
// program shares with everything else it does: that keeps two connections to a
// host, and every partition of the log has its own statements under way.
func Transport(config *tls.Config, dial time.Duration) *http.Transport {
	dialer := net.Dialer{
		Timeout: dial,
		// A server that is gone without a word is noticed in half a minute, also
		// where a statement waits for its answer.
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3},
	}
	return &http.Transport{
		DialContext:         dialer.DialContext,
		TLSClientConfig:     config,
		TLSHandshakeTimeout: dial,
		MaxIdleConnsPerHost: 64,
		// Sooner than servers close: a request that meets the end of its
		// connection has an outcome that nobody knows.
		IdleConnTimeout: 2 * time.Second,
		// Proxies of the environment are for the web.
		Proxy: nil,
		// Statements under way in one connection each: they are few and large.
		ForceAttemptHTTP2: false,
		WriteBufferSize:   64 << 10,
		ReadBufferSize:    64 << 10,
	}
}
