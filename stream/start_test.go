package stream_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/internal/fold"
	"github.com/footfall-go/footfall/stream/streamtest"
)

// alter uses a partition as its owner would.
func (w *world) alter(f func(context.Context, stream.Partition) error) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	require.NoError(w.t, w.log.Own(ctx, func(ctx context.Context, p stream.Partition) error {
		defer cancel()
		return f(ctx, p)
	}))
}

// history fills log and store and leaves three snapshots behind.
func (w *world) history() {
	w.t.Helper()
	p := w.begin(w.config(), nil)
	for range 200 {
		w.append(0, "shop", w.clicks(2)...)
		time.Sleep(time.Second)
	}
	require.NoError(w.t, p.end())
	w.requireExact(1)
}

// run starts a Runner and, if it does not refuse, stops it when all is visible.
// The account balances unless records are lost.
func (w *world) run(cfg stream.Config, balanced bool) error {
	p := w.begin(cfg, nil)
	select {
	case err := <-p.done:
		return err
	case <-time.After(time.Minute):
	}
	p.visible()
	if balanced {
		w.requireLedger(p)
	}
	return p.end()
}

func TestStartRefusesWhatIsNotSafe(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		lost   amnesiac
		change func(*world)
		want   string // "" if it starts
		exact  bool   // after recovery
		// of a recovery: records of which there is no state, and nothing at all
		gap, gone int64
	}{
		{"nothing is wrong", amnesiac{}, func(w *world) {}, "", true, 0, 0},
		{"an open claim of another fold", amnesiac{}, func(w *world) {
			w.append(0, "shop", w.clicks(1)...)
			w.alter(func(ctx context.Context, p stream.Partition) error {
				return p.Commit(ctx, stream.Plan{From: 200, To: 201, Fold: fold.Version + 6})
			})
		}, "records [200, 201) were claimed by version 11 of the fold, this is version 5", true, 0, 0},
		{"a closed claim of another fold", amnesiac{}, func(w *world) {
			w.alter(func(ctx context.Context, p stream.Partition) error {
				return p.Commit(ctx, stream.Plan{From: 200, To: 200, Fold: fold.Version + 6})
			})
		}, "", true, 0, 0},
		{"an old commit comes late", amnesiac{}, func(w *world) {
			w.alter(func(ctx context.Context, p stream.Partition) error {
				return p.Commit(ctx, stream.Plan{From: 150, To: 153, Written: 149, Fold: fold.Version})
			})
		}, "", true, 0, 0},
		{"the plan is lost", amnesiac{plans: true}, func(w *world) {}, "the plan is lost", true, 0, 0},
		{"the plan is lost and all rows are", amnesiac{plans: true}, func(w *world) {
			w.store.Memory.Lose(func(footfall.Position) bool { return true })
		}, "the plan is lost", true, 0, 0},
		{"plan and snapshots are lost", amnesiac{plans: true, snapshots: true}, func(w *world) {}, "the plan is lost", true, 0, 0},
		{
			"plan, snapshots and early records are lost",
			amnesiac{plans: true, snapshots: true},
			func(w *world) { w.log.Trim(0, 50) }, "the plan is lost", false, 50, 0,
		},
		{"the log was replaced by a shorter one", amnesiac{snapshots: true}, func(w *world) {
			w.log = streamtest.NewMemory(1)
			w.alter(func(ctx context.Context, p stream.Partition) error {
				return p.Commit(ctx, stream.Plan{From: 200, To: 200, Fold: fold.Version})
			})
		}, "plan (200, 200) is ahead of the log, which ends at 0", false, 0, 0},
		{"records before the snapshot are gone", amnesiac{}, func(w *world) { w.log.Trim(0, w.log.SnapshotOffsets(0)[fold.Version][2]) }, "", false, 0, 0},
		{"records after the snapshots are gone", amnesiac{snapshots: true}, func(w *world) {
			w.log.Trim(0, 150)
		}, "the newest snapshot of version 5 of the fold is at 0 and the log starts at 150", false, 150, 0},
		{"unprocessed records are gone", amnesiac{}, func(w *world) {
			w.append(0, "shop", w.clicks(1)...)
			w.append(0, "shop", w.clicks(1)...)
			w.log.Trim(0, 201)
		}, "plan (200, 200): stream: records were removed by retention: the log starts at 201", false, 201, 1},
		{"an older store", amnesiac{}, func(w *world) {
			w.store.Memory.Lose(func(p footfall.Position) bool { return p.Offset >= 130 })
		}, "the plan (200, 200) says that all before offset 200 is in the store, which has nothing of event 1 of offset 199", true, 0, 0},
		{"an older store and no snapshots", amnesiac{snapshots: true}, func(w *world) {
			w.store.Memory.Lose(func(p footfall.Position) bool { return p.Offset >= 130 })
		}, "set Config.Recover to send again what the log still has", true, 0, 0},
		{"an older store and early records are gone", amnesiac{}, func(w *world) {
			w.store.Memory.Lose(func(p footfall.Position) bool { return p.Offset >= 130 })
			w.log.Trim(0, 150)
		}, "lacks events that were in it", false, 150, 20},
		{"a damaged snapshot", amnesiac{}, func(w *world) {
			w.damage(200)
		}, "", true, 0, 0},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, 1, func(w *world) {
				w.history()
				tc.change(w)
				cfg := w.config()
				lost := tc.lost
				lost.Log = w.log
				cfg.Log = &lost
				err := w.run(cfg, tc.exact)
				if tc.want == "" {
					require.NoError(t, err)
				} else {
					require.ErrorContains(t, err, tc.want)
					if tc.name == "an open claim of another fold" {
						return // nobody but that version can finish it
					}
					cfg.Recover = true
					if errors.Is(err, stream.ErrLogLacks) {
						require.ErrorIs(t, w.run(cfg, tc.exact), stream.ErrLogLacks)
						w.nextEpoch(1)
						cfg = w.config()
					}
					loss, err := (*stream.LossError)(nil), w.run(cfg, tc.exact)
					if tc.gap > 0 {
						require.ErrorAs(t, err, &loss)
						require.Equal(t, []int64{tc.gap, tc.gone}, []int64{loss.Gap, loss.Lost})
						cfg.AcceptLoss = true
						err = w.run(cfg, tc.exact)
					}
					require.NoError(t, err)
				}
				if tc.exact {
					w.requireExact(1)
				}
				for _, n := range positions(w.store.Rows()) {
					require.Equal(t, 1, n)
				}
			})
		})
	}
}

