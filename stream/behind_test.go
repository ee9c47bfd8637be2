package stream_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/streamtest"
)

// loss is a way in which a log of 200 processed records comes to have fewer than
// its store.
type loss struct {
	lose     func(w *world, before *streamtest.Memory) // before is the log when it had 120
	plan     bool                                      // that is ahead of what is left
	known    int                                       // records of which sessions still know, in the next epoch
	sessions int                                       // that begin anew there
}

func losses() map[string]loss {
	return map[string]loss{
		"an older backup":                    {func(w *world, before *streamtest.Memory) { w.log = before }, false, 120, 0},
		"brokers lost the end":               {func(w *world, _ *streamtest.Memory) { w.log.Cut(0, 150) }, true, 150, 0},
		"brokers lost all, and kept offsets": {func(w *world, _ *streamtest.Memory) { w.log.Cut(0, 0) }, true, 200, 0},
		"made anew":                          {func(w *world, _ *streamtest.Memory) { w.log = streamtest.NewMemory(1) }, false, 0, 1},
	}
}

// afterLosses runs a test for each loss and number of records that come since.
func afterLosses(t *testing.T, test func(t *testing.T, w *world, loss loss, since int)) {
	t.Helper()
	for name, loss := range losses() {
		for _, since := range []int{0, 10, 300} {
			t.Run(fmt.Sprint(name, since), func(t *testing.T) {
				t.Parallel()
				inBubble(t, 1, func(w *world) { test(t, w, loss, since) })
			})
		}
	}
}

// past makes 200 processed records, and returns a backup of the log from when
// there were 120.
func (w *world) past() (before *streamtest.Memory) {
	w.t.Helper()
	p := w.begin(w.config(), nil)
	for i := range 200 {
		if i == 120 {
			before = w.log.Backup()
		}
		w.append(0, "shop", w.clicks(2)...)
		time.Sleep(time.Second)
	}
	require.NoError(w.t, p.end())
	return before
}

// TestLogBehindStore has a log that lacks what the store has, and may have been
// appended to since, less than was lost or more. No process starts on it, and
// the store stays as it is.
func TestLogBehindStore(t *testing.T) {
	t.Parallel()
	afterLosses(t, func(t *testing.T, w *world, loss loss, since int) {
		before := w.past()
		rows, sessions, ledger := w.store.Rows(), w.store.Sessions(), w.store.Ledger()
		loss.lose(w, before)
		for range since {
			w.append(0, "shop", w.clicks(2)...)
		}
		err := w.run(w.config(), false)
		require.ErrorIs(t, err, stream.ErrLogLacks)
		switch {
		case since == 300:
			require.ErrorContains(t, err, "event 1 of offset 199 is another in the log than in the store")
		case loss.plan:
			require.ErrorContains(t, err, "plan (200, 200) is ahead of the log, which ends at")
		default:
			require.ErrorContains(t, err, "the store has event 1 of offset 199")
		}
		require.Equal(t, rows, w.store.Rows())
		require.Equal(t, sessions, w.store.Sessions())
		require.Equal(t, ledger, w.store.Ledger())
	})
}

// TestLogBehindStoreControl has a store that cannot tell what it has: what is
// accepted into the log that lacks records is swallowed, so the test above can fail.
func TestLogBehindStoreControl(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		before := w.past()
		w.log = before
		for range 50 {
			w.append(0, "shop", w.clicks(2)...)
		}
		rows := len(w.store.Rows())
		cfg := w.config()
		cfg.Store = struct{ footfall.Store }{w.store}
		require.NoError(t, w.run(cfg, false))
		require.Less(t, len(w.store.Rows()), rows+100)
	})
}

// shortsighted is a log that tells an end that others have passed for a while, as
// a broker does that does not know yet that it leads no more.
type shortsighted struct {
	stream.Log
	until time.Time
}

func (s shortsighted) Own(ctx context.Context, f func(context.Context, stream.Partition) error) error {
	return s.Log.Own(ctx, func(ctx context.Context, p stream.Partition) error { return f(ctx, shortPartition{p, s.until}) })
}

