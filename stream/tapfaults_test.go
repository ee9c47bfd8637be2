package stream_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/internal/fold"
	"github.com/footfall-go/footfall/stream/streamtest"
)

// TestDurableTapMissesNothing lets everything fail at random, and the partition
// go from hand to hand.
func TestDurableTapMissesNothing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			inBubble(t, 2, func(w *world) {
				dice := newDice(seed, 5)
				sink := &bucket{}
				sink.set(func(_ context.Context, events []footfall.Event) error {
					switch {
					case dice.chance(6):
						return errSink
					case dice.chance(6) && len(events) > 1: // all but the last, to keep their order
						return &footfall.BatchError{Failed: []int{len(events) - 1}, Err: errSink}
					}
					return nil
				})
				w.store.refuses = func(ev *footfall.Event) bool { return ev.MessageID == "bad" }
				w.store.insert = func(*footfall.Batch, int) fate {
					return []fate{fine, fine, unheard, unanswered, halved}[dice.pick(5)]
				}
				w.log.SetFaults(streamtest.Faults{
					Move: func(uint16, string, int64) error { return when(dice.chance(5), errLog) },
					Read: func(uint16, int64) error { return when(dice.chance(9), errLog) },
					Load: func(uint16, int64) error { return when(dice.chance(5), errLog) },
				})
				cfg := w.tapped(stream.Tap{Sink: sink, Durable: true, MaxRows: 40, MaxAge: 300 * time.Millisecond})
				cfg.SnapshotEvents = 300
				a, b := w.begin(cfg, nil), w.begin(cfg, nil)
				for range 60 {
					for part := range uint16(2) {
						w.append(part, "shop", append(w.clicks(12), message{visitor: "v", user: "u", id: "same"}, message{visitor: "v", id: "bad"})...)
					}
					time.Sleep(50 * time.Millisecond)
					if dice.chance(8) {
						w.log.Fence(uint16(dice.pick(2)))
					}
				}
				sink.set(nil)
				w.log.SetFaults(streamtest.Faults{})
				w.store.set(func(c *clerk) { c.insert = nil })
				time.Sleep(5 * time.Minute)
				require.NoError(t, a.end())
				require.NoError(t, b.end())
				require.Equal(t, w.stored(), sink.firsts(t))
				w.requireExact(2)
			})
		})
	}
}

func when(yes bool, err error) error {
	if yes {
		return err
	}
	return nil
}

// TestRefusedAfterTheTapLooked quarantines an event when the tap's state is made
// already.
func TestRefusedAfterTheTapLooked(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		sink := &bucket{}
		p := w.begin(w.tapped(stream.Tap{Sink: sink, Durable: true}), nil)
		w.append(0, "shop", w.clicks(5)...)
		p.given()
		w.store.set(func(c *clerk) { c.refuses = func(ev *footfall.Event) bool { return ev.MessageID == "bad" } })
		w.append(0, "shop", append(w.clicks(5), message{visitor: "v", id: "bad"})...)
		p.given()
		require.Len(t, sink.events(), 10)
		require.Equal(t, w.stored(), sink.firsts(t))
		require.NoError(t, p.end())
	})
}

func TestRetentionOvertakesDurableTap(t *testing.T) {
	t.Parallel()
	for name, running := range map[string]bool{"while it runs": true, "while it does not": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, 1, func(w *world) {
				sink := &bucket{}
				cfg := w.tapped(stream.Tap{Sink: sink, Durable: true, MaxRows: 10})
				cfg.SnapshotEvery = time.Second
				p := w.begin(cfg, nil)
				for range 5 {
					w.append(0, "shop", w.clicks(10)...)
				}
				p.given()
				had := len(sink.events())
				if running {
					sink.set(func(context.Context, []footfall.Event) error { return errSink })
				} else {
					require.NoError(t, p.end())
					p = w.begin(w.config(), nil) // the tap is not configured for a while
				}
				for range 20 {
					w.append(0, "shop", w.clicks(10)...)
					time.Sleep(time.Second)
				}
				p.visible()
				w.log.Trim(0, 15)
				if running {
					require.Contains(t, p.tap().Error, errSink.Error())
					sink.set(nil)
					w.log.Trim(0, 15) // what it has read is not gone, so it takes another owner
					w.log.Fence(0)
				} else {
					require.NoError(t, p.end())
					p = w.begin(cfg, nil)
				}
				time.Sleep(time.Minute)
				st := p.tap()
				require.True(t, st.Stopped)
				require.Contains(t, st.Error, stream.ErrTrimmed.Error())
				at, _ := w.log.Cursor(0, "tap")
				require.EqualValues(t, 5, at, "nothing was skipped")
				require.Len(t, sink.events(), had)
				s, err := p.Status(t.Context())
				require.NoError(t, err)
				require.True(t, s.Ready)
				w.append(0, "shop", w.clicks(3)...)
				p.visible()
				require.NoError(t, p.end())

				cfg.Taps[0].Recover = true
				p = w.begin(cfg, nil)
				p.given()
				require.NoError(t, p.end())
				rows, oldest := w.stored(), int64(0)
				for i, ev := range sink.firsts(t) {
					if i == had {
						oldest = ev.Position.Offset
					}
					require.True(t, ev.Position.Offset < 5 || ev.Position.Offset >= 15)
				}
				require.GreaterOrEqual(t, oldest, int64(15), "the oldest snapshot")
				for len(rows) > 0 && rows[0].Position.Offset < oldest {
					rows = rows[1:]
				}
				require.Equal(t, rows, sink.firsts(t)[had:], "what is behind the gap is whole")
			})
		})
	}
}

