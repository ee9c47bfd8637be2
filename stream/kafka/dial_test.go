package kafka

import (
	"encoding/binary"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// frame is the beginning of a request.
func frame(key int16) []byte {
	return binary.BigEndian.AppendUint16(make([]byte, 4), uint16(key))
}

// TestLineSilent asks a broker that does not answer, each thing in its time.
func TestLineSilent(t *testing.T) {
	t.Parallel()
	for key, want := range map[int16]time.Duration{
		12: time.Second,                  // Heartbeat
		18: time.Second,                  // ApiVersions
		1:  time.Second + longPoll,       // Fetch
		0:  time.Second + produceTimeout, // Produce
		11: time.Minute,                  // JoinGroup
		14: time.Minute,                  // SyncGroup
	} {
		synctest.Test(t, func(t *testing.T) {
			l, broker := lineTo(t)
			go func() { _, _ = broker.Read(make([]byte, 100)) }()
			started := time.Now()
			_, err := l.Write(frame(key))
			require.NoError(t, err)
			require.NoError(t, l.SetReadDeadline(time.Now().Add(time.Minute)))
			_, err = l.Read(make([]byte, 8))
			require.ErrorIs(t, err, errSilent)
			var late net.Error
			require.ErrorAs(t, err, &late)
			require.False(t, late.Timeout(), "the client closes the connection")
			require.Equal(t, want, time.Since(started), key)
		})
	}
}

func lineTo(t *testing.T) (l *line, broker net.Conn) {
	t.Helper()
	client, broker := net.Pipe()
	t.Cleanup(func() { _, _ = client.Close(), broker.Close() })
	return &line{Conn: client, answer: time.Second}, broker
}

// TestLineSlow gives an answer that has begun its time.
func TestLineSlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, broker := lineTo(t)
		go func() {
			_, _ = broker.Read(make([]byte, 100))
			for _, part := range []string{"head", "body"} {
				<-time.After(900 * time.Millisecond)
				_, err := broker.Write([]byte(part))
				assert.NoError(t, err)
			}
		}()
		_, err := l.Write(frame(3)) // Metadata
		require.NoError(t, err)
		for _, part := range []string{"head", "body"} {
			require.NoError(t, l.SetReadDeadline(time.Now().Add(time.Minute)))
			b := make([]byte, 4)
			_, err = l.Read(b)
			require.NoError(t, err)
			require.Equal(t, part, string(b))
		}
	})
}
