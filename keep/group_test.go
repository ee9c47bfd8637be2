package keep_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/keep"
	"github.com/footfall-go/footfall/store"
)

// persons puts n of them in, each of a visitor and a user.
func (w *world) persons(n int) (names []string) {
	w.t.Helper()
	var edges []string
	for i := range n {
		names = append(names, fmt.Sprint("user:u", i))
		edges = append(edges, fmt.Sprintf("link visitor:v%d user:u%d", i, i))
	}
	w.edges(edges...)
	return names
}

// ask requests the erasure of persons, all at the same moment.
func (w *world) ask(k *keep.Keeper, persons ...string) map[string]keep.Receipt {
	w.t.Helper()
	var mu sync.Mutex
	var asking sync.WaitGroup
	receipts := map[string]keep.Receipt{}
	for _, person := range persons {
		asking.Go(func() {
			r, err := k.ErasePerson(w.t.Context(), w.shop.ID, person)
			mu.Lock()
			defer mu.Unlock()
			if receipts[person] = r; err != nil {
				w.t.Errorf("ask for %s: %v", person, err)
			}
		})
	}
	asking.Wait()
	return receipts
}

// TestManyTakeAsLongAsOne counts what takes seconds in a real store and log.
func TestManyTakeAsLongAsOne(t *testing.T) {
	t.Parallel()
	passes := map[int][3]int{}
	for _, n := range []int{1, 100} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			names := append(w.persons(n), "user:nobody") // who is nowhere comes along
			settles := 0
			k := w.keeper(func(c *keep.Config) {
				c.Settle = func(ctx context.Context) error {
					settles++
					return w.settle(ctx)
				}
			})
			receipts := w.ask(k, names...)
			w.wait(k, receipts[names[0]].Name)
			for i, name := range names {
				r, ok := k.Request(receipts[name].Name)
				require.True(t, ok)
				require.Equal(t, keep.Done, r.State, r.Error)
				require.Len(t, r.Orders, 1)
				require.Zero(t, r.After[schema.Identities])
				if i < n {
					require.EqualValues(t, 1, r.Before[schema.Identities], "its own rows alone")
					require.Equal(t, []footfall.ID{w.id(name), w.id(fmt.Sprint("visitor:v", i))}, r.IDs)
				}
			}
			require.Empty(t, w.store.Links())
			passes[n] = [3]int{settles, len(w.records), len(w.forgot)}
		})
	}
	require.Equal(t, [3]int{2, 1, 1}, passes[1], "waits for the store, orders, and waits for a snapshot")
	require.Equal(t, passes[1], passes[100])
}

// TestGroupGoesOn ends a keeper at each step that leaves anything behind; the
// next one finishes, together with what came in since.
func TestGroupGoesOn(t *testing.T) {
	t.Parallel()
	died := 0
	for step, survived := 1, false; !survived; step++ {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			names := w.persons(3)
			ctx, die := context.WithCancel(t.Context())
			defer die()
			steps := &stepper{Log: w, Memory: w.store, at: -1, die: die}
			k := w.keeper(func(c *keep.Config) {
				c.Log, c.Store = steps, steps
				settle, forget := c.Settle, c.Forget
				c.Settle = func(ctx context.Context) error { return steps.do(func() error { return settle(ctx) }) }
				c.Forget = func(ctx context.Context, f keep.Forget) error {
					return steps.do(func() error { return forget(ctx, f) })
				}
			})
			receipts := w.ask(k, names[:2]...)
			dropped := w.ask(k, "visitor:v1")["visitor:v1"]
			require.Equal(t, receipts[names[1]].Name, dropped.Name, "who is named otherwise is the same person")
			steps.at = step
			var running sync.WaitGroup
			running.Go(func() { _ = k.Run(ctx) })
			for _, r := range receipts {
				_, err := k.Wait(ctx, r.Name)
				survived = err == nil
			}
			die()
			running.Wait()
			if survived {
				return
			}
			died++

			next := w.keeper()
			late := w.ask(next, names[2])[names[2]]
			w.wait(next, late.Name)
			for _, name := range names[:2] {
				r := w.wait(next, receipts[name].Name)
				require.EqualValues(t, 1, r.Before[schema.Identities], "step %d", step)
				require.Zero(t, r.After[schema.Identities])
				require.Len(t, r.IDs, 2)
				require.Empty(t, r.Error)
			}
			require.Empty(t, w.store.Links())
		})
	}
	require.Greater(t, died, 5)
}