// TestLateDurableTapKeepsItsState has a tap so far behind that the snapshots at
// its place are gone but for its own, and the log's beginning with them.
func TestLateDurableTapKeepsItsState(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		sink := &bucket{}
		left, n := 1<<30, 0
		sink.set(func(_ context.Context, events []footfall.Event) error {
			if n += len(events); n > left {
				return errSink
			}
			return nil
		})
		cfg := w.tapped(stream.Tap{Sink: sink, Durable: true, MaxRows: 10})
		cfg.SnapshotEvery, cfg.SnapshotEvents = 2*time.Second, 100
		for range 50 {
			w.append(0, "shop", append(w.clicks(9), message{visitor: "v", user: "u", id: "same"})...)
		}
		p := w.begin(w.config(), nil) // makes the place for FromNow
		p.visible()
		require.NoError(t, p.end())
		cfg.Taps[0].FromNow = true
		p = w.begin(cfg, nil)
		p.given()
		require.Empty(t, sink.events(), "from now")
		require.NoError(t, p.end())

		left, n = 200, 0
		for range 50 {
			w.append(0, "shop", append(w.clicks(9), message{visitor: "v", user: "u", id: "same"})...)
		}
		p = w.begin(w.config(), nil)
		p.visible()
		require.NoError(t, p.end())
		p = w.begin(cfg, nil)
		for range 20 {
			w.append(0, "shop", w.clicks(10)...)
			time.Sleep(3 * time.Second)
		}
		at, _ := w.log.Cursor(0, "tap")
		require.Greater(t, at, int64(60))
		held := w.log.SnapshotOffsets(0)[fold.Version]
		require.Len(t, held, 4)
		require.Less(t, held[0], at+1)
		require.Greater(t, held[0], at-15, "the tap's own")
		require.Greater(t, held[1], at)
		w.log.Trim(0, held[0])
		sink.set(nil)
		w.log.Fence(0)
		time.Sleep(time.Minute)
		p.given()
		require.NoError(t, p.end())
		require.Equal(t, w.stored()[450+1:], sink.firsts(t))
		w.requireStored()
	})
}

// requireStored checks that every row is there once, whatever the log has left.
func (w *world) requireStored() {
	w.t.Helper()
	for at, n := range positions(w.store.Rows()) {
		require.Equal(w.t, 1, n, "%+v", at)
	}
}

func TestDurableTapRefused(t *testing.T) {
	t.Parallel()
	refuse := func(_ context.Context, events []footfall.Event) error {
		var bad []int
		for i := range events {
			if events[i].MessageID == "bad" {
				bad = append(bad, i)
			}
		}
		if bad == nil {
			return nil
		}
		return &footfall.BatchError{Failed: bad, Err: footfall.Permanent(errors.New("sink: 400"))}
	}
	send := func(w *world) {
		w.append(0, "shop", append(w.clicks(5), message{visitor: "v", id: "bad"})...)
		w.append(0, "shop", w.clicks(5)...)
	}
	t.Run("stops", func(t *testing.T) {
		t.Parallel()
		inBubble(t, 1, func(w *world) {
			sink := &bucket{fail: refuse}
			send(w)
			p := w.begin(w.tapped(stream.Tap{Sink: sink, Durable: true}), nil)
			p.visible()
			time.Sleep(time.Minute)
			st := p.tap()
			require.True(t, st.Stopped)
			require.Contains(t, st.Error, "1 events from offset 0 on for good: sink: 400")
			at, _ := w.log.Cursor(0, "tap")
			require.Zero(t, at)
			require.NoError(t, p.end())

			sink.set(nil) // mended, and started again
			p = w.begin(w.tapped(stream.Tap{Sink: sink, Durable: true}), nil)
			p.given()
			require.NoError(t, p.end())
			require.Len(t, w.stored(), 11)
			seen := positions(sink.events())
			require.Len(t, seen, 11)
		})
	})
	t.Run("dead letter", func(t *testing.T) {
		t.Parallel()
		inBubble(t, 1, func(w *world) {
			sink, dead := &bucket{fail: refuse}, &bucket{}
			tries := 0
			dead.set(func(context.Context, []footfall.Event) error {
				tries++
				return when(tries < 3, errSink)
			})
			send(w)
			p := w.begin(w.tapped(stream.Tap{Sink: sink, Durable: true, DeadLetter: dead}), nil)
			st := p.given()
			require.EqualValues(t, 10, st.Given)
			require.EqualValues(t, 1, st.Refused)
			require.Len(t, dead.events(), 1)
			require.Equal(t, "bad", dead.events()[0].MessageID)
			require.NoError(t, p.end())
		})
	})
}

// TestErasedBeforeTheTap has a person erased while the tap is behind.
func TestErasedBeforeTheTap(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		sink := &bucket{}
		p := w.begin(w.config(), nil)
		w.append(0, "shop", message{visitor: "a", id: "1"}, message{visitor: "b", id: "2"})
		w.order(0, "shop", record.Order{Erase: &record.Erase{Name: "e", Visitors: []string{"a"}}})
		w.append(0, "shop", message{visitor: "a", id: "3"})
		p.visible()
		require.NoError(t, p.end())
		p = w.begin(w.tapped(stream.Tap{Sink: sink, Durable: true}), nil)
		p.given()
		require.NoError(t, p.end())
		require.Equal(t, w.stored(), sink.firsts(t))
		require.Len(t, sink.events(), 2)
	})
}
