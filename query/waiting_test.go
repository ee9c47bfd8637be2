package query

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// desired is a question of which the line is under the test's control.
type desired struct {
	shared  *shared
	version string        // what can be seen now
	turn    chan struct{} // a value lets one begin
	mu      sync.Mutex
	begun   []string // the version that each computation saw
	takes   time.Duration
	found   chan string // has what another process knows; nil if nobody is asked
}

type told struct {
	value any
	own   bool
	err   error
}

// ask asks for an answer that may be so old, and waits so long for it.
func (d *desired) ask(ctx context.Context, maxAge, patience time.Duration) <-chan told {
	a := asking{seen: newSight(d.version, time.Now()), until: time.Now().Add(patience)}
	if maxAge > 0 {
		a.since = time.Now().Add(-maxAge)
	}
	out := make(chan told, 1)
	go func() {
		ctx, cancel := context.WithDeadlineCause(ctx, a.until, ErrTimeout)
		defer cancel()
		var find func(context.Context, answerKey) (any, bool)
		if d.found != nil {
			find = func(context.Context, answerKey) (any, bool) {
				text := <-d.found
				return text, text != ""
			}
		}
		value, own, err := d.shared.get(ctx, a, computing{
			find: find,
			turn: func(ctx context.Context) (func(), error) {
				select {
				case <-d.turn:
					return func() {}, nil
				case <-ctx.Done():
					return nil, context.Cause(ctx)
				}
			},
			look: func(context.Context) (string, time.Time) { return d.version, time.Now() },
			answer: func(ctx context.Context, until time.Time) (any, error) {
				d.mu.Lock()
				d.begun = append(d.begun, d.version)
				d.mu.Unlock()
				saw := d.version
				select {
				case <-time.After(d.takes):
					return saw + " until " + until.Format("04:05"), nil
				case <-ctx.Done():
					return nil, context.Cause(ctx)
				}
			},
		})
		out <- told{value, own, err}
	}()
	synctest.Wait()
	return out
}

func newDesired() *desired {
	return &desired{shared: newShared(1<<20, nil), version: "1", turn: make(chan struct{}), takes: time.Second}
}

// TestWhoWaitsForTheSameTurn asks the same three times, while events appear and
// no turn comes. One computation is right for all, since it sees more than each
// of them could, and it has the time of who waits longest.
func TestWhoWaitsForTheSameTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesired() // at 00:00
		first := d.ask(t.Context(), 0, 2*time.Second)
		d.version = "2"
		second := d.ask(t.Context(), 0, 10*time.Second)
		time.Sleep(2 * time.Second)
		got := <-first
		require.ErrorIs(t, got.err, ErrBusy, "its turn did not come")
		d.version = "3"
		third := d.ask(t.Context(), 0, 5*time.Second)
		d.version = "4"
		d.turn <- struct{}{}
		synctest.Wait()

		d.version = "5" // begun, so that this one waits for itself
		fourth := d.ask(t.Context(), 0, 10*time.Second)
		require.Equal(t, told{"4 until 00:10", false, nil}, <-second)
		require.Equal(t, told{"4 until 00:10", false, nil}, <-third)
		d.turn <- struct{}{}
		require.Equal(t, told{"5 until 00:12", true, nil}, <-fourth)
		require.Equal(t, []string{"4", "5"}, d.begun)
	})
}

// TestAnotherMinuteIsAnotherQuestion asks the same before and after a minute ends.
func TestAnotherMinuteIsAnotherQuestion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesired()
		time.Sleep(59 * time.Second)
		first := d.ask(t.Context(), 0, 10*time.Second)
		time.Sleep(2 * time.Second)
		second := d.ask(t.Context(), 0, 10*time.Second)
		old := d.ask(t.Context(), 5*time.Second, 10*time.Second)
		d.turn <- struct{}{}
		d.turn <- struct{}{}
		require.True(t, (<-first).own)
		require.True(t, (<-second).own)
		require.False(t, (<-old).own)
		require.Len(t, d.begun, 2)
	})
}

// TestOlderAnswersWillDo asks for what may be some seconds old.
func TestOlderAnswersWillDo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesired()
		answered := func(out <-chan told) told {
			select {
			case got := <-out:
				return got
			case d.turn <- struct{}{}:
				return <-out
			}
		}
		require.Equal(t, told{"1 until 01:00", true, nil}, answered(d.ask(t.Context(), 10*time.Second, time.Minute))) // seen at 00:00
		d.version = "2"
		time.Sleep(8 * time.Second) // 00:09
		require.Equal(t, told{"1 until 01:00", false, nil}, answered(d.ask(t.Context(), 10*time.Second, time.Minute)))
		require.Equal(t, told{"2 until 01:09", true, nil}, answered(d.ask(t.Context(), 8*time.Second, time.Minute)), "it is older than that")
		d.version = "3"
		require.Equal(t, told{"2 until 01:09", false, nil}, answered(d.ask(t.Context(), 8*time.Second, time.Minute)), "the younger one is kept")
		require.True(t, answered(d.ask(t.Context(), 0, time.Minute)).own, "who does not say so gets all that can be seen")

		// One on its way that began in time will do as well.
		d.version = "4"
		slow := d.ask(t.Context(), 0, time.Minute)
		d.turn <- struct{}{}
		synctest.Wait()
		d.version = "5"
		time.Sleep(time.Second / 2)
		require.Equal(t, "4 until 01:11", (<-d.ask(t.Context(), time.Second, time.Minute)).value)
		require.True(t, (<-slow).own)
	})
}

// TestWhoWaitsForAnotherProcess asks while the answer to the same may be had
// elsewhere. That one is right for what could be seen when it was asked for, and
// for nobody who came later.
func TestWhoWaitsForAnotherProcess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDesired()
		d.found = make(chan string)
		first := d.ask(t.Context(), 0, time.Minute)
		same := d.ask(t.Context(), 0, time.Minute)
		d.version = "2"
		later := d.ask(t.Context(), 0, time.Minute)
		d.found <- "1 elsewhere"
		require.Equal(t, told{"1 elsewhere", false, nil}, <-first)
		require.Equal(t, told{"1 elsewhere", false, nil}, <-same)
		d.found <- ""
		synctest.Wait()
		d.version = "3"
		joined := d.ask(t.Context(), 0, time.Minute)
		d.turn <- struct{}{}
		d.found <- ""
		require.Equal(t, told{"3 until 01:00", true, nil}, <-later)
		require.Equal(t, told{"3 until 01:00", false, nil}, <-joined)
	})
}
