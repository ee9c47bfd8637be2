package kafka

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/stream"
)

func TestPlaces(t *testing.T) {
	t.Parallel()
	for _, at := range []places{
		{},
		{plan: stream.Plan{From: 1, To: 2, Written: 1, Fold: 3}, planned: true},
		{plan: stream.Plan{From: 1 << 40, To: 1 << 41, Fold: 1<<16 - 1}, planned: true, followers: map[string]int64{"a": 0, "b c=\"d": 1 << 50}},
		{plan: stream.Plan{From: 1, To: 2, Written: 1, Fold: 3}, planned: true, epoch: 1<<16 - 1, followers: map[string]int64{"a": 1}},
		{followers: map[string]int64{"": 5, "Ünïcode\n": 1}},
	} {
		offset, metadata, err := at.encode()
		require.NoError(t, err)
		if at.followers == nil {
			at.followers = map[string]int64{}
		}
		got, err := decodePlaces(offset, metadata)
		require.NoError(t, err, metadata)
		require.Equal(t, at, got, metadata)
	}
	offset, metadata, err := (&places{plan: stream.Plan{From: 5, To: 9, Written: 4, Fold: 2}, planned: true}).encode()
	require.NoError(t, err)
	require.Equal(t, "5 v1 9 2 4", fmt.Sprint(offset, " ", metadata), "what is committed already must stay readable")
}

func TestPlacesUnreadable(t *testing.T) {
	t.Parallel()
	for _, metadata := range []string{
		"", "v1", "v2 9 2 4", "v1 4 2 4", "v1 9 70000 4", "v1 9 2", "v1 9 2 -1", "v1 - 2 4", "v1 9 2 4 a=1", `v1 9 2 4 "a"1`, `v1 9 2 4 "a"=x`, `v1 9 2 4 "a"=-1`,
		"v1 9 2. 4", "v1 9 2.x 4", "v1 9 2.70000 4",
	} {
		_, err := decodePlaces(5, metadata)
		require.Error(t, err, metadata)
	}
	at, err := decodePlaces(-1, "")
	require.NoError(t, err)
	require.False(t, at.planned)
	_, _, err = (&places{followers: map[string]int64{strings.Repeat("long", 1100): 1}}).encode()
	require.ErrorContains(t, err, "followers")
}

// FuzzPlaces reads what somebody else may have committed to the group.
func FuzzPlaces(f *testing.F) {
	f.Add(int64(5), `v1 9 2 4 "a"=3 "b"=4`)
	f.Add(int64(0), `v1 - - - "a"=3`)
	f.Add(int64(0), `v1 9 2.7 4`)
	f.Add(int64(-1), "")
	f.Fuzz(func(t *testing.T, offset int64, metadata string) {
		at, err := decodePlaces(offset, metadata)
		if err != nil || offset < 0 {
			return
		}
		again, text, err := at.encode()
		if err != nil {
			return // longer than brokers take
		}
		if at.planned {
			require.Equal(t, offset, again)
		}
		got, err := decodePlaces(again, text)
		require.NoError(t, err)
		require.Equal(t, at, got)
	})
}
