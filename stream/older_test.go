package stream_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/store"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/internal/fold"
)

// TestOlderStore restores a backup of the store that was made somewhere in the
// middle of all the faults of [TestChaos]. The plans are newer than it: no
// process starts on it, and a recovery brings everything back, once.
func TestOlderStore(t *testing.T) {
	t.Parallel()
	for seed := range seeds(t) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			inBubble(t, 2, func(w *world) {
				c := newChaos(w, seed)
				c.backupAt = 40 + c.draw(100)
				c.run(nil)
				w.requireExact(2)
				newest := w.store.Memory
				w.store.set(func(k *clerk) { k.Memory, k.refuses = c.backup, nil })
				require.Less(t, len(c.backup.Rows()), len(newest.Rows()))
				require.ErrorIs(t, w.run(w.config(), true), stream.ErrStoreLacks)

				w.store.set(func(k *clerk) { k.refuses = func(ev *footfall.Event) bool { return ev.Name == "poison" } })
				cfg := w.config()
				cfg.Recover = true
				p := w.begin(cfg, nil)
				p.visible()
				sent := int64(0)
				for _, r := range p.Recoveries() {
					require.Zero(t, r.Gap)
					sent += r.Sent
				}
				require.Positive(t, sent)
				w.requireExact(2)
				w.requireLedger(p)
				require.NoError(t, p.end())
				require.NoError(t, w.run(w.config(), true))
				w.requireExact(2)
			})
		})
	}
}

// TestOlderStoreLacksWhatFollows restores a backup that was made between the last
// events and the sessions and counts that follow from them: the newest snapshot
// knows no event that is missing, and yet is not where a recovery may begin.
func TestOlderStoreLacksWhatFollows(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		w.history()
		p := w.begin(w.config(), nil)
		var backup *store.Memory
		w.store.set(func(k *clerk) {
			k.upsert = func(*footfall.Upserts) error {
				if backup == nil {
					backup = k.Backup()
				}
				return nil
			}
		})
		w.append(0, "shop", w.clicks(3)...)
		p.visible()
		require.NoError(t, p.end())
		require.Equal(t, w.store.Rows(), backup.Rows())
		w.store.set(func(k *clerk) { k.Memory, k.upsert = backup, nil })
		err := w.run(w.config(), true)
		require.ErrorIs(t, err, stream.ErrStoreLacks)
		require.ErrorContains(t, err, "what follows from those before offset 201 is not in it, such as the ledger of shop at ")
		cfg := w.config()
		cfg.Recover = true
		require.NoError(t, w.run(cfg, true))
		w.requireExact(1)
	})
}

// TestRecoveryInterrupted ends a recovery when it is a few batches in, while
// the store has more than was read back: whoever starts then goes on reading back.
func TestRecoveryInterrupted(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		w.history()
		w.store.Memory.Lose(func(p footfall.Position) bool { return p.Offset < 30 || p.Offset >= 150 })
		cfg := w.config()
		cfg.Log, cfg.Recover, cfg.MaxRows, cfg.DrainTimeout = &amnesiac{Log: w.log, snapshots: true}, true, 20, time.Second
		calls := 0
		w.store.set(func(k *clerk) {
			k.insert = func(*footfall.Batch, int) fate {
				if calls++; calls > 2 {
					return unheard
				}
				return fine
			}
		})
		p := w.begin(cfg, nil)
		time.Sleep(time.Minute)
		require.ErrorContains(t, p.end(), "time is up")
		plan, _ := w.log.Plan(0)
		require.Less(t, plan.From, int64(100))
		w.store.set(func(k *clerk) { k.insert = nil })
		cfg.Recover = false
		require.NoError(t, w.run(cfg, true))
		w.requireExact(1)
	})
}

