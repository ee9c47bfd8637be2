package clickhouse_test

import (
	"bytes"
	"crypto/sha256"
	"io"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/store/clickhouse"
	"github.com/footfall-go/footfall/store/storetest"
)

// A writer that is killed between two pieces leaves nothing that can be seen,
// wherever that was, and what it leaves goes with the next that are dropped.
func TestSnapshotKilledHalfWay(t *testing.T) {
	t.Parallel()
	store, conn, config := setupIn(t)
	next := config.Transport
	data := storetest.Noise(1, 33<<20)
	sent := 0
	for left := 0; ; left++ {
		config.Transport = &dying{next: next, left: left}
		killed, err := clickhouse.New(config)
		require.NoError(t, err)
		err = killed.WriteSnapshot(t.Context(), 0, 0, 1, int64(left), bytes.NewReader(data))
		offsets, listErr := store.Snapshots(t.Context(), 0, 0, 1)
		require.NoError(t, listErr)
		if err == nil {
			require.Equal(t, []int64{int64(left)}, offsets)
			sent = left
			break
		}
		require.ErrorIs(t, err, errKilled)
		require.Empty(t, offsets)
	}
	require.Greater(t, sent, 5, "it went in several pieces")
	rows := func() (n uint64) {
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT count() FROM snapshots").Scan(&n))
		return n
	}
	require.Greater(t, int(rows()), 34)
	require.NoError(t, store.WriteSnapshot(t.Context(), 0, 0, 1, 1000, bytes.NewReader([]byte("x"))))
	require.NoError(t, store.DropSnapshots(t.Context(), 0, 0, 1, []int64{int64(sent)}))
	require.Equal(t, 2, int(rows()), "one piece and the seal of the last")
}

// What was changed behind the store's back is not taken for a snapshot.
func TestSnapshotIsChecked(t *testing.T) {
	t.Parallel()
	store, conn := setup(t)
	data := storetest.Noise(1, 4<<20)
	for what, damage := range map[string]string{
		"other bytes":  "ALTER TABLE snapshots UPDATE data = concat('x', substring(data, 2)) WHERE chunk = 2 SETTINGS mutations_sync = 2",
		"other order":  "ALTER TABLE snapshots UPDATE data = '' WHERE chunk = 1 SETTINGS mutations_sync = 2",
		"another seal": "ALTER TABLE snapshots UPDATE data = concat(data, 'x') WHERE chunks > 0 SETTINGS mutations_sync = 2",
	} {
		require.NoError(t, store.WriteSnapshot(t.Context(), 0, 0, 1, 9, bytes.NewReader(data)))
		require.NoError(t, conn.Exec(t.Context(), damage))
		r, err := store.ReadSnapshot(t.Context(), 0, 0, 1, 9)
		require.NoError(t, err)
		_, err = io.ReadAll(r)
		require.ErrorContains(t, err, "not what was written", what)
		require.NoError(t, r.Close())
		require.NoError(t, store.DropSnapshots(t.Context(), 0, 0, 1, []int64{9}))
	}
	require.NoError(t, store.WriteSnapshot(t.Context(), 0, 0, 1, 9, bytes.NewReader(data)))
	require.NoError(t, conn.Exec(t.Context(), "DELETE FROM snapshots WHERE chunk = 1"))
	_, err := store.ReadSnapshot(t.Context(), 0, 0, 1, 9)
	require.ErrorIs(t, err, clickhouse.ErrNoSnapshot)
}

// countdown is n bytes that nobody holds.
type countdown struct{ left int }

func (c *countdown) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), c.left)
	for i := range p[:n] {
		p[i] = byte((c.left - i) * 31 >> 3)
	}
	c.left -= n
	return n, nil
}

// scale weighs what goes through a transport.
type scale struct {
	next    http.RoundTripper
	largest int64        // request
	read    atomic.Int64 // of the answers
}

func (s *scale) RoundTrip(r *http.Request) (*http.Response, error) {
	s.largest = max(s.largest, r.ContentLength)
	response, err := s.next.RoundTrip(r)
	if err == nil {
		response.Body = struct {
			io.Reader
			io.Closer
		}{io.TeeReader(response.Body, s), response.Body}
	}
	return response, err
}

func (s *scale) Write(p []byte) (int, error) {
	s.read.Add(int64(len(p)))
	return len(p), nil
}

// A large snapshot takes no memory of its size: it goes and comes in pieces.
func TestLargeSnapshot(t *testing.T) {
	t.Parallel()
	_, _, config := setupIn(t)
	weighed := &scale{next: config.Transport}
	config.Transport = weighed
	store, err := clickhouse.New(config)
	require.NoError(t, err)
	const size = 100 << 20
	require.NoError(t, store.WriteSnapshot(t.Context(), 0, 0, 1, 7, &countdown{size}))
	require.Less(t, weighed.largest, int64(9<<20))
	r, err := store.ReadSnapshot(t.Context(), 0, 0, 1, 7)
	require.NoError(t, err)
	got, want := sha256.New(), sha256.New()
	_, err = io.CopyN(got, r, 1<<20)
	require.NoError(t, err)
	require.Less(t, weighed.read.Load(), int64(2<<20))
	n, err := io.Copy(got, r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	require.EqualValues(t, size-1<<20, n)
	_, err = io.Copy(want, &countdown{size})
	require.NoError(t, err)
	require.Equal(t, want.Sum(nil), got.Sum(nil))
}
