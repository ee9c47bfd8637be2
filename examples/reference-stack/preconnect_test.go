package referencestack

import (
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestStopWithOpenConnection stops a server that a browser has opened a
// connection to without asking anything: nobody is kept waiting for long, and
// it is a clean end.
func TestStopWithOpenConnection(t *testing.T) {
	t.Parallel()
	s := up(t, t.TempDir())
	dialer := net.Dialer{}
	conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(s.url, "http://"))
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	code, _ := get(t, s.url+"/healthz") // the server has taken the first one by now
	require.Equal(t, 200, code)
	s.stop(t)
}
