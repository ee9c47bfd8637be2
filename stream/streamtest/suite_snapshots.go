package streamtest

import (
	"context"
	"errors"
	"hash/crc64"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/footfall-go/footfall/stream"
)

// load returns the content of the newest snapshot at or before max, nil if
// there is none.
func load(ctx context.Context, t *testing.T, p stream.Partition, fold uint16, max int64) []byte {
	t.Helper()
	_, data, err := p.Snapshots().Load(ctx, fold, max)
	if !check(t, err) || data == nil {
		return nil
	}
	content, err := io.ReadAll(data)
	check(t, err)
	check(t, data.Close())
	return content
}

func offsetOf(ctx context.Context, t *testing.T, p stream.Partition, fold uint16, max int64) int64 {
	t.Helper()
	offset, data, err := p.Snapshots().Load(ctx, fold, max)
	if !check(t, err) || data == nil {
		return -1
	}
	check(t, data.Close())
	return offset
}

func (s *suite) snapshotNewest(t *testing.T) {
	own(t, s.open(t), func(ctx context.Context, p stream.Partition) {
		snapshots := p.Snapshots()
		assert.Equal(t, int64(-1), offsetOf(ctx, t, p, 1, 1000))
		check(t, snapshots.Save(ctx, 1, 10, strings.NewReader("ten")))
		check(t, snapshots.Save(ctx, 1, 30, strings.NewReader("thirty")))
		check(t, snapshots.Save(ctx, 2, 20, strings.NewReader("of another fold")))
		check(t, snapshots.Save(ctx, 1, 20, strings.NewReader("")))
		for limit, want := range map[int64]int64{9: -1, 10: 10, 19: 10, 20: 20, 29: 20, 30: 30, 1 << 40: 30} {
			assert.Equal(t, want, offsetOf(ctx, t, p, 1, limit), "newest at or before %d", limit)
		}
		assert.Equal(t, "ten", string(load(ctx, t, p, 1, 10)))
		assert.Empty(t, load(ctx, t, p, 1, 20))
		assert.Equal(t, "of another fold", string(load(ctx, t, p, 2, 1000)))
		assert.Equal(t, int64(-1), offsetOf(ctx, t, p, 3, 1000))
		check(t, snapshots.Save(ctx, 1, 30, strings.NewReader("30")))
		assert.Equal(t, "30", string(load(ctx, t, p, 1, 30)), "the same snapshot again, shorter")
	})
}

func (s *suite) snapshotKeepsThree(t *testing.T) {
	own(t, s.open(t), func(ctx context.Context, p stream.Partition) {
		check(t, p.Snapshots().Save(ctx, 9, 1, strings.NewReader("of another fold")))
		for offset := int64(10); offset <= 60; offset += 10 {
			check(t, p.Snapshots().Save(ctx, 1, offset, strings.NewReader("state")))
		}
		for limit, want := range map[int64]int64{39: -1, 40: 40, 50: 50, 60: 60} {
			assert.Equal(t, want, offsetOf(ctx, t, p, 1, limit))
		}
		assert.Equal(t, int64(1), offsetOf(ctx, t, p, 9, 100))
	})
}

func (s *suite) snapshotFails(t *testing.T) {
	own(t, s.open(t), func(ctx context.Context, p stream.Partition) {
		boom := errors.New("boom")
		check(t, p.Snapshots().Save(ctx, 1, 10, strings.NewReader("whole")))
		half := io.MultiReader(io.LimitReader(noise(1), 1<<20), failing{boom})
		wantError(t, p.Snapshots().Save(ctx, 1, 20, half), boom)
		assert.Equal(t, "whole", string(load(ctx, t, p, 1, 100)), "half a snapshot is none")
	})
}

func (s *suite) snapshotLarge(t *testing.T) {
	own(t, s.open(t), func(ctx context.Context, p stream.Partition) {
		size := s.snapshotBytes + 12345
		check(t, p.Snapshots().Save(ctx, 1, 10, io.LimitReader(noise(2), size)))
		_, data, err := p.Snapshots().Load(ctx, 1, 10)
		if !check(t, err) || !assert.NotNil(t, data) {
			return
		}
		want, got := crc64.New(crc64.MakeTable(crc64.ISO)), crc64.New(crc64.MakeTable(crc64.ISO))
		_, err = io.Copy(want, io.LimitReader(noise(2), size))
		check(t, err)
		n, err := io.Copy(got, data)
		check(t, err)
		check(t, data.Close())
		assert.Equal(t, size, n)
		assert.Equal(t, want.Sum64(), got.Sum64())
	})
}

func noise(seed byte) io.Reader { return rand.NewChaCha8([32]byte{seed}) }

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
