package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Snapshots is a store that keeps states of partitions' folds. Not every
// [footfall.Store] has to: a log may have a place for them.
type Snapshots interface {
	// Snapshots returns the offsets of those kept, ascending; only whole ones.
	Snapshots(ctx context.Context, epoch, partition, fold uint16) ([]int64, error)
	ReadSnapshot(ctx context.Context, epoch, partition, fold uint16, offset int64) (io.ReadCloser, error)
	// WriteSnapshot keeps one, whole or not at all.
	WriteSnapshot(ctx context.Context, epoch, partition, fold uint16, offset int64, data io.Reader) error
	DropSnapshots(ctx context.Context, epoch, partition, fold uint16, offsets []int64) error
}

// RunSnapshots checks the stores that open returns, as [Run] does, for the
// methods of [Snapshots].
func RunSnapshots(t *testing.T, open func(tb testing.TB) Snapshots) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, s Snapshots)
	}{
		{"snapshots come back as they went in", testSnapshots},
		{"snapshots are apart", testSnapshotsApart},
		{"a snapshot that fails is not there", testSnapshotFails},
		{"many write the same snapshot", testSnapshotWriters},
		{"snapshots go", testSnapshotsGo},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, open(t))
		})
	}
}

// Noise returns n bytes that do not compress, the same for a seed.
func Noise(seed uint64, n int) []byte {
	b := make([]byte, n)
	var key [32]byte
	key[0], key[1] = byte(seed), byte(seed>>8)
	_, _ = rand.NewChaCha8(key).Read(b) // it never fails
	return b
}

func offsets(t *testing.T, s Snapshots, epoch, partition, fold uint16) []int64 {
	t.Helper()
	all, err := s.Snapshots(t.Context(), epoch, partition, fold)
	require.NoError(t, err)
	return all
}

func readSnapshot(t *testing.T, s Snapshots, epoch, partition, fold uint16, offset int64) []byte {
	t.Helper()
	data, err := s.ReadSnapshot(t.Context(), epoch, partition, fold, offset)
	require.NoError(t, err)
	all, err := io.ReadAll(data)
	require.NoError(t, err)
	require.NoError(t, data.Close())
	return all
}

func testSnapshots(t *testing.T, s Snapshots) {
	require.Empty(t, offsets(t, s, 0, 0, 1))
	_, err := s.ReadSnapshot(t.Context(), 0, 0, 1, 0)
	require.Error(t, err)
	for i, size := range []int{0, 1, 1<<20 - 1, 1 << 20, 1<<20 + 1, 8 << 20, 9<<20 + 12345} {
		at, want := int64(i)*1000, Noise(uint64(i), size)
		// However the pieces come: sometimes byte by byte.
		var data io.Reader = bytes.NewReader(want)
		if i%2 == 1 {
			data = iotest.HalfReader(data)
		}
		require.NoError(t, s.WriteSnapshot(t.Context(), 0, 0, 1, at, data))
		require.Contains(t, offsets(t, s, 0, 0, 1), at)
		require.True(t, bytes.Equal(want, readSnapshot(t, s, 0, 0, 1, at)), "%d bytes", size)
	}
	require.Equal(t, []int64{0, 1000, 2000, 3000, 4000, 5000, 6000}, offsets(t, s, 0, 0, 1))
	// One that nobody reads to its end leaves nothing behind.
	data, err := s.ReadSnapshot(t.Context(), 0, 0, 1, 6000)
	require.NoError(t, err)
	_, err = io.ReadFull(data, make([]byte, 10))
	require.NoError(t, err)
	require.NoError(t, data.Close())
}

func testSnapshotsApart(t *testing.T, s Snapshots) {
	type key struct{ epoch, partition, fold uint16 }
	keys := []key{{0, 0, 1}, {1, 0, 1}, {0, 1, 1}, {0, 0, 2}, {65535, 65535, 65535}}
	const at = int64(1) << 40
	for _, k := range keys {
		require.NoError(t, s.WriteSnapshot(t.Context(), k.epoch, k.partition, k.fold, at, bytes.NewReader(fmt.Append(nil, k))))
	}
	for _, k := range keys {
		require.Equal(t, []int64{at}, offsets(t, s, k.epoch, k.partition, k.fold))
		require.Equal(t, fmt.Sprint(k), string(readSnapshot(t, s, k.epoch, k.partition, k.fold, at)))
	}
	require.NoError(t, s.DropSnapshots(t.Context(), 0, 0, 1, []int64{at}))
	for _, k := range keys[1:] {
		require.Len(t, offsets(t, s, k.epoch, k.partition, k.fold), 1)
	}
}

func testSnapshotFails(t *testing.T, s Snapshots) {
	broken := errors.New("broken")
	data := io.MultiReader(bytes.NewReader(Noise(1, 20<<20)), iotest.ErrReader(broken))
	require.ErrorIs(t, s.WriteSnapshot(t.Context(), 0, 0, 1, 5, data), broken)
	require.Empty(t, offsets(t, s, 0, 0, 1))
	_, err := s.ReadSnapshot(t.Context(), 0, 0, 1, 5)
	require.Error(t, err)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.WriteSnapshot(ctx, 0, 0, 1, 5, bytes.NewReader([]byte("x"))), context.Canceled)

	require.NoError(t, s.WriteSnapshot(t.Context(), 0, 0, 1, 5, bytes.NewReader([]byte("again"))))
	require.Equal(t, "again", string(readSnapshot(t, s, 0, 0, 1, 5)))
}

// testSnapshotWriters lets an owner and zombies write what is the same and need
// not be so byte by byte: what is read is one of them, and nothing in between.
func testSnapshotWriters(t *testing.T, s Snapshots) {
	const size = 3<<20 + 7
	written := map[string]bool{}
	done := make(chan struct{})
	for i := range 4 {
		data := Noise(uint64(i), size)
		written[string(data)] = true
		go func() {
			defer func() { done <- struct{}{} }()
			assert.NoError(t, s.WriteSnapshot(context.WithoutCancel(t.Context()), 0, 3, 1, 77, bytes.NewReader(data)))
		}()
	}
	for left := 4; left > 0; {
		select {
		case <-done:
			left--
		default:
		}
		for _, at := range offsets(t, s, 0, 3, 1) {
			require.True(t, written[string(readSnapshot(t, s, 0, 3, 1, at))])
		}
	}
	require.Equal(t, []int64{77}, offsets(t, s, 0, 3, 1))
}

func testSnapshotsGo(t *testing.T, s Snapshots) {
	for at := range int64(5) {
		require.NoError(t, s.WriteSnapshot(t.Context(), 0, 0, 1, at, bytes.NewReader(Noise(uint64(at), 100))))
	}
	for range 2 {
		require.NoError(t, s.DropSnapshots(t.Context(), 0, 0, 1, []int64{0, 3, 99}))
		require.Equal(t, []int64{1, 2, 4}, offsets(t, s, 0, 0, 1))
	}
	require.NoError(t, s.DropSnapshots(t.Context(), 0, 0, 1, nil))
	require.Equal(t, Noise(4, 100), readSnapshot(t, s, 0, 0, 1, 4))
	_, err := s.ReadSnapshot(t.Context(), 0, 0, 1, 3)
	require.Error(t, err)
}
