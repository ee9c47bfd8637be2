package clickhouse_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/store/clickhouse"
	"github.com/footfall-go/footfall/tenant"
)

func tenantID(tb testing.TB, text string) tenant.ID {
	tb.Helper()
	id, err := tenant.ParseID(text)
	require.NoError(tb, err)
	return id
}

func TestQuarantineIsRead(t *testing.T) {
	t.Parallel()
	store, _ := setup(t)
	shop, club := tenantID(t, "shop"), tenantID(t, "club")
	row := func(id tenant.ID, partition uint16, offset int64, index uint32, reason string) footfall.Rejected {
		p := footfall.Position{Epoch: 1, Partition: partition, Offset: offset, Index: index}
		return footfall.Rejected{
			Tenant: id, Position: p, Time: 1_700_000_000_123, Reason: reason, Payload: fmt.Sprintf(`{"messageId":"m'%d-%d"}`, offset, index),
		}
	}
	rows := []footfall.Rejected{
		row(shop, 0, 5, 0, "over the plan"), row(shop, 0, 5, 1, "over the plan"), row(shop, 0, 7, 0, "Code: 469. it's bad"),
		row(shop, 1, 2, 0, "over the plan"), row(shop, 1, 9, 3, "over the plan"),
	}
	replayed := rows[1]
	replayed.Reason, replayed.Payload, replayed.Version = "replayed as 1/0/9/0", "", footfall.Version(1, 9)
	all := append([]footfall.Rejected{row(club, 0, 5, 0, "over the plan")}, rows...)
	require.NoError(t, store.Upsert(t.Context(), &footfall.Upserts{Rejected: append(all, replayed)}))
	rows[1] = replayed
	require.NoError(t, store.Upsert(t.Context(), &footfall.Upserts{Rejected: all}), "as after a crash")

	for name, test := range map[string]struct {
		ask  clickhouse.Quarantine
		want []footfall.Rejected
	}{
		"all":            {clickhouse.Quarantine{}, rows},
		"a page":         {clickhouse.Quarantine{Limit: 2}, rows[:2]},
		"the next":       {clickhouse.Quarantine{Limit: 2, After: &rows[1].Position}, rows[2:4]},
		"waiting":        {clickhouse.Quarantine{Waiting: true, Limit: 2}, []footfall.Rejected{rows[0], rows[2]}},
		"by reason":      {clickhouse.Quarantine{Reason: "it's"}, rows[2:3]},
		"by message":     {clickhouse.Quarantine{MessageID: "m'9-3"}, rows[4:]},
		"by place":       {clickhouse.Quarantine{At: []footfall.Position{rows[0].Position, rows[3].Position}}, []footfall.Rejected{rows[0], rows[3]}},
		"at no place":    {clickhouse.Quarantine{At: []footfall.Position{}}, nil},
		"before":         {clickhouse.Quarantine{Epoch: 1, Before: map[uint16]int64{0: 7, 1: 9}}, []footfall.Rejected{rows[0], rows[1], rows[3]}},
		"earlier epochs": {clickhouse.Quarantine{Epoch: 2, Before: map[uint16]int64{}}, rows},
		"no such":        {clickhouse.Quarantine{Reason: "' OR 1=1 --"}, nil},
	} {
		test.ask.Tenant = shop
		got, err := store.Quarantined(t.Context(), test.ask)
		require.NoError(t, err, name)
		require.Equal(t, test.want, got, name)
	}
	n, waiting, err := store.CountQuarantined(t.Context(), clickhouse.Quarantine{Tenant: shop})
	require.NoError(t, err)
	require.Equal(t, [2]uint64{5, 4}, [2]uint64{n, waiting})
	n, waiting, err = store.CountQuarantined(t.Context(), clickhouse.Quarantine{Tenant: club, Reason: "plan"})
	require.NoError(t, err)
	require.Equal(t, [2]uint64{1, 1}, [2]uint64{n, waiting})
}

func TestTrace(t *testing.T) {
	t.Parallel()
	store, _ := setup(t)
	b := claim(t, 0, 100)
	require.NoError(t, store.Insert(t.Context(), b, 0))
	ev := &b.Events[42]
	found, err := store.Trace(t.Context(), ev.Tenant, ev.MessageID)
	require.NoError(t, err)
	require.Equal(t, []clickhouse.Traced{{Position: ev.Position, Name: ev.Name, Time: ev.Time, Received: ev.Received, Session: ev.Session}}, found)
	for _, other := range []struct {
		id      tenant.ID
		message string
	}{{tenantID(t, "nobody"), ev.MessageID}, {ev.Tenant, "never"}, {ev.Tenant, "' OR '1'='1"}} {
		found, err = store.Trace(t.Context(), other.id, other.message)
		require.NoError(t, err)
		require.Empty(t, found)
	}
}
