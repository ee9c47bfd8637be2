package stack

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestConnections opens more connections than there are places: idle ones make
// room, those at work do not.
func TestConnections(t *testing.T) {
	t.Parallel()
	conns := newConnections(3)
	work := make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/work" {
			<-work
		}
	}))
	server.Config.ConnState = conns.track
	server.Start()
	defer server.Close()
	count := func() (open, idle int) {
		conns.mu.Lock()
		defer conns.mu.Unlock()
		return len(conns.open), conns.idle.Len()
	}
	dial := func() net.Conn {
		var dialer net.Dialer
		conn, err := dialer.DialContext(t.Context(), "tcp", server.Listener.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	ask := func(conn net.Conn, path string) {
		_, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n")
		require.NoError(t, err)
	}
	answered := func(conn net.Conn) bool {
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		return err == nil && resp.StatusCode == http.StatusOK
	}
	settles := func(open, idle int) {
		t.Helper()
		require.Eventually(t, func() bool {
			o, i := count()
			return o == open && i == idle
		}, 10*time.Second, time.Millisecond)
	}

	first, second, busy := dial(), dial(), dial()
	ask(first, "/")
	require.True(t, answered(first))
	ask(second, "/")
	require.True(t, answered(second))
	ask(busy, "/work")
	settles(3, 2)

	third := dial()
	ask(third, "/")
	require.True(t, answered(third), "the one idle for longest made room")
	require.False(t, answered(first))
	settles(3, 2)
	ask(second, "/")
	require.True(t, answered(second), "and no other")

	settles(3, 2)
	ask(second, "/work")
	ask(third, "/work")
	settles(3, 0)
	require.False(t, answered(dial()), "nobody is idle, nobody makes room")
	settles(3, 0)
	close(work)
	require.True(t, answered(busy))
	require.True(t, answered(second))
	require.True(t, answered(third))
	for _, conn := range []net.Conn{busy, second, third} {
		require.NoError(t, conn.Close())
	}
	settles(0, 0)
}
