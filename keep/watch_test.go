package keep_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/keep"
)

// TestKeepersOfOneStore shows that what is requested at one process is refused
// by the doors of all and carried out by the one that runs.
func TestKeepersOfOneStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.edges("link visitor:v user:ada")
		ctx, stop := context.WithCancel(t.Context())
		asked, door := w.keeper(), w.keeper()
		runs := w.keeper(func(c *keep.Config) { c.Notice = 2 * time.Second })
		for _, k := range []*keep.Keeper{asked, door, runs} {
			go func() { _ = k.Watch(ctx) }()
		}
		go func() { _ = runs.Run(ctx) }()
		time.Sleep(time.Hour) // of the bubble

		begun := time.Now()
		r, err := asked.ErasePerson(ctx, w.shop.ID, "visitor:v")
		require.NoError(t, err)
		require.Len(t, asked.Erased(w.shop.ID), 2)
		time.Sleep(1001 * time.Millisecond)
		require.Equal(t, asked.Erased(w.shop.ID), door.Erased(w.shop.ID), "all doors know within a second")
		w.mu.Lock()
		require.Empty(t, w.records, "the order waits until they do")
		w.mu.Unlock()
		r, err = asked.Wait(ctx, r.Name)
		require.NoError(t, err)
		require.GreaterOrEqual(t, time.Since(begun), 2*time.Second)
		require.Less(t, time.Since(begun), 10*time.Second)
		require.NotEmpty(t, r.Orders)

		time.Sleep(1001 * time.Millisecond) // until the door knows that it is done
		require.NoError(t, door.Lift(ctx, r.Name))
		time.Sleep(1001 * time.Millisecond)
		for _, k := range []*keep.Keeper{asked, door, runs} {
			require.Empty(t, k.Erased(w.shop.ID))
			require.Empty(t, k.Requests(w.shop.ID))
		}
		stop()
		synctest.Wait()
	})
}

// TestLiftedStaysLifted shows that a keeper that has yet to see it does not
// bring a request back with what the night writes on its receipt.
func TestLiftedStaysLifted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx, stop := context.WithCancel(t.Context())
		runs := w.keeper()
		go func() { _ = runs.Run(ctx) }()
		r, err := runs.ErasePerson(ctx, w.shop.ID, "user:ada")
		require.NoError(t, err)
		_, err = runs.Wait(ctx, r.Name)
		require.NoError(t, err)
		time.Sleep(time.Hour)

		require.NoError(t, w.keeper().Lift(ctx, r.Name))
		_, err = runs.Maintain(ctx, time.Now())
		require.NoError(t, err)
		require.Empty(t, w.keeper().Requests(w.shop.ID))
		stop()
		synctest.Wait()
	})
}

// TestWatchWithoutStore shows that what was known holds while the store is
// away, and that nothing is missed by that.
func TestWatchWithoutStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx, stop := context.WithCancel(t.Context())
		away := &awayStore{Store: w.store}
		door, asked := w.keeper(func(c *keep.Config) { c.Store = away }), w.keeper()
		go func() { _ = door.Watch(ctx) }()
		_, err := asked.ErasePerson(ctx, w.shop.ID, "user:ada")
		require.NoError(t, err)
		time.Sleep(2 * time.Second)
		require.Len(t, door.Erased(w.shop.ID), 1)

		away.away.Store(true)
		_, err = asked.ErasePerson(ctx, w.shop.ID, "user:eve")
		require.NoError(t, err)
		time.Sleep(time.Minute)
		require.Len(t, door.Erased(w.shop.ID), 1)
		away.away.Store(false)
		time.Sleep(2 * time.Second)
		require.Len(t, door.Erased(w.shop.ID), 2)
		stop()
		synctest.Wait()
	})
}

type awayStore struct {
	keep.Store
	away atomic.Bool
}

func (s *awayStore) Defined(ctx context.Context, kind string) ([]footfall.Definition, error) {
	if s.away.Load() {
		return nil, errors.New("no answer")
	}
	return s.Store.Defined(ctx, kind)
}
