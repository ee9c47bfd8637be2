package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
)

// testMembers shows that the members of segments go with a change, with the
// person, and with the tenant, and then only the first time.
func testMembers(t *testing.T, s *kept) {
	id, other := shop(t), parse(t, "other")
	count := func(e *footfall.Erasure) uint64 {
		t.Helper()
		counts, err := s.Count(t.Context(), e)
		require.NoError(t, err)
		return counts[schema.Members]
	}
	member := func(segment string, version uint64, person byte) footfall.Member {
		return footfall.Member{Tenant: id, Segment: segment, Version: version, Person: footfall.ID{person}}
	}
	mine, theirs := &footfall.Erasure{Tenant: id}, &footfall.Erasure{Tenant: other}
	strangers := member("a", 1, 1)
	strangers.Tenant = other
	require.NoError(t, s.Freeze(t.Context(), member("a", 1, 1), member("a", 1, 2), member("a", 2, 1), member("a", 2, 3), member("b", 1, 1), strangers))
	require.NoError(t, s.Freeze(t.Context()))
	require.EqualValues(t, 5, count(mine))

	require.NoError(t, s.Thaw(t.Context(), id, "a", 2))
	require.NoError(t, s.Thaw(t.Context(), id, "a", 2))
	require.EqualValues(t, 3, count(mine))

	one := &footfall.Erasure{Tenant: id, Name: "one", IDs: []footfall.ID{{1}, {9}}, Before: position(1, 3, 5), Time: start}
	require.EqualValues(t, 2, count(one))
	parts, err := s.Partitions(t.Context(), id, one.IDs)
	require.NoError(t, err)
	require.Empty(t, parts, "they do not tell")
	s.upsert(t, &footfall.Upserts{Erasures: []footfall.Erasure{*one}})
	require.Zero(t, count(one))
	require.EqualValues(t, 1, count(mine))

	all := footfall.Erasure{Tenant: id, Name: "all", Before: position(1, 3, 9), Time: start}
	s.upsert(t, &footfall.Upserts{Erasures: []footfall.Erasure{all}})
	require.Zero(t, count(mine))
	require.NoError(t, s.Freeze(t.Context(), member("a", 3, 1)))
	s.upsert(t, &footfall.Upserts{Erasures: []footfall.Erasure{all}})
	require.EqualValues(t, 1, count(mine), "it began anew")
	require.EqualValues(t, 1, count(theirs))
}
