package fold

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
)

func randomID(r *rand.Rand) (id footfall.ID) {
	binary.LittleEndian.PutUint64(id[:8], r.Uint64())
	binary.LittleEndian.PutUint64(id[8:], r.Uint64())
	return id
}

// TestVisitorsTable inserts and removes visitors like a map, with a hash that
// crowds them, so that removal has runs to close, also around the end.
func TestVisitorsTable(t *testing.T) {
	t.Parallel()
	for _, crowd := range []uint64{0, 3 << 61, 1<<64 - 1<<52} {
		r := rand.New(rand.NewPCG(crowd, 0))
		var tab visitors
		tab.init(newSeed(), new(cow))
		hash := func(key [2]uint64) uint64 {
			if crowd == 0 {
				return tab.hash(key)
			}
			return crowd | key[0]&(1<<52-1)
		}
		slots := map[[2]uint64]uint32{}
		var keys [][2]uint64
		for range 20_000 {
			if len(keys) > 0 && r.IntN(5) < 2 {
				i := r.IntN(len(keys))
				key := keys[i]
				slot, ok := tab.find(hash(key), key)
				require.True(t, ok)
				require.Equal(t, slots[key], slot)
				tab.index.remove(hash(key), slot)
				_, ok = tab.find(hash(key), key)
				require.False(t, ok)
				keys[i] = keys[len(keys)-1]
				keys = keys[:len(keys)-1]
				delete(slots, key)
				continue
			}
			key := keyOf(randomID(r))
			slots[key] = tab.insert(hash(key), key)
			keys = append(keys, key)
		}
		for key, want := range slots {
			slot, ok := tab.find(hash(key), key)
			require.True(t, ok)
			require.Equal(t, want, slot)
		}
	}
}

// TestSlotsAreReused shows that visitors come and go without growth.
func TestSlotsAreReused(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 1))
	var tab visitors
	tab.init(newSeed(), new(cow))
	for range 10 {
		var slots []uint32
		for range 1000 {
			key := keyOf(randomID(r))
			slot := tab.insert(tab.hash(key), key)
			for range 3 {
				at := tab.newOlder()
				*tab.olderEdit(at) = older{next: tab.edit(slot).more}
				tab.edit(slot).more = at + 1
			}
			slots = append(slots, slot)
		}
		require.Equal(t, 1000, tab.live)
		for _, slot := range slots {
			tab.remove(slot)
		}
	}
	require.EqualValues(t, 1000, tab.top)
	require.EqualValues(t, 3000, tab.olderTop)
	for i := range tab.index.used {
		require.Zero(t, tab.index.used[i])
	}
}

// TestBytesPerID fills a window step by step and lets it slide on; the bound
// holds all the way. At its worst a window takes 24.9 to 25.1 bytes an id, as
// the seed of its hash will have it.
func TestBytesPerID(t *testing.T) {
	t.Parallel()
	s := New(0, 0, Limits{MaxIDs: 1 << 18})
	r := rand.New(rand.NewPCG(1, 1))
	for step := range uint32(180) {
		s.ids.advance(1000 + step)
		for range 2000 {
			k := newIDKey(r.Uint64(), r.Uint64())
			require.False(t, s.ids.add(s.ids.hash(k), k, 120))
		}
		s.ids.tidy()
		_, bytes := s.Bytes()
		if s.ids.live >= 20_000 {
			require.LessOrEqual(t, bytes, 26*s.ids.live, "%d ids", s.ids.live)
		}
	}
	require.Equal(t, 121*2000, s.ids.live)
}

// TestBytesPerVisitor fills the table of visitors; the bound holds all the way.
func TestBytesPerVisitor(t *testing.T) {
	t.Parallel()
	s := New(0, 0, Limits{})
	r := rand.New(rand.NewPCG(1, 1))
	for n := 1; n <= 400_000; n++ {
		key := keyOf(randomID(r))
		s.visitors.insert(s.visitors.hash(key), key)
		if n >= 100_000 && n%10_000 == 0 {
			bytes, _ := s.Bytes()
			require.LessOrEqual(t, bytes, 96*n, "%d visitors", n)
		}
	}
}

// TestTidy lets a day and a half pass in which nobody comes but one: the
// memory of the others is given back, and their rows are written.
func TestTidy(t *testing.T) {
	t.Parallel()
	s, feed := newFeed(0)
	for range 200 {
		require.NoError(t, s.Apply(feed.next(1000), &feed.out))
		feed.out.Events = feed.out.Events[:0]
	}
	visitors := s.Visitors()
	require.Greater(t, visitors, 900)
	feed.now += 36 * 3_600_000
	for range 300 {
		require.NoError(t, s.Apply(feed.next(1), &feed.out))
	}
	require.Equal(t, 1, s.Visitors())
	var u footfall.Upserts
	s.Flush(&u)
	seen := map[footfall.ID]bool{}
	for i := range u.Sessions {
		seen[u.Sessions[i].Visitor] = true
	}
	require.GreaterOrEqual(t, len(seen), visitors)
}
