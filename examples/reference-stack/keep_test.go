package referencestack

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/keep"
	"github.com/footfall-go/footfall/store/chdb"
	"github.com/footfall-go/footfall/store/chdb/chdbtest"
)

// ask makes a request and returns what was answered, whatever it is.
func (s *server) ask(tb testing.TB, method, path, key, body string) (status int, text string) {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), method, s.url+path, strings.NewReader(body))
	require.NoError(tb, err)
	if strings.HasPrefix(key, "wk_") {
		req.SetBasicAuth(key, "")
	} else {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(tb, err)
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(tb, err)
	return resp.StatusCode, string(answer)
}

// command runs a command against the server that prints a receipt.
func (s *server) command(tb testing.TB, args ...string) keep.Receipt {
	tb.Helper()
	status, stdout, stderr := run(tb, append(args, "--data", s.dir)...)
	require.Zero(tb, status, stderr)
	var receipt keep.Receipt
	require.NoError(tb, json.Unmarshal([]byte(stdout), &receipt), stdout)
	return receipt
}

// requireErased checks the counts of a receipt.
func requireErased(tb testing.TB, r *keep.Receipt, before map[string]uint64) {
	tb.Helper()
	require.Equal(tb, keep.Done, r.State)
	for table, n := range before {
		require.Equal(tb, n, r.Before[table], table)
	}
	require.NotEmpty(tb, r.After)
	for table, n := range r.After {
		require.Zero(tb, n, table)
	}
	require.Empty(tb, r.Log.Remains)
	require.False(tb, r.Log.Forgotten.IsZero())
}

// TestErasePerson erases a person with two devices, one of them shared, by the
// name of a device. Nothing of the person is left, all of the other is, and it
// stays so when the server is killed and the person's events are sent again.
func TestErasePerson(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := up(t, dir)
	var url atomic.Pointer[string]
	url.Store(&s.url)
	client := newSender(&url)
	day := time.Date(2024, 3, 1, 12, 0, 0, 0, time.UTC)
	n := 0
	at := func(m message) message {
		n++
		m.MessageID, m.Timestamp = fmt.Sprint("m", n), day.Add(time.Duration(n)*time.Minute)
		return m
	}
	adas := []message{
		at(message{Type: "track", Event: "Viewed", AnonymousID: "phone"}), // before she signs in
		at(message{Type: "identify", AnonymousID: "phone", UserID: "ada", Traits: map[string]any{"email": "ada@example.com"}}),
		at(message{Type: "track", Event: "Ordered", AnonymousID: "phone", UserID: "ada"}),
		at(message{Type: "track", Event: "Ordered", AnonymousID: "laptop", UserID: "ada"}),
		at(message{Type: "track", Event: "Viewed", AnonymousID: "laptop"}), // signed out
		at(message{Type: "track", Event: "Billed", UserID: "ada"}),         // by a server
	}
	bobs := []message{
		at(message{Type: "track", Event: "Ordered", AnonymousID: "phone", UserID: "bob"}), // on her phone
		at(message{Type: "track", Event: "Viewed", AnonymousID: "tablet"}),
	}
	accepted, err := client.send(t.Context(), append(adas, bobs...))
	require.NoError(t, err)
	require.Equal(t, 8, accepted)
	s.settled(t)
	require.EqualValues(t, 3, s.count(t, "persons"))

	receipt := s.command(t, "erase", "--tenant", "shop", "--person", "visitor:laptop")
	requireErased(t, &receipt, map[string]uint64{"events": 6, "identities": 3, "visitors": 3, "traits": 1})
	require.Len(t, receipt.IDs, 3)
	check := func() {
		t.Helper()
		require.Equal(t, keep.Person, receipt.Scope)
		var ids []string
		for _, e := range s.events(t) {
			ids = append(ids, e.ID)
		}
		require.ElementsMatch(t, []string{"m7", "m8"}, ids)
		require.EqualValues(t, 2, s.count(t, "persons"))
		for _, m := range adas {
			body, err := json.Marshal(m)
			require.NoError(t, err)
			status, text := s.ask(t, http.MethodPost, "/v1/"+m.Type, writeKey, string(body))
			require.Equal(t, http.StatusBadRequest, status, text)
			require.Contains(t, text, `"code":"illegal_id"`)
		}
		body, err := json.Marshal(bobs[0])
		require.NoError(t, err)
		status, text := s.ask(t, http.MethodPost, "/v1/track", writeKey, string(body))
		require.Equal(t, http.StatusOK, status, text)
	}
	check()
	s.kill(t)
	s = up(t, dir)
	url.Store(&s.url)
	s.settled(t)
	check()

	// An operator sees the request, and no text of hers; then it is lifted.
	path := "/api/v1/erasures/" + receipt.Name
	status, text := s.ask(t, http.MethodGet, "/api/v1/erasures?tenant=shop", s.admin, "")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, text, receipt.Name)
	require.NotContains(t, text, "ada")
	require.NotContains(t, text, "laptop")
	status, _ = s.ask(t, http.MethodGet, path, readKey, "")
	require.Equal(t, http.StatusForbidden, status)
	status, text = s.ask(t, http.MethodPost, "/api/v1/maintain", s.admin, "")
	require.Equal(t, http.StatusOK, status, text)
	require.Contains(t, text, "events")
	var purged keep.Receipt
	s.call(t, http.MethodGet, path, s.admin, nil, &purged)
	require.False(t, purged.Purged.IsZero())
	status, _ = s.ask(t, http.MethodDelete, path, s.admin, "")
	require.Equal(t, http.StatusNoContent, status)
	status, _ = s.ask(t, http.MethodGet, path, s.admin, "")
	require.Equal(t, http.StatusNotFound, status)
	accepted, err = client.send(t.Context(), []message{at(message{Type: "track", Event: "Ordered", AnonymousID: "laptop", UserID: "ada"})})
	require.NoError(t, err)
	require.Equal(t, 1, accepted)
	s.settled(t)
	require.EqualValues(t, 3, s.count(t, "persons"))
	s.stop(t)
}

