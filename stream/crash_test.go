package stream_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/streamtest"
)

var errLog = errors.New("log: request timed out")

// once returns true the first time it is called.
func once() func() bool {
	var done atomic.Bool
	return func() bool { return done.CompareAndSwap(false, true) }
}

// TestCrashTable has a case for each row of the table in the documentation. A
// crash is the loss of the partition in the middle of a step: everything in
// hand is dropped, and the state is made anew from what log and store hold.
func TestCrashTable(t *testing.T) {
	t.Parallel()
	months := func() (m []message) {
		for i := range 6 {
			m = append(m, message{visitor: "v", user: "u", id: fmt.Sprint(i), time: time.Date(1999, time.Month(i+1), 3, 0, 0, 0, 0, time.UTC)})
		}
		return m
	}
	inserted := func(f fate, crash bool) func(*world) {
		return func(w *world) {
			first := once()
			w.store.insert = func(*footfall.Batch, int) fate {
				if !first() {
					return fine
				}
				if crash {
					w.log.Fence(0)
				}
				return f
			}
		}
	}
	tests := []struct {
		name  string
		fault func(*world)
		check func(*testing.T, []call) // of what the store was asked
	}{
		{"before the commit", func(w *world) {
			first := once()
			w.log.SetFaults(streamtest.Faults{Commit: func(p uint16, _ stream.Plan) error {
				if first() {
					w.log.Fence(p)
				}
				return nil
			}})
		}, func(t *testing.T, calls []call) { require.Len(t, calls, 1) }},
		{"between commit and insert", func(w *world) {
			first := once()
			w.log.SetFaults(streamtest.Faults{Committed: func(p uint16, _ stream.Plan) error {
				if first() {
					w.log.Fence(p)
				}
				return nil
			}})
		}, func(t *testing.T, calls []call) {
			last := calls[len(calls)-1]
			require.Equal(t, call{0, 2, 7, 0}, last, "exactly the claim, though more had come")
		}},
		{"crash in the insert, nothing written", inserted(unheard, true), func(t *testing.T, calls []call) {
			require.Equal(t, []call{{0, 2, 7, 0}, {0, 2, 7, 0}}, calls[:2])
		}},
		{"crash in the insert, all written", inserted(unanswered, true), func(t *testing.T, calls []call) {
			require.Equal(t, []call{{0, 2, 7, 0}}, calls, "what is present is not sent again")
		}},
		{"crash in the insert, half written", inserted(halved, true), func(t *testing.T, calls []call) {
			require.Equal(t, []call{{0, 2, 7, 0}, {0, 2, 4, 0}}, calls)
		}},
		{"crash in the insert, the rest still under way", inserted(torn, true), func(t *testing.T, calls []call) {
			require.Equal(t, []call{{0, 2, 7, 0}, {0, 2, 4, 0}}, calls, "under the token of the first try, which goes on")
		}},
		{"crash in the insert, all of it still under way", inserted(late, true), nil},
		{"crash in the insert, token swallowed", inserted(swallowed, true), func(t *testing.T, calls []call) {
			require.Equal(t, []call{{0, 2, 7, 0}, {0, 2, 7, 0}, {0, 2, 7, 1}}, calls)
		}},
		{"reply lost, nothing written", inserted(unheard, false), func(t *testing.T, calls []call) {
			require.Equal(t, []call{{0, 2, 7, 0}, {0, 2, 7, 0}}, calls[:2])
		}},
		{"reply lost, all written", inserted(unanswered, false), func(t *testing.T, calls []call) {
			require.Equal(t, []call{{0, 2, 7, 0}}, calls)
		}},
		{"reply lost, half written", inserted(halved, false), nil},
		{"reply lost, the rest still under way", inserted(torn, false), nil},
		{"reply lost, all of it still under way", inserted(late, false), nil},
		{"reply lost, token swallowed", inserted(swallowed, false), func(t *testing.T, calls []call) {
			require.Equal(t, []call{{0, 2, 7, 0}, {0, 2, 7, 0}, {0, 2, 7, 1}}, calls[:3])
		}},
		{"commit refused for a while", func(w *world) {
			until := time.Now().Add(time.Minute)
			w.log.SetFaults(streamtest.Faults{Commit: func(uint16, stream.Plan) error {
				if time.Now().Before(until) {
					require.Empty(w.t, w.store.calls())
					return errLog
				}
				return nil
			}})
		}, nil},
		{"commit timed out but applied", func(w *world) {
			var n atomic.Int32
			w.log.SetFaults(streamtest.Faults{Committed: func(uint16, stream.Plan) error {
				if n.Add(1) < 4 {
					require.Empty(w.t, w.store.calls(), "nothing is inserted before a commit succeeded")
					return errLog
				}
				return nil
			}})
		}, nil},
		{"read-back fails for a while", func(w *world) {
			inserted(unanswered, false)(w)
			until := time.Now().Add(time.Minute)
			w.store.present = func() error {
				if time.Now().Before(until) {
					return errStore
				}
				return nil
			}
		}, nil},
		{"store down for an hour", func(w *world) {
			until := time.Now().Add(59 * time.Minute)
			w.store.insert = func(*footfall.Batch, int) fate {
				if time.Now().Before(until) {
					return unheard
				}
				return fine
			}
		}, nil},
		{"upserts fail for a while, then a crash", func(w *world) {
			var n atomic.Int32
			w.store.upsert = func(*footfall.Upserts) error {
				switch n.Add(1) {
				case 1, 2, 3:
					return errStore
				case 4:
					w.log.Fence(0)
					return errStore
				}
				return nil
			}
		}, nil},
		{"crash after everything", func(w *world) {
			first := once()
			w.store.upsert = func(u *footfall.Upserts) error {
				if err := w.store.Memory.Upsert(w.t.Context(), u); err == nil && first() {
					w.log.Fence(0)
				}
				return nil
			}
		}, func(t *testing.T, calls []call) { require.Equal(t, []call{{0, 2, 7, 0}}, calls[:1]) }},
		{"snapshots fail", func(w *world) {
			w.log.SetFaults(streamtest.Faults{Save: func(uint16, int64) error { return errLog }})
		}, nil},
		{"reads fail for a while", func(w *world) {
			until := time.Now().Add(time.Minute)
			w.log.SetFaults(streamtest.Faults{Read: func(uint16, int64) error {
				if time.Now().Before(until) {
					return errLog
				}
				return nil
			}})
		}, nil},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, 1, func(w *world) {
				tc.fault(w)
				w.append(0, "shop", months()...)
				w.append(0, "shop", message{visitor: "v", id: "0"}, message{visitor: "v", id: "x"})
				p := w.begin(w.config(), nil)
				time.Sleep(199 * time.Millisecond)
				w.appendLate()
				p.visible()
				time.Sleep(time.Minute) // what is late arrives
				p.visible()
				w.requireExact(1)
				w.requireLedger(p)
				require.NoError(t, p.end())
				if tc.check != nil {
					tc.check(t, w.store.calls())
				}

				// A new process on the same log and store changes nothing.
				p = w.begin(w.config(), nil)
				p.visible()
				w.requireExact(1)
				w.requireLedger(p)
				require.NoError(t, p.end())
			})
		})
	}
}

// appendLate adds a record after the first batch was cut, so that a
// claim formed again could be formed too large.
func (w *world) appendLate() {
	time.Sleep(2 * time.Millisecond)
	w.append(0, "shop", message{visitor: "v", id: "0"})
}

func TestZombieIsFenced(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		stuck, wake := make(chan struct{}), make(chan struct{})
		first := once()
		w.store.insert = func(*footfall.Batch, int) fate {
			if first() {
				close(stuck)
				<-wake
			}
			return fine
		}
		zombie := w.begin(w.config(), nil)
		w.append(0, "shop", w.clicks(5)...)
		<-stuck
		next := w.begin(w.config(), nil)
		w.log.FenceSilently(0)
		w.append(0, "shop", w.clicks(5)...)
		next.visible()
		require.Len(t, w.store.Rows(), 10, "the new owner did the claim again")
		w.append(0, "shop", w.clicks(5)...)
		close(wake)
		next.visible()
		time.Sleep(time.Minute)
		w.requireExact(1)
		require.NoError(t, next.end())
		w.requireExact(1)
		require.NoError(t, zombie.end())
		w.requireExact(1)
	})
}