func TestRecoverSendsOnlyWhatIsMissing(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		w.history()
		before := len(w.store.calls())
		w.store.Memory.Lose(func(p footfall.Position) bool { return p.Offset == 17 || p.Offset == 180 && p.Index == 1 })
		cfg := w.config()
		cfg.Log = &amnesiac{Log: w.log, plans: true, snapshots: true}
		cfg.Recover = true
		require.NoError(t, w.run(cfg, true))
		w.requireExact(1)
		rows := 0
		for _, c := range w.store.calls()[before:] {
			rows += c.rows
		}
		require.LessOrEqual(t, rows, 6, "at most twice what was missing")
	})
}

// amnesiac is a log that has lost its plans or its snapshots. It keeps new ones.
type amnesiac struct {
	stream.Log
	plans, snapshots bool // lost
}

func (a *amnesiac) Own(ctx context.Context, f func(context.Context, stream.Partition) error) error {
	return a.Log.Own(ctx, func(ctx context.Context, p stream.Partition) error { return f(ctx, &forgetful{p, a}) })
}

type forgetful struct {
	stream.Partition
	a *amnesiac
}

func (f *forgetful) Plan(ctx context.Context) (stream.Plan, bool, error) {
	if f.a.plans {
		return stream.Plan{}, false, nil
	}
	return f.Partition.Plan(ctx)
}

func (f *forgetful) Commit(ctx context.Context, p stream.Plan) error {
	f.a.plans = false
	return f.Partition.Commit(ctx, p)
}

func (f *forgetful) Snapshots() stream.Snapshots { return &blank{f.Partition.Snapshots(), f.a} }

type blank struct {
	stream.Snapshots
	a *amnesiac
}

func (b *blank) Load(ctx context.Context, version uint16, max int64) (int64, io.ReadCloser, error) {
	if b.a.snapshots {
		return 0, nil, nil
	}
	return b.Snapshots.Load(ctx, version, max)
}

// damage overwrites a snapshot with nonsense.
func (w *world) damage(offset int64) {
	w.alter(func(ctx context.Context, p stream.Partition) error {
		return p.Snapshots().Save(ctx, fold.Version, offset, bytes.NewReader([]byte("nonsense")))
	})
}