// TestHealthyStarts takes from the store what may be taken, and starts again:
// what is not there has a reason, so nobody is refused.
func TestHealthyStarts(t *testing.T) {
	t.Parallel()
	later := func() footfall.Millis { return footfall.MillisOf(time.Now()) + 1 }
	expire := func(w *world, names ...string) {
		for _, name := range names {
			_, err := w.store.Expire(w.t.Context(), &footfall.Expiry{Tenant: shop(w.t, name), Before: later(), Received: later()})
			require.NoError(w.t, err)
		}
	}
	tests := map[string]func(*world, *process){
		"nothing ever came": func(*world, *process) {},
		"commands alone": func(w *world, _ *process) {
			w.order(0, "shop", record.Order{Unlink: &record.Unlink{AnonymousID: "v", UserID: "u"}})
		},
		"duplicates at the end": func(w *world, p *process) {
			w.append(0, "shop", message{visitor: "v", id: "1"})
			p.visible()
			for range 20 {
				w.append(0, "shop", message{visitor: "v", id: "1"})
			}
		},
		"everything is past retention": func(w *world, p *process) {
			w.append(0, "shop", w.clicks(3)...)
			w.append(0, "club", w.clicks(3)...)
			p.visible()
			expire(w, "shop", "club")
		},
		"the last is past retention, not the one before": func(w *world, p *process) {
			w.append(0, "club", w.clicks(3)...)
			w.append(0, "shop", w.clicks(3)...)
			p.visible()
			expire(w, "shop")
		},
		"a person is erased, and nobody came after": func(w *world, p *process) {
			w.append(0, "shop", w.clicks(3)...)
			p.visible()
			w.order(0, "shop", record.Order{Erase: &record.Erase{Name: "e", Visitors: []string{"v"}}})
		},
		"a tenant is dropped": func(w *world, p *process) {
			w.append(0, "own-shop", w.clicks(3)...)
			p.visible()
			w.order(0, "own-shop", record.Order{Erase: &record.Erase{Name: "e", All: true}})
		},
		"refused and parked at the end": func(w *world, p *process) {
			w.store.set(func(k *clerk) { k.refuses = func(ev *footfall.Event) bool { return ev.Name == "bad" } })
			w.append(0, "shop", message{visitor: "v", id: "1"}, message{visitor: "v", id: "2", name: "bad"})
			w.park(0, "shop", message{visitor: "v", id: "3"})
		},
		"refused, and its row in quarantine is past retention": func(w *world, p *process) {
			w.store.set(func(k *clerk) { k.refuses = func(ev *footfall.Event) bool { return ev.Name == "bad" } })
			w.append(0, "shop", message{visitor: "v", id: "1", name: "bad", time: time.Now().Add(12 * time.Hour)})
			p.visible()
			time.Sleep(time.Hour)
			expire(w, "shop")
			require.Empty(w.t, w.store.Rejected())
		},
	}
	for name, f := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, clean := range []bool{true, false} {
				inBubble(t, 1, func(w *world) {
					p := w.begin(w.config(), nil)
					f(w, p)
					p.visible()
					if !clean {
						w.log.Fence(0) // the state is made from what log and store hold
						time.Sleep(time.Minute)
						p.visible()
					}
					require.NoError(t, p.end())
					p = w.begin(w.config(), nil)
					w.append(0, "shop", w.clicks(1)...)
					p.visible()
					require.NoError(t, p.end())
				})
			}
		})
	}
}

// TestErasedButNotNoted kills the processor between an erasure and the note of
// it, which the store writes last: the order is in the open claim, and tells.
func TestErasedButNotNoted(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		p := w.begin(w.config(), nil)
		w.append(0, "shop", w.clicks(3)...)
		p.visible()
		time.Sleep(time.Minute) // the claim is closed
		first := once()
		w.store.set(func(k *clerk) {
			k.upsert = func(u *footfall.Upserts) error {
				if len(u.Erasures) > 0 && first() {
					k.Memory.Lose(func(footfall.Position) bool { return true })
					w.log.Fence(0)
					return errStore
				}
				return nil
			}
		})
		w.order(0, "shop", record.Order{Erase: &record.Erase{Name: "e", Visitors: []string{"v"}}})
		p.visible()
		require.NoError(t, p.end())
		w.requireExact(1)
	})
}

