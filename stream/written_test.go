package stream_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/streamtest"
)

// TestPlanTellsWhatIsWritten shows that the plan alone lets others know that a
// partition at rest has all in the store, and that it costs one commit.
func TestPlanTellsWhatIsWritten(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		var commits []stream.Plan
		w.log.SetFaults(streamtest.Faults{Committed: func(_ uint16, p stream.Plan) error {
			commits = append(commits, p)
			return nil
		}})
		p := w.begin(w.config(), nil)
		for i := range 10 {
			w.append(0, "shop", w.clicks(3)...)
			time.Sleep(3 * time.Second) // long enough to come to rest
			require.Len(t, commits, 2*(i+1), "one that claims, and one that closes the claim")
			claim, rest := commits[2*i], commits[2*i+1]
			require.EqualValues(t, i, claim.Written)
			require.Equal(t, stream.Plan{From: int64(i + 1), To: int64(i + 1), Written: int64(i + 1), Fold: claim.Fold}, rest)
		}
		require.NoError(t, p.end())
		require.Len(t, commits, 20, "nothing is left to say")
	})
}

// TestPlanNeverSaysTooMuch shows that what is written lags behind what is
// confirmed while the store takes events and refuses what follows from them.
func TestPlanNeverSaysTooMuch(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		w.store.upsert = func(*footfall.Upserts) error { return errors.New("down") }
		p := w.begin(w.config(), nil)
		for range 20 {
			w.append(0, "shop", w.clicks(3)...)
			time.Sleep(time.Second)
		}
		time.Sleep(time.Minute)
		plan, ok := w.log.Plan(0)
		require.True(t, ok)
		require.EqualValues(t, 20, plan.To, "events arrive")
		require.Zero(t, plan.Written)
		w.store.upsert = nil
		p.visible()
		time.Sleep(10 * time.Second)
		plan, _ = w.log.Plan(0)
		require.Equal(t, stream.Plan{From: 20, To: 20, Written: 20, Fold: plan.Fold}, plan)
		require.NoError(t, p.end())
	})
}
