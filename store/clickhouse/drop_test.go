package clickhouse_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
)

// TestDedicatedTenantIsDropped shows that the erasure of a tenant with
// partitions of its own leaves no part of them behind, where a DELETE would
// leave all of them with a mask.
func TestDedicatedTenantIsDropped(t *testing.T) {
	t.Parallel()
	store, conn := setup(t)
	start := footfall.MillisOf(time.Date(2024, 1, 15, 0, 0, 0, 0, time.UTC))
	var b footfall.Batch
	var u footfall.Upserts
	for i, name := range []string{"shop", "shop-2", "club"} {
		id, err := owner(name)
		require.NoError(t, err)
		silo := name
		if name == "club" {
			silo = ""
		}
		visitor := schema.VisitorID(id, "v")
		for month := range footfall.Millis(3) {
			b.Events = append(b.Events, footfall.Event{
				Tenant: id, Silo: silo, Position: footfall.Position{Offset: int64(i), Index: uint32(month)}, Type: footfall.Track, Name: "E",
				MessageID: "m", Time: start + month*31*24*3600*1000, Received: start, Visitor: visitor, Session: 1,
			})
		}
		u.Sessions = append(u.Sessions, footfall.Session{Tenant: id, Silo: silo, Visitor: visitor, Session: 1, Opened: start, Version: uint64(i) + 1})
		u.IDs = append(u.IDs, footfall.IDText{Tenant: id, Silo: silo, ID: visitor, Kind: footfall.KindVisitor, Text: "v"})
	}
	b.To = 3
	require.NoError(t, store.Insert(t.Context(), &b, 0))
	require.NoError(t, store.Upsert(t.Context(), &u))
	parts := func(pattern string) (n uint64) {
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT count() FROM system.parts WHERE active AND database = currentDatabase() AND table != 'erasures' AND match(partition, ?)", pattern).Scan(&n))
		return n
	}
	require.EqualValues(t, 5, parts(`^\(?'?shop($|')`))
	others := parts(`.`) - 5
	shop, _ := owner("shop")
	require.NoError(t, store.Upsert(t.Context(), &footfall.Upserts{Erasures: []footfall.Erasure{{
		Tenant: shop, Silo: "shop", Name: "e", Before: footfall.Position{Offset: 9}, Time: start,
	}}}))
	require.Zero(t, parts(`^\(?'?shop($|')`))
	require.Equal(t, others, parts(`.`))
}
