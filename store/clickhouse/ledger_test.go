package clickhouse_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/store/clickhouse"
	"github.com/footfall-go/footfall/tenant"
)

// TestLedgerTotals sums up what was written last of each minute, and tells how
// far into the log it goes.
func TestLedgerTotals(t *testing.T) {
	t.Parallel()
	store, _ := setup(t)
	shop, err := tenant.ParseID("shop")
	require.NoError(t, err)
	club, err := tenant.ParseID("club")
	require.NoError(t, err)
	row := func(id tenant.ID, partition uint16, minute int64, stored, duplicate, to uint64) footfall.LedgerRow {
		return footfall.LedgerRow{
			Tenant: id, Epoch: 2, Partition: partition, Minute: footfall.Millis(minute * 60_000), Stored: stored, Duplicate: duplicate, Quarantined: 1, Version: to << 16,
		}
	}
	totals, err := store.LedgerTotals(t.Context(), 2)
	require.NoError(t, err)
	require.Empty(t, totals)
	old := row(shop, 0, 1, 1000, 0, 99)
	old.Epoch = 1 // of a topic before
	require.NoError(t, store.Upsert(t.Context(), &footfall.Upserts{Ledger: []footfall.LedgerRow{old, row(shop, 0, 1, 5, 0, 3), row(shop, 1, 1, 7, 0, 4)}}))
	require.NoError(t, store.Upsert(t.Context(), &footfall.Upserts{Ledger: []footfall.LedgerRow{
		row(shop, 0, 1, 10, 1, 7), row(shop, 0, 2, 20, 2, 8), row(club, 0, 2, 3, 0, 12),
	}}))
	totals, err = store.LedgerTotals(t.Context(), 2)
	require.NoError(t, err)
	require.ElementsMatch(t, []clickhouse.LedgerTotal{
		{Tenant: shop, Partition: 0, Stored: 1030, Duplicate: 3, Quarantined: 3, To: 12},
		{Tenant: club, Partition: 0, Stored: 3, Quarantined: 1, To: 12},
		{Tenant: shop, Partition: 1, Stored: 7, Quarantined: 1, To: 4},
	}, totals)
	for want, rows := range map[bool][]footfall.LedgerRow{
		true:  {row(shop, 0, 1, 0, 0, 7), row(shop, 0, 1, 0, 0, 3), row(club, 0, 2, 0, 0, 12)},
		false: {row(shop, 0, 1, 0, 0, 8), row(shop, 1, 2, 0, 0, 1), row(club, 0, 1, 0, 0, 1)},
	} {
		for i := range rows {
			counted, err := store.Counted(t.Context(), &rows[i])
			require.NoError(t, err)
			require.Equal(t, want, counted, "%+v", rows[i])
		}
	}
}

func TestNewestSnapshots(t *testing.T) {
	t.Parallel()
	store, _ := setup(t)
	begun := time.Now().Add(-2 * time.Second) // times are of seconds
	for _, s := range []struct {
		partition, fold uint16
		offset          int64
	}{{0, 1, 10}, {0, 2, 30}, {0, 2, 20}, {3, 2, 5}} {
		require.NoError(t, store.WriteSnapshot(t.Context(), 2, s.partition, s.fold, s.offset, bytes.NewReader([]byte("state"))))
	}
	require.NoError(t, store.WriteSnapshot(t.Context(), 1, 0, 2, 99, bytes.NewReader([]byte("state"))))
	all, err := store.NewestSnapshots(t.Context(), 2)
	require.NoError(t, err)
	require.Len(t, all, 2)
	for _, at := range all {
		require.WithinRange(t, at.Saved, begun, time.Now().Add(time.Second))
		require.Equal(t, map[uint16]int64{0: 30, 3: 5}[at.Partition], at.Offset)
	}
}

// TestLedgerComesLast: its rows tell whoever starts that all else is there.
func TestLedgerComesLast(t *testing.T) {
	t.Parallel()
	store, conn := setup(t)
	require.NoError(t, conn.Exec(t.Context(), "DROP TABLE sessions"))
	shop, err := tenant.ParseID("shop")
	require.NoError(t, err)
	row := footfall.LedgerRow{Tenant: shop, Minute: 60_000, Stored: 1, Version: 1 << 16}
	require.Error(t, store.Upsert(t.Context(), &footfall.Upserts{
		Sessions: []footfall.Session{{Tenant: shop, Session: 1, Version: 1}}, Ledger: []footfall.LedgerRow{row},
	}))
	counted, err := store.Counted(t.Context(), &row)
	require.NoError(t, err)
	require.False(t, counted)
}
