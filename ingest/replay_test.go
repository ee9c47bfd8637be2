package ingest

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

func TestReplayAppendsRows(t *testing.T) {
	t.Parallel()
	gone := &banned{tenant: shop(t), ids: map[footfall.ID]struct{}{schema.UserID(shop(t), "gone"): {}}}
	b := setup(t, func(c *Config, _ *tenant.Registration) { c.Bans, c.Partitions = gone, 3 })
	rows := []footfall.Rejected{
		{Payload: `{"type":"track","event":"A","messageId":"m1","anonymousId":"a","timestamp":"2024-01-01T00:00:00Z","receivedAt":"2024-01-01T00:00:01Z"}`},
		{Payload: `{"type":"page","event":"$page","messageId":"m2","userId":"u","timestamp":"2024-01-01T00:00:00Z","folded":true,"session":"77"}`},
		{Payload: `{"type":"track","event":"A","messageId":"m3","userId":"gone","timestamp":"2024-01-01T00:00:00Z"}`},
		{Payload: ""},
		{Payload: "no JSON"},
	}
	for i := range rows {
		rows[i].Tenant, rows[i].Position = shop(t), footfall.Position{Partition: 2, Offset: 100, Index: uint32(i)}
	}
	replay := b.NewReplay(b.keys.Tenant(shop(t)), func(partition uint16) int64 { return int64(partition) + 500 })
	n, err := replay.Append(t.Context(), rows)
	require.NoError(t, err)
	require.Equal(t, Replayed{Appended: 2, Erased: 1, Unreadable: 2}, n)
	jobs := map[uint64]bool{}
	read := func() (ids []string) {
		for i := range b.log.records {
			rec := &b.log.records[i]
			h, err := record.ParseHeader(rec)
			require.NoError(t, err)
			require.Equal(t, int64(rec.Partition)+500, h.Basis.Seen)
			jobs[h.Basis.Job] = true
			events, returns, err := record.AppendReplay(nil, nil, rec, &h)
			require.NoError(t, err)
			for j, ev := range events {
				ids = append(ids, ev.MessageID)
				if ev.MessageID == "m2" {
					require.Equal(t, record.Return{Origin: rows[1].Position, Folded: true, Session: 77}, returns[j])
					require.EqualValues(t, 77, ev.Session)
				} else {
					require.Equal(t, record.Return{Origin: rows[0].Position}, returns[j])
					require.Equal(t, "2024-01-01T00:00:01Z", ev.Received.Time().Format("2006-01-02T15:04:05Z07:00"))
				}
			}
		}
		return ids
	}
	require.ElementsMatch(t, []string{"m1", "m2"}, read())
	_, err = replay.Append(t.Context(), rows[:1])
	require.NoError(t, err)
	require.Len(t, jobs, 1)
	_, err = b.NewReplay(b.keys.Tenant(shop(t)), func(p uint16) int64 { return int64(p) + 500 }).Append(t.Context(), rows[:1])
	require.NoError(t, err)
	require.Len(t, read(), 4)
	require.Len(t, jobs, 2)

	// Where it is not known what got into the log, nothing may follow.
	b.log.fail(errors.New("timed out"))
	_, err = replay.Append(t.Context(), rows)
	require.ErrorContains(t, err, "timed out")
	b.log.fail(nil)
	_, err = replay.Append(t.Context(), rows)
	require.ErrorContains(t, err, "has ended")
	require.Len(t, read(), 4)

	rows[0].Tenant, err = tenant.ParseID("club")
	require.NoError(t, err)
	_, err = b.NewReplay(b.keys.Tenant(shop(t)), nil).Append(t.Context(), rows)
	require.ErrorContains(t, err, "tenant club in a replay of shop")

	gone.all = true
	_, err = b.NewReplay(b.keys.Tenant(shop(t)), nil).Append(t.Context(), rows)
	require.True(t, footfall.IsPermanent(err), "of a tenant that was dropped nothing comes back")
}
