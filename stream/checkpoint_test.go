package stream_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestCheckpoint waits for a snapshot that the clock alone would bring in a
// minute, and finds it when it asks again.
func TestCheckpoint(t *testing.T) {
	t.Parallel()
	inBubble(t, 2, func(w *world) {
		p := w.begin(w.config(), nil)
		w.append(0, "shop", message{visitor: "a", id: "1"}, message{visitor: "b", id: "2"})
		w.append(1, "shop", message{visitor: "c", id: "3"})
		begun := time.Now()
		require.NoError(w.t, p.Settle(w.t.Context()))
		require.Len(w.t, w.store.Rows(), 3)
		require.NoError(w.t, p.Checkpoint(w.t.Context()))
		require.Less(w.t, time.Since(begun), 10*time.Second)
		s, err := p.Status(w.t.Context())
		require.NoError(w.t, err)
		for _, part := range s.Partitions {
			require.EqualValues(w.t, 1, part.Snapshot)
		}
		again := time.Now()
		require.NoError(w.t, p.Checkpoint(w.t.Context()))
		require.Less(w.t, time.Since(again), time.Second)
		require.NoError(w.t, p.end())

		ctx, cancel := context.WithTimeout(w.t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(w.t, p.Settle(ctx), context.DeadlineExceeded, "nothing is owned any more")
	})
}
