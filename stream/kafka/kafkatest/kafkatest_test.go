package kafkatest

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCluster(t *testing.T) {
	t.Parallel()
	c := Start(t, Config{})
	reachable := func() bool {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", c.Addrs()[0])
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}
	require.True(t, reachable())
	c.Kill(0)
	require.False(t, reachable())
	require.Error(t, c.Freeze(0))
	c.Revive(t, 0)
	require.True(t, reachable())
	require.NoError(t, c.Freeze(0))
	require.NoError(t, c.Thaw(0))
	c.Close()
	require.False(t, reachable())
}
