package match

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestUnitsAllocateNothing matches units a second time.
func TestUnitsAllocateNothing(t *testing.T) {
	for name, unit := range units {
		for order := range Any + 1 {
			f := funnel(5, order)
			f.Exclude, f.Holds, f.Edges = []Exclusion{{1, 3}}, true, []int64{0, 10_000}
			m := New(f)
			events := unit(rand.New(rand.NewPCG(1, 2)), 500)
			match := func() {
				Sort(events)
				m.Match(events)
				m.Best()
				m.Buckets(func(*Attempt) {})
			}
			require.Zero(t, testing.AllocsPerRun(10, match), "%s %d", name, order)
		}
	}
}
