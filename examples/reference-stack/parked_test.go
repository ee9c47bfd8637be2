package referencestack

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/ingest"
	"github.com/footfall-go/footfall/internal/testenv"
	"github.com/footfall-go/footfall/store/chdb"
	"github.com/footfall-go/footfall/store/clickhouse"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/local"
	"github.com/footfall-go/footfall/tenant"
)

// TestParkedUntilPaid has a host's plan park what an unpaid tenant sends, and
// replays it when the bill is paid: door, log, processor and engine.
func TestParkedUntilPaid(t *testing.T) {
	t.Parallel()
	records, err := local.Open(local.Config{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, records.Close()) })
	// Not the engine that tests of a process share: others here look into stores.
	engineTurn.Lock()
	t.Cleanup(engineTurn.Unlock)
	engine, err := chdb.Open(t.Context(), chdb.Config{Dir: t.TempDir()})
	if err != nil {
		testenv.Missing(t, err.Error())
	}
	t.Cleanup(func() { require.NoError(t, engine.Close()) })
	store, err := clickhouse.New(clickhouse.Config{Transport: engine.Transport(), Database: "footfall"})
	require.NoError(t, err)
	require.NoError(t, store.Migrate(t.Context()))
	id, err := tenant.ParseID("shop")
	require.NoError(t, err)
	keys, err := tenant.NewKeys(tenant.Registration{Tenant: tenant.Tenant{ID: id}, WriteKeys: []string{writeKey}, ReadKeys: []string{readKey}})
	require.NoError(t, err)
	paid := false // asked on this goroutine only
	door, err := ingest.New(ingest.Config{
		Log: records, Auth: keys,
		Plan: func(context.Context, *tenant.Tenant, int) ingest.Decision {
			if paid {
				return ingest.Decision{}
			}
			return ingest.Decision{Action: ingest.Park, Reason: "the bill of May is not paid"}
		},
	})
	require.NoError(t, err)
	runner, err := stream.New(stream.Config{Log: records, Store: store})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- runner.Run(ctx) }()

	send := func(ids ...string) {
		var items []string
		for _, id := range ids {
			items = append(items, `{"type":"page","messageId":"`+id+`","anonymousId":"a","userId":"u","timestamp":"2024-05-01T10:00:00Z"}`)
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/batch", strings.NewReader(`{"batch":[`+strings.Join(items, ",")+`]}`))
		r.SetBasicAuth(writeKey, "")
		w := httptest.NewRecorder()
		door.ServeHTTP(w, r)
		require.Equal(t, http.StatusOK, w.Code, w.Body)
	}
	settled := func() (stream.Ledger, int64) {
		var s stream.Status
		require.Eventually(t, func() bool {
			s, err = runner.Status(t.Context())
			return err == nil && s.Lag.Events == 0
		}, patience, 10*time.Millisecond)
		return s.Ledger["shop"], s.Partitions[0].Written
	}

	send("m1", "m2", "m3")
	send("m2") // a retransmission
	ledger, seen := settled()
	require.Equal(t, stream.Ledger{Accepted: 4, Duplicate: 1, Quarantined: 3}, ledger)
	rows, err := store.Quarantined(t.Context(), clickhouse.Quarantine{Tenant: id, Waiting: true, Reason: "bill of May"})
	require.NoError(t, err)
	require.Len(t, rows, 3)

	paid = true
	send("m3", "m4") // a late one, and a new one
	for range 2 {    // twice: the second has read the same rows
		_, err = door.NewReplay(keys.Tenant(id), func(uint16) int64 { return seen }).Append(t.Context(), rows)
		require.NoError(t, err)
	}
	ledger, _ = settled()
	require.Equal(t, stream.Ledger{Accepted: 12, Stored: 4, Duplicate: 5, Quarantined: 3}, ledger)
	for _, message := range []string{"m1", "m2", "m3", "m4"} {
		found, err := store.Trace(t.Context(), id, message)
		require.NoError(t, err)
		require.Len(t, found, 1, message)
		require.NotZero(t, found[0].Session)
	}
	all, waiting, err := store.CountQuarantined(t.Context(), clickhouse.Quarantine{Tenant: id})
	require.NoError(t, err)
	require.Equal(t, [2]uint64{3, 0}, [2]uint64{all, waiting})
	stats, err := store.Stats(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 4, stats.Rows["events"])
	require.EqualValues(t, 1, stats.Rows["sessions"])
	stop()
	require.NoError(t, <-done)
}
