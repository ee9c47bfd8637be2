package stream_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/stream"
)

// TestDropTap takes a durable tap out of the configuration: its place stays and
// shows until it is dropped, and cannot be dropped before.
func TestDropTap(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		cfg := w.config()
		cfg.Taps = []stream.Tap{{Name: "export", Sink: &bucket{}, Durable: true}, {Name: "feed", Sink: &bucket{}}}
		p := w.begin(cfg, nil)
		w.append(0, "shop", w.clicks(5)...)
		p.visible()
		time.Sleep(time.Minute)
		require.ErrorIs(t, p.DropTap(w.t.Context(), "export"), stream.ErrTapInUse)
		require.ErrorIs(t, p.DropTap(w.t.Context(), "feed"), stream.ErrUnknownTap, "a live tap has no place")
		require.NoError(t, p.end())
		at, ok := w.log.Cursor(0, "export")
		require.True(t, ok)

		cfg.Taps = []stream.Tap{{Name: "export", Sink: &bucket{}}} // live now, which changes nothing
		p = w.begin(cfg, nil)
		p.visible()
		s, err := p.Status(t.Context())
		require.NoError(t, err)
		require.Len(t, s.Partitions[0].Taps, 2)
		require.Equal(t, stream.TapStatus{Name: "export", Durable: true, Idle: true, Cursor: at, LagEvents: stream.Unknown}, s.Partitions[0].Taps[1])
		require.NoError(t, p.DropTap(w.t.Context(), "export"))
		require.ErrorIs(t, p.DropTap(w.t.Context(), "export"), stream.ErrUnknownTap)
		s, err = p.Status(t.Context())
		require.NoError(t, err)
		require.Len(t, s.Partitions[0].Taps, 1)
		require.NoError(t, p.end())
	})
}
