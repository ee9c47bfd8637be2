package query

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// slow computes a text for a second and counts how often.
type slow struct {
	calls int
	err   error
	text  string
}

func (s *slow) compute(ctx context.Context) (any, error) {
	s.calls++
	select {
	case <-time.After(time.Second):
		return s.text, s.err
	case <-ctx.Done():
		return "half", ctx.Err()
	}
}

// ask asks for an answer in the state of the log that is given.
func (s *slow) ask(ctx context.Context, in *shared, key byte, version string) (any, bool, error) {
	return in.get(ctx, asking{key: answerKey{key}, seen: newSight(version, time.Now()), until: time.Now().Add(time.Hour)}, s.computing(version))
}

func (s *slow) computing(version string) computing {
	return computing{
		turn:   func(context.Context) (func(), error) { return func() {}, nil },
		look:   func(context.Context) (string, time.Time) { return version, time.Now() },
		answer: func(ctx context.Context, _ time.Time) (any, error) { return s.compute(ctx) },
	}
}

func TestEqualQuestionsInFlightAreOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, c := newShared(1<<20, nil), &slow{text: "answer"}
		var all sync.WaitGroup
		owned := make(chan bool, 10)
		for range 10 {
			all.Go(func() {
				value, own, err := c.ask(t.Context(), s, 1, "v")
				if value != "answer" || err != nil {
					t.Error(value, err)
				}
				owned <- own
			})
		}
		all.Wait()
		close(owned)
		own := 0
		for o := range owned {
			if o {
				own++
			}
		}
		require.Equal(t, []int{1, 1}, []int{own, c.calls}, "one asked for all")
		_, own2, err := c.ask(t.Context(), s, 1, "v")
		require.NoError(t, err)
		require.False(t, own2)
		_, own2, err = c.ask(t.Context(), s, 2, "v")
		require.NoError(t, err)
		require.True(t, own2)
		synctest.Wait()
		require.Equal(t, 2, c.calls)
		require.Empty(t, s.flights)
	})
}

func TestWhoLeavesAFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, c := newShared(1<<20, nil), &slow{text: "answer"}
		first, leave := context.WithCancel(t.Context())
		errs := make(chan error, 1)
		go func() {
			_, _, err := c.ask(first, s, 1, "v")
			errs <- err
		}()
		synctest.Wait()
		second := make(chan any, 1)
		go func() {
			value, own, err := c.ask(t.Context(), s, 1, "v")
			if own || err != nil {
				t.Error(own, err)
			}
			second <- value
		}()
		synctest.Wait()
		leave()
		require.ErrorIs(t, <-errs, context.Canceled)
		require.Equal(t, "answer", <-second, "the other still waits for it")
		require.Equal(t, 1, c.calls)

		// When all have gone the computation ends, and nothing is kept of it.
		only, leave := context.WithCancel(t.Context())
		go leave()
		_, _, err := c.ask(only, s, 2, "v")
		require.ErrorIs(t, err, context.Canceled)
		synctest.Wait()
		require.Empty(t, s.flights)
		value, own, err := c.ask(t.Context(), s, 2, "v")
		require.NoError(t, err)
		require.True(t, own)
		require.Equal(t, "answer", value)
		synctest.Wait()
	})
}

func TestMistakesAreNotKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, c := newShared(1<<20, nil), &slow{err: errors.New("broken")}
		for range 2 {
			_, own, err := c.ask(t.Context(), s, 1, "v")
			require.ErrorIs(t, err, c.err)
			require.True(t, own)
		}
		synctest.Wait()
		require.Equal(t, 2, c.calls)
		require.Zero(t, s.used)
	})
}

func TestWhatIsKeptIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, c := newShared(100_000, nil), &slow{text: strings.Repeat("x", 9_000)}
		ask := func(key byte) bool {
			_, own, err := c.ask(t.Context(), s, key, "v")
			require.NoError(t, err)
			synctest.Wait() // until it is kept
			require.LessOrEqual(t, s.used, s.room)
			return own
		}
		for key := range byte(10) {
			require.True(t, ask(key))
		}
		require.False(t, ask(0), "ten answers have room")
		require.True(t, ask(10), "the eleventh pushes out the one used longest ago")
		require.False(t, ask(0))
		require.True(t, ask(1))
		require.Len(t, s.kept, s.recent.Len())
		c.text = strings.Repeat("x", 20_000)
		require.True(t, ask(99))
		require.True(t, ask(99), "one that would push out many is not kept")
	})
}

// TestNoListIsOld holds that who was erased is on no list that was kept.
func TestNoListIsOld(t *testing.T) {
	t.Parallel()
	old := Scope{MaxAge: "1h"}
	require.Equal(t, time.Hour, maxAgeOf(&Trend{Scope: old}))
	require.Zero(t, maxAgeOf(&Events{Scope: old}))
	require.Zero(t, maxAgeOf(&Persons{Scope: old}))
}