// engineTurn is held by whoever looks into a store: a process has one engine.
var engineTurn sync.Mutex

// look opens the store of a server that is stopped.
func look(tb testing.TB, config chdb.Config) (conn driver.Conn, done func()) {
	tb.Helper()
	engineTurn.Lock()
	engine, err := chdb.Open(tb.Context(), config)
	if err != nil {
		engineTurn.Unlock()
	}
	require.NoError(tb, err)
	conn, err = ch.Open(chdbtest.Options(engine, "footfall"))
	require.NoError(tb, err)
	return conn, func() {
		defer engineTurn.Unlock()
		require.NoError(tb, conn.Close())
		require.NoError(tb, engine.Close())
	}
}

// digest is the rows of all tenants but one, table by table: how many, and a sum
// over all that they hold, which does not depend on their order.
func (s *server) digest(tb testing.TB, without string) map[string]string {
	tb.Helper()
	conn, done := look(tb, chdb.Config{Dir: filepath.Join(s.dir, "store")})
	defer done()
	digests := map[string]string{}
	for _, table := range []string{"events", "sessions", "identities", "visitors", "traits", "rejected", "ledger", "definitions", "members", "erasures"} {
		var mine, n, sum uint64
		require.NoError(tb, conn.QueryRow(tb.Context(), "SELECT countIf(tenant = ?), countIf(tenant != ?), sumIf(cityHash64(*), tenant != ?) FROM "+table, without, without, without).Scan(&mine, &n, &sum), table)
		digests[table] = fmt.Sprint(n, "/", sum)
		digests["own "+table] = fmt.Sprint(mine)
	}
	return digests
}

const dropConfig = `
tenants:
  - {id: shop, write_keys: [wk_shop], read_keys: [rk_shop], silo: SILO}
  - {id: shop-2, write_keys: [wk_shop2], read_keys: [rk_shop2], silo: SILO}
  - {id: club, write_keys: [wk_club], read_keys: [rk_club]}
`

