package local

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/stream"
)

func TestPlaces(t *testing.T) {
	t.Parallel()
	plan := stream.Plan{From: 300, To: 1 << 40, Written: 299, Fold: 7}
	for name, want := range map[string]places{
		"Plan":    {plan: plan, planned: true, cursors: map[string]int64{}},
		"Cursors": {cursors: map[string]int64{"": 0, "tap": 1 << 50}},
		"Neither": {cursors: map[string]int64{}},
		"Both":    {plan: plan, planned: true, cursors: map[string]int64{"a": 1, "b": 2}},
		"Raised":  {plan: plan, planned: true, epoch: 700, cursors: map[string]int64{"a": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			encoded := want.encode()
			got, err := decodePlaces(encoded)
			require.NoError(t, err)
			require.Equal(t, want, got)
			for n := range encoded[:4] {
				_, err := decodePlaces(encoded[:n])
				require.ErrorIs(t, err, errCorrupt)
			}
		})
	}
	_, err := decodePlaces([]byte{5, 0, 0, 0, 0, 0})
	require.ErrorIs(t, err, errCorrupt)
}

// TestPlacesOfOldForms shows that a log goes on that was last used before plans
// had what is written.
func TestPlacesOfOldForms(t *testing.T) {
	t.Parallel()
	plan := stream.Plan{From: 3, To: 300, Fold: 7}
	for name, c := range map[string]struct {
		encoded []byte
		want    places
	}{
		"Plan": {[]byte{placePlan, 3, 0xac, 2, 7}, places{plan: plan, planned: true}},
		"Both": {[]byte{placeCursors, 1, 3, 0xac, 2, 7, 1, 'a', 1}, places{plan: plan, planned: true, cursors: map[string]int64{"a": 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := decodePlaces(c.encoded)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestMoveLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	one := places{}.move(&cursor{name: "a", offset: 1})
	two := one.move(&cursor{name: "b", offset: 2})
	require.Equal(t, map[string]int64{"a": 1}, one.cursors)
	require.Equal(t, map[string]int64{"a": 1, "b": 2}, two.cursors)
	require.Equal(t, map[string]int64{"b": 2}, two.move(&cursor{name: "a", dropped: true}).cursors)
	require.Equal(t, map[string]int64{"a": 1, "b": 2}, two.cursors)
}