// stepper counts the steps that a keeper takes and ends it after, or at, one.
type stepper struct {
	keep.Log
	*store.Memory
	n, at int
	die   func()
}

var errDied = errors.New("the process is gone")

func (s *stepper) do(f func() error) error {
	if s.at >= 0 {
		s.n++
	}
	// Odd steps happen and nobody hears of it, even ones do not happen.
	last := s.at >= 0 && s.n >= (s.at+1)/2
	if last && s.at%2 == 0 {
		s.die()
		return errDied
	}
	err := f()
	if last {
		s.die()
		return errDied
	}
	return err
}

func (s *stepper) Append(ctx context.Context, records []footfall.Record) error {
	return s.do(func() error { return s.Log.Append(ctx, records) })
}

func (s *stepper) Define(ctx context.Context, d ...footfall.Definition) error {
	return s.do(func() error { return s.Memory.Define(ctx, d...) })
}

// picky cannot count one person.
type picky struct {
	*store.Memory
	never footfall.ID
}

func (p *picky) Count(ctx context.Context, e *footfall.Erasure) (map[string]uint64, error) {
	if e.IDs[0] == p.never {
		return nil, errors.New("too much")
	}
	return p.Memory.Count(ctx, e)
}

// TestOneHoldsUpNobody has one of three requests fail.
func TestOneHoldsUpNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		names := w.persons(3)
		k := w.keeper(func(c *keep.Config) { c.Store = &picky{w.store, w.id(names[0])} })
		receipts := w.ask(k, names...)
		w.wait(k, receipts[names[1]].Name)
		w.wait(k, receipts[names[2]].Name)
		r, _ := k.Request(receipts[names[0]].Name)
		require.Equal(t, keep.Pending, r.State)
		require.Equal(t, "too much", r.Error)
		require.Len(t, w.store.Links(), 1)
	})
}

// TestKnownIDsAreRefusedAtOnce looks between the answer to a request and what
// follows it.
func TestKnownIDsAreRefusedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.edges("link visitor:phone user:ada", "link visitor:laptop user:ada", "alias user:old user:ada", "link visitor:gone user:ada")
		lag := []string{"link visitor:new user:ada", "unlink visitor:gone user:ada"}
		k := w.keeper(func(c *keep.Config) {
			c.Settle = func(ctx context.Context) error {
				if lag != nil { // the store is behind the log
					w.edges(append([]string{"link visitor:x user:x", "link visitor:y user:x", "link visitor:z user:x", "link visitor:q user:x"}, lag...)...)
					lag = nil
				}
				return w.settle(ctx)
			}
		})
		r, err := k.ErasePerson(t.Context(), w.shop.ID, "visitor:phone")
		require.NoError(t, err)
		for id := range strings.FieldsSeq("visitor:phone user:ada visitor:laptop user:old visitor:gone") {
			require.Contains(t, k.Erased(w.shop.ID), w.id(id), id)
		}
		require.Len(t, r.IDs, 5)
		require.NotContains(t, k.Erased(w.shop.ID), w.id("visitor:new"), "nobody can know yet")

		got := w.wait(k, r.Name)
		require.Contains(t, got.IDs, w.id("visitor:new"))
		require.Contains(t, k.Erased(w.shop.ID), w.id("visitor:new"))
		require.NotContains(t, got.IDs, w.id("visitor:gone"), "who was somebody else by then")
		require.NotContains(t, k.Erased(w.shop.ID), w.id("visitor:gone"))
	})
}

// TestDropTwice asks at the same moment and again later.
func TestDropTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		k := w.keeper()
		var names [8]string
		var asking sync.WaitGroup
		for i := range names {
			asking.Go(func() {
				r, err := k.DropTenant(t.Context(), w.shop.ID)
				if names[i] = r.Name; err != nil {
					t.Error(err)
				}
			})
		}
		asking.Wait()
		for _, name := range names {
			require.Equal(t, names[0], name)
		}
		w.wait(k, names[0])
		r, err := k.DropTenant(t.Context(), w.shop.ID)
		require.NoError(t, err)
		require.Equal(t, names[0], r.Name)
		require.Equal(t, keep.Done, r.State)
		require.Len(t, k.Requests(w.shop.ID), 1)
		require.NoError(t, k.Lift(t.Context(), r.Name))
		r, err = k.DropTenant(t.Context(), w.shop.ID)
		require.NoError(t, err)
		require.Equal(t, keep.Pending, r.State, "it may be dropped again")
	})
}