type shortPartition struct {
	stream.Partition
	until time.Time
}

func (p shortPartition) Bounds(ctx context.Context) (first, end int64, err error) {
	first, end, err = p.Partition.Bounds(ctx)
	if time.Now().Before(p.until) {
		end -= 5
	}
	return first, end, err
}

// TestOldLeader starts while a broker that led once answers: that is no lost log.
func TestOldLeader(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		w.history()
		cfg := w.config()
		cfg.Log = shortsighted{w.log, time.Now().Add(3 * time.Second)}
		require.NoError(t, w.run(cfg, true))
		cfg.Log = shortsighted{w.log, time.Now().Add(time.Hour)}
		require.ErrorIs(t, w.run(cfg, true), stream.ErrLogLacks)
	})
}

// TestOlderLog restores a backup of the log that was made somewhere in the middle
// of all the faults of [TestChaos]. The store is newer than it: no process starts
// on it, whatever was appended since.
func TestOlderLog(t *testing.T) {
	t.Parallel()
	for seed := range seeds(t) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			inBubble(t, 2, func(w *world) {
				c := newChaos(w, seed)
				c.backupAt = 40 + c.draw(100)
				since := []int{0, 5, 200}[seed%3]
				c.run(nil)
				w.log = c.older
				for range since {
					for partition := range uint16(2) {
						w.append(partition, "shop", w.clicks(2)...)
					}
				}
				require.ErrorIs(t, w.run(w.config(), false), stream.ErrLogLacks)
				old, ends := w.store.Rows(), []int{len(w.log.Records(0)), len(w.log.Records(1))}
				c.hinder(seed)
				w.nextEpoch(2)
				w.append(0, "shop", w.clicks(1)...)
				require.NoError(t, w.run(w.config(), false))
				w.requireRaised(old, []int64{int64(ends[0] - since), int64(ends[1] - since)})
			})
		})
	}
}

// hinder makes what a recovery does fail now and then, and takes the partitions
// from it, which makes it begin anew.
func (c *chaos) hinder(seed uint64) {
	d := newDice(seed, 11)
	fail := func(n int, err error) error {
		if d.chance(n) {
			return err
		}
		return nil
	}
	c.w.log.SetFaults(streamtest.Faults{
		Commit: func(p uint16, _ stream.Plan) error {
			if d.chance(10) {
				c.w.log.Fence(p)
			}
			return fail(4, errLog)
		},
		Committed: func(uint16, stream.Plan) error { return fail(4, errLog) },
		Read:      func(uint16, int64) error { return fail(10, errLog) },
		Load:      func(uint16, int64) error { return fail(4, errLog) },
		Save:      func(uint16, int64) error { return fail(4, errLog) },
	})
	c.w.store.set(func(k *clerk) {
		k.present = func() error { return fail(4, errStore) }
		k.upsert = func(*footfall.Upserts) error { return fail(4, errStore) }
	})
}

// nextEpoch recovers, which ends the epoch.
func (w *world) nextEpoch(partitions int) *process {
	w.t.Helper()
	cfg := w.config()
	cfg.Recover, cfg.NextEpoch = true, true
	return w.raise(cfg, partitions)
}

func (w *world) raise(cfg stream.Config, partitions int) *process {
	w.t.Helper()
	p := w.begin(cfg, nil)
	for begun := time.Now(); ; time.Sleep(time.Second) {
		all := p.Recoveries()
		if len(all) >= partitions && !slices.ContainsFunc(all, func(r stream.Recovery) bool { return !r.Raised }) {
			break
		}
		require.Less(w.t, time.Since(begun), time.Hour, "%+v", all)
	}
	require.NoError(w.t, p.end())
	w.log.SetFaults(streamtest.Faults{})
	w.store.set(func(k *clerk) { k.insert, k.upsert, k.present = nil, nil, nil })
	return p
}