// TestDropTenant drops a tenant while the server is killed again and again, and
// compares every row of the others with what it was.
func TestDropTenant(t *testing.T) {
	t.Parallel()
	for _, silo := range []string{"pooled", "dedicated"} {
		t.Run(silo, func(t *testing.T) {
			dir, config := t.TempDir(), filepath.Join(t.TempDir(), "footfall.yaml")
			require.NoError(t, os.WriteFile(config, []byte(strings.ReplaceAll(dropConfig, "SILO", silo)), 0o600))
			start := func() *server {
				s := launch(t, dir, "up", "--listen", "127.0.0.1:0", "--data", dir, "--config", config)
				s.waitReady(t)
				return s
			}
			s := start()
			var lines strings.Builder
			for i := range 300 {
				fmt.Fprintf(&lines, `{"type":"track","messageId":"%d","event":"E%d","anonymousId":"v%d","userId":"u%d","timestamp":"2024-%02d-10T10:00:00Z"}`+"\n", i, i%3, i%50, i%50, 1+i%12)
				fmt.Fprintf(&lines, `{"type":"identify","messageId":"i%d","userId":"u%d","traits":{"n":%d},"timestamp":"2024-01-10T10:00:00Z"}`+"\n", i, i%50, i)
			}
			for _, id := range []string{"shop", "shop-2", "club"} {
				status, text := s.ask(t, http.MethodPost, "/v1/import?tenant="+id+"&name=history&position=600", s.admin, lines.String())
				require.Equal(t, http.StatusOK, status, text)
			}
			s.settled(t)
			s.stop(t)
			before := s.digest(t, "shop")
			require.Equal(t, "600", before["own events"])

			s = start()
			status, text := s.ask(t, http.MethodDelete, "/api/v1/tenants/shop", s.admin, "")
			require.Equal(t, http.StatusAccepted, status, text)
			var receipt keep.Receipt
			require.NoError(t, json.Unmarshal([]byte(text), &receipt))
			chance := rand.New(rand.NewPCG(3, uint64(len(silo))))
			for range 4 {
				<-time.After(time.Duration(chance.IntN(600)) * time.Millisecond)
				s.kill(t)
				s = start()
				status, text := s.ask(t, http.MethodPost, "/v1/track", writeKey, `{"event":"E","userId":"u1"}`)
				require.Equal(t, http.StatusForbidden, status, text)
			}
			require.Eventually(t, func() bool {
				s.call(t, http.MethodGet, "/api/v1/erasures/"+receipt.Name, s.admin, nil, &receipt)
				return receipt.State == keep.Done
			}, patience, 50*time.Millisecond, "%+v", receipt)
			requireErased(t, &receipt, map[string]uint64{"events": 600})
			require.Positive(t, receipt.Before["ledger"])
			require.Positive(t, receipt.Before["traits"])
			var position struct{ Position int64 }
			s.call(t, http.MethodGet, "/v1/import?tenant=club&name=history", s.admin, nil, &position)
			require.EqualValues(t, 600, position.Position)
			status, text = s.ask(t, http.MethodGet, "/v1/import?tenant=shop&name=history", s.admin, "")
			require.Equal(t, http.StatusForbidden, status, text)
			require.Zero(t, s.count(t, "events"))
			counts := s.settled(t).Ledger
			require.NotContains(t, counts, "shop", "nothing is left to be accounted for")
			require.EqualValues(t, 600, counts["club"].Stored)
			s.kill(t) // and nothing comes back by a replay
			s = start()
			require.Equal(t, counts, s.settled(t).Ledger)
			s.stop(t)
			after := s.digest(t, "shop")
			for table, digest := range after {
				switch table {
				case "own erasures", "own definitions": // the request itself, which stands
					require.NotEqual(t, "0", digest, table)
				case "own rejected":
				default:
					if strings.HasPrefix(table, "own ") {
						require.Equal(t, "0", digest, table)
					} else {
						require.Equal(t, before[table], digest, table)
					}
				}
			}

			// When the request is lifted the tenant begins anew.
			s = start()
			status, text = s.ask(t, http.MethodDelete, "/api/v1/erasures/"+receipt.Name, s.admin, "")
			require.Equal(t, http.StatusNoContent, status, text)
			// Ids of messages are remembered for a window, whatever was erased.
			anew := strings.ReplaceAll(lines.String(), `"messageId":"`, `"messageId":"anew-`)
			status, text = s.ask(t, http.MethodPost, "/v1/import?tenant=shop&name=history&position=600", s.admin, anew)
			require.Equal(t, http.StatusOK, status, text)
			require.Equal(t, ledger{Accepted: 600, Stored: 600}, s.settled(t).Ledger["shop"])
			require.EqualValues(t, 300, s.count(t, "events"))
			s.kill(t)
			s = start()
			s.settled(t)
			require.EqualValues(t, 300, s.count(t, "events"))
			s.stop(t)
		})
	}
}