// TestReplicaBehind has a replica that does not have the newest rows yet.
func TestReplicaBehind(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		w.history()
		late := &hesitant{clerk: w.store, until: time.Now().Add(3 * time.Second)}
		cfg := w.config()
		cfg.Store = late
		require.NoError(t, w.run(cfg, true))
		late.until = time.Now().Add(time.Hour)
		require.ErrorIs(t, w.run(cfg, true), stream.ErrStoreLacks)
	})
}

// collapsing is a store in which an event may be under the position of another.
type collapsing struct {
	*clerk
	gone map[footfall.Coordinate]bool
}

func (c *collapsing) Copies(_ context.Context, _ uint16, events []footfall.Event) (all []footfall.Coordinate, err error) {
	for i := range events {
		at := footfall.Coordinate{Offset: events[i].Position.Offset, Index: events[i].Position.Index}
		if c.gone[at] {
			all = append(all, at)
		}
	}
	return all, nil
}

// TestCollapsedCopiesAreNotMissing has events sent again after the window of ids,
// and merged into their first copies.
func TestCollapsedCopiesAreNotMissing(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		p := w.begin(w.config(), nil)
		for range 2 {
			for i := range 30 {
				w.append(0, "shop", message{visitor: "v", id: fmt.Sprint(i)})
			}
			p.visible()
			time.Sleep(25 * time.Hour)
		}
		require.NoError(t, p.end())
		require.Len(t, w.store.Rows(), 60)
		again := &collapsing{clerk: w.store, gone: map[footfall.Coordinate]bool{}}
		w.store.Memory.Lose(func(p footfall.Position) bool { return p.Offset >= 30 })
		require.ErrorIs(t, w.run(w.config(), true), stream.ErrStoreLacks)
		for i := range int64(30) {
			again.gone[footfall.Coordinate{Offset: 30 + i}] = true
		}
		cfg := w.config()
		cfg.Store = again
		require.NoError(t, w.run(cfg, true))
	})
}

// renumbered is a log as another release left it: its snapshots and plans bear
// the number of another fold.
type renumbered struct{ stream.Log }

func (r renumbered) Own(ctx context.Context, f func(context.Context, stream.Partition) error) error {
	return r.Log.Own(ctx, func(ctx context.Context, p stream.Partition) error { return f(ctx, renumberedPartition{p}) })
}

type renumberedPartition struct{ stream.Partition }

func (p renumberedPartition) Commit(ctx context.Context, plan stream.Plan) error {
	plan.Fold++
	return p.Partition.Commit(ctx, plan)
}

func (p renumberedPartition) Snapshots() stream.Snapshots {
	return renumberedSnapshots{p.Partition.Snapshots()}
}

type renumberedSnapshots struct{ stream.Snapshots }

func (s renumberedSnapshots) Save(ctx context.Context, version uint16, offset int64, data io.Reader) error {
	return s.Snapshots.Save(ctx, version+1, offset, data)
}

func (s renumberedSnapshots) Load(ctx context.Context, version uint16, max int64) (int64, io.ReadCloser, error) {
	return s.Snapshots.Load(ctx, version+1, max)
}

// TestAnotherFold starts on what another release has left, which it cannot read:
// it makes the state anew from the whole log and says so, and if that was cut it
// refuses.
func TestAnotherFold(t *testing.T) {
	t.Parallel()
	for _, cut := range []bool{false, true} {
		inBubble(t, 1, func(w *world) {
			cfg := w.config()
			cfg.Log = renumbered{w.log}
			p := w.begin(cfg, nil)
			for range 100 {
				w.append(0, "shop", w.clicks(2)...)
				time.Sleep(time.Second)
			}
			require.NoError(t, p.end())
			require.Contains(t, w.log.SnapshotOffsets(0)[fold.Version+1], int64(100))
			var said bytes.Buffer
			cfg = w.config()
			cfg.Logger = slog.New(slog.NewTextHandler(&said, nil))
			w.append(0, "shop", w.clicks(2)...)
			if cut {
				w.log.Trim(0, 10)
				require.ErrorContains(t, w.run(cfg, true), "the newest snapshot of version 5 of the fold is at 0 and the log starts at 10")
				return
			}
			require.NoError(t, w.run(cfg, true))
			require.Contains(t, said.String(), "no snapshot of this version of the fold")
			w.requireExact(1)
		})
	}
}