// requireRaised checks that the store has what it had, and of the records from
// some offsets of each partition on each event once, and nothing else.
func (w *world) requireRaised(old []footfall.Event, from []int64) {
	w.t.Helper()
	have := positions(w.store.Rows())
	for _, ev := range old {
		require.Equal(w.t, 1, have[ev.Position], "%v", ev.Position)
		delete(have, ev.Position)
	}
	for partition, from := range from {
		for _, rec := range w.log.Records(uint16(partition)) {
			for i := range rec.Events {
				at := footfall.Position{Epoch: 1, Partition: uint16(partition), Offset: rec.Offset, Index: i}
				if have[at] == 0 {
					at.Epoch = 0 // nothing of what was lost has these coordinates
				}
				if rec.Offset >= from {
					require.Equal(w.t, 1, have[at], "%v", at)
					delete(have, at)
				}
			}
		}
	}
	require.Empty(w.t, have, "nothing else")
}

// TestNextEpochForDurableTap has a tap that is behind when the epoch ends: it is
// given what the log has of both epochs, where its host recovers with it.
func TestNextEpochForDurableTap(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		sink := &bucket{}
		sink.set(func(context.Context, []footfall.Event) error { return errSink })
		tap := stream.Tap{Name: "export", Sink: sink, Durable: true}
		cfg := w.tapped(tap)
		p := w.begin(cfg, nil)
		var before *streamtest.Memory
		for i := range 100 {
			if i == 60 {
				before = w.log.Backup()
			}
			w.append(0, "shop", w.clicks(2)...)
			time.Sleep(time.Second)
		}
		require.NoError(t, p.end())
		w.log = before
		for range 10 {
			w.append(0, "shop", w.clicks(2)...)
		}
		sink.set(nil)
		cfg = w.tapped(tap)
		cfg.Recover, cfg.NextEpoch = true, true
		w.raise(cfg, 1)
		p = w.begin(w.tapped(tap), nil)
		w.append(0, "shop", w.clicks(2)...)
		p.visible()
		time.Sleep(time.Minute)
		require.NoError(t, p.end())
		given := positions(sink.events())
		for _, rec := range w.log.Records(0) {
			epoch := uint16(0)
			if rec.Offset >= 60 {
				epoch = 1
			}
			for i := range rec.Events {
				require.Positive(t, given[footfall.Position{Epoch: epoch, Offset: rec.Offset, Index: i}], rec.Offset)
			}
		}
		require.Len(t, given, 71*2)
	})
}

// TestNextEpoch takes the way out of each of the losses: recover alone refuses,
// and with the next epoch all that came since is stored beside what was.
func TestNextEpoch(t *testing.T) {
	t.Parallel()
	afterLosses(t, func(t *testing.T, w *world, loss loss, since int) {
		before := w.past()
		old, session := w.store.Rows(), w.store.Sessions()[0]
		sessions := len(w.store.Sessions())
		loss.lose(w, before)
		from := int64(len(w.log.Records(0)))
		for range since {
			w.append(0, "shop", w.clicks(2)...)
			time.Sleep(time.Second)
		}
		cfg := w.config()
		cfg.Recover = true
		require.ErrorIs(t, w.run(cfg, false), stream.ErrLogLacks)
		p := w.nextEpoch(1)
		r := p.Recoveries()[0]
		require.Equal(t, []int64{from, 0, 0, 0}, []int64{r.To, r.Sent, r.Lost, r.Gap})

		p = w.begin(w.config(), nil)
		w.append(0, "shop", w.clicks(2)...)
		p.visible()
		time.Sleep(time.Minute)
		p.visible()
		require.NoError(t, p.end())
		w.requireRaised(old, []int64{from})
		require.Len(t, w.store.Sessions(), sessions+loss.sessions)
		if loss.sessions == 0 {
			require.Equal(t, session.Session, w.store.Sessions()[0].Session)
			require.EqualValues(t, (loss.known+since+1)*2, w.store.Sessions()[0].Events)
		}

		// It is a log like any other: whoever comes later, comes later.
		p = w.begin(w.config(), nil)
		w.append(0, "shop", w.clicks(2)...)
		p.visible()
		require.NoError(t, p.end())
		w.requireRaised(old, []int64{from})
	})
}
