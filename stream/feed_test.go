package stream_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
)

func TestLiveTap(t *testing.T) {
	t.Parallel()
	inBubble(t, 2, func(w *world) {
		sink := &bucket{}
		w.store.refuses = func(ev *footfall.Event) bool { return ev.MessageID == "bad" }
		p := w.begin(w.tapped(stream.Tap{Sink: sink, MaxRows: 7}), nil)
		for i := range uint16(2) {
			for range 10 {
				w.append(i, "shop", append(w.clicks(20), message{visitor: "v", id: "same"}, message{visitor: "v", id: "bad"})...)
				time.Sleep(150 * time.Millisecond)
			}
		}
		p.visible()
		time.Sleep(time.Second)
		require.Equal(t, stream.TapStatus{Name: "tap", Given: 201}, p.tap())
		require.Equal(t, w.stored(), sink.firsts(t))
		require.Len(t, sink.events(), 402)
		for _, write := range sink.batches() {
			require.LessOrEqual(t, len(write), 7)
		}
		require.NoError(t, p.end())
	})
}

// TestLiveTapNeverSlowsTheRecord compares a sink that fails, one that is slow
// and one that never returns with none: the store is asked exactly the same at
// the same times, and every event is accounted for.
func TestLiveTapNeverSlowsTheRecord(t *testing.T) {
	t.Parallel()
	type asked struct {
		call
		at time.Duration
	}
	type sinkFunc = func(forever <-chan struct{}) error
	work := func(t *testing.T, write sinkFunc) (seen []asked, st stream.TapStatus) {
		inBubble(t, 1, func(w *world) {
			forever := make(chan struct{})
			sink := footfall.SinkFunc(func(context.Context, []footfall.Event) error { return write(forever) })
			begun := time.Now()
			w.store.insert = func(b *footfall.Batch, attempt int) fate {
				seen = append(seen, asked{call{b.From, b.To, len(b.Events), attempt}, time.Since(begun)})
				time.Sleep(20 * time.Millisecond)
				return fine
			}
			cfg := w.config()
			if write != nil {
				cfg = w.tapped(stream.Tap{Sink: sink, Queue: 100})
			}
			p := w.begin(cfg, nil)
			for range 100 {
				w.append(0, "shop", w.clicks(10)...)
				time.Sleep(40 * time.Millisecond)
			}
			p.visible()
			if write != nil {
				st = p.tap()
				require.EqualValues(t, 1000, st.Given+st.Dropped+uint64(st.Queued), "%+v", st)
				require.LessOrEqual(t, st.Queued, 100)
				require.NoError(t, p.end())
			} else {
				require.NoError(t, p.end())
			}
			close(forever)
		})
		return seen, st
	}
	alone, _ := work(t, nil)
	require.NotEmpty(t, alone)
	for name, tc := range map[string]struct {
		sink  sinkFunc
		check func(*testing.T, stream.TapStatus)
	}{
		"never returns": {
			func(forever <-chan struct{}) error { <-forever; return nil },
			func(t *testing.T, st stream.TapStatus) {
				require.Zero(t, st.Given)
				require.Greater(t, st.Dropped, uint64(890))
			},
		},
		"is slow": {
			func(<-chan struct{}) error { time.Sleep(700 * time.Millisecond); return nil },
			func(t *testing.T, st stream.TapStatus) {
				require.Positive(t, st.Given)
				require.Positive(t, st.Dropped)
			},
		},
		"fails": {
			func(<-chan struct{}) error { return errSink },
			func(t *testing.T, st stream.TapStatus) {
				require.Zero(t, st.Given)
				require.Equal(t, errSink.Error(), st.Error)
			},
		},
		"fails in part": {
			func(<-chan struct{}) error { return &footfall.BatchError{Failed: []int{0}, Err: errSink} },
			func(t *testing.T, st stream.TapStatus) {
				require.Positive(t, st.Given)
				require.Positive(t, st.Dropped)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			seen, st := work(t, tc.sink)
			require.Equal(t, alone, seen)
			tc.check(t, st)
		})
	}
}

// TestLiveTapAtMostOnce loses the partition between insert and confirmation,
// and after it.
func TestLiveTapAtMostOnce(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		sink := &bucket{}
		inserts := 0
		w.store.insert = func(*footfall.Batch, int) fate {
			if inserts++; inserts%4 == 0 {
				w.log.Fence(0)
				return unanswered
			}
			return fine
		}
		p := w.begin(w.tapped(stream.Tap{Sink: sink}), nil)
		for i := range 30 {
			w.append(0, "shop", w.clicks(10)...)
			time.Sleep(300 * time.Millisecond)
			if i%5 == 0 {
				w.log.Fence(0) // the claim is confirmed and still open
			}
		}
		p.visible()
		time.Sleep(time.Second)
		st := p.tap()
		require.EqualValues(t, 300, st.Given+st.Dropped)
		require.Positive(t, st.Dropped, "a claim formed again is not given")
		for at, n := range positions(sink.events()) {
			require.Equal(t, 1, n, "%+v", at)
		}
		require.Len(t, sink.events(), int(st.Given))
		require.NoError(t, p.end())
		w.requireExact(1)
	})
}
