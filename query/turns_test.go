package query

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// asker takes turns one after another and says whose question was answered.
type asker struct {
	t     *turns
	order []string
	mu    sync.Mutex
}

// must answers a question of a tenant for a second.
func (a *asker) must(t *testing.T, tenant string, most int) {
	done, err := a.t.take(t.Context(), tenant, most)
	if err != nil {
		t.Error(err)
		return
	}
	defer done()
	a.mu.Lock()
	a.order = append(a.order, tenant)
	a.mu.Unlock()
	time.Sleep(time.Second)
}

func (a *asker) answered() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.order)
}

func TestTenantsTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := &asker{t: newTurns(1, 100)}
		ask := func(tenant string, n int) {
			for range n {
				go a.must(t, tenant, 0)
				synctest.Wait()
			}
		}
		ask("many", 5)
		ask("few", 2)
		ask("one", 1)
		time.Sleep(8 * time.Second)
		synctest.Wait()
		require.Equal(t, []string{"many", "many", "few", "one", "many", "few", "many", "many"}, a.answered())
		require.Equal(t, 1, a.t.free)
		require.Empty(t, a.t.tenants)
		require.Empty(t, a.t.next)
	})
}

func TestATenantsOwnLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := &asker{t: newTurns(3, 100)}
		for range 4 {
			go a.must(t, "bound", 1)
			synctest.Wait()
		}
		go a.must(t, "other", 1)
		synctest.Wait()
		require.Equal(t, []string{"bound", "other"}, a.answered(), "who may not is passed over")
		time.Sleep(4 * time.Second)
		synctest.Wait()
		require.Equal(t, []string{"bound", "other", "bound", "bound", "bound"}, a.answered())
	})
}

func TestNoTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newTurns(1, 2)
		done, err := q.take(t.Context(), "a", 0)
		require.NoError(t, err)
		timed, cancel := context.WithTimeoutCause(t.Context(), time.Second, ErrTimeout)
		defer cancel()
		gone, leave := context.WithCancel(t.Context())
		errs := make(chan error, 2)
		for _, ctx := range []context.Context{timed, gone} {
			go func() {
				_, err := q.take(ctx, "a", 0)
				errs <- err
			}()
			synctest.Wait()
		}
		_, err = q.take(t.Context(), "a", 0)
		require.ErrorIs(t, err, ErrBusy, "two wait already")
		leave()
		require.ErrorIs(t, <-errs, context.Canceled)
		err = <-errs
		require.ErrorIs(t, err, ErrBusy, "its turn did not come")
		require.NotErrorIs(t, err, ErrTimeout)
		_, err = q.take(gone, "a", 0)
		require.ErrorIs(t, err, context.Canceled)
		done()
		done() // once more is no more turns
		require.Equal(t, 1, q.free)
		require.Empty(t, q.tenants)
		require.Empty(t, q.next)
	})
}

// TestATurnInTheLastMoment holds that whose turn came has it, however late: what
// ran out then was the question's own time, and nobody was in its way.
func TestATurnInTheLastMoment(t *testing.T) {
	t.Parallel()
	q := newTurns(1, 2)
	for range 100 { // either of two channels that are ready may be read first
		done, err := q.take(late{t.Context()}, "a", 0)
		require.NoError(t, err)
		done()
	}
	require.Equal(t, 1, q.free)
}

// late is a context whose time is over as soon as somebody waits for that.
type late struct{ context.Context }

func (late) Done() <-chan struct{} {
	over := make(chan struct{})
	close(over)
	return over
}

// TestTurnsAddUp takes turns in random order, gives some up, and holds that no
// more are given than there are, that all come back, and that none is missed.
func TestTurnsAddUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		random := rand.New(rand.NewPCG(seed, 0))
		q := newTurns(3, 1000)
		var mu sync.Mutex
		running, byTenant, answered, left := 0, map[string]int{}, 0, 0
		var all sync.WaitGroup
		for range 300 {
			tenant := string(rune('a' + random.IntN(4)))
			patience, work := time.Duration(1+random.IntN(60))*time.Second, time.Duration(1+random.IntN(3))*time.Second
			time.Sleep(time.Duration(random.IntN(1000)) * time.Millisecond)
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				done, err := q.take(ctx, tenant, 2)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					left++
					return
				}
				running++
				byTenant[tenant]++
				if running > 3 || byTenant[tenant] > 2 {
					t.Errorf("%d at once, %d of one tenant", running, byTenant[tenant])
				}
				answered++
				mu.Unlock()
				time.Sleep(work)
				mu.Lock()
				running--
				byTenant[tenant]--
				done()
			})
		}
		all.Wait()
		require.Equal(t, 300, answered+left)
		require.Greater(t, answered, 100)
		require.Equal(t, 3, q.free)
		require.Empty(t, q.tenants)
		require.Empty(t, q.next)
	})
}
