package referencestack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// upTenants starts a server whose tenants are in a file.
func upTenants(tb testing.TB, tenants string) *server {
	tb.Helper()
	dir := tb.TempDir()
	file := filepath.Join(tb.TempDir(), "footfall.yaml")
	require.NoError(tb, os.WriteFile(file, []byte("tenants:\n"+tenants), 0o600))
	s := launch(tb, dir, "up", "--listen", "127.0.0.1:0", "--data", dir, "--config", file)
	s.waitReady(tb)
	return s
}

// steady is a client that sends batches at a pace, whatever the answers are,
// and none of them twice.
type steady struct {
	key        string
	perRequest int
	every      time.Duration

	accepted, refused atomic.Int64
	unexpected        atomic.Pointer[string]
}

func (c *steady) run(ctx context.Context, url string, until <-chan struct{}) {
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	defer client.CloseIdleConnections()
	tick := time.NewTicker(c.every)
	defer tick.Stop()
	var sending sync.WaitGroup
	defer sending.Wait()
	for n := 0; ; n++ {
		select {
		case <-until:
			return
		case <-tick.C:
		}
		var batch []message
		for i := range c.perRequest {
			batch = append(batch, message{
				Type: "track", Event: "A", AnonymousID: fmt.Sprint("v", n%50), MessageID: fmt.Sprintf("%d-%d", n, i), Timestamp: time.Now(),
			})
		}
		sending.Go(func() {
			if err := c.send(ctx, client, url, batch); err != nil {
				text := err.Error()
				c.unexpected.Store(&text)
			}
		})
	}
}

func (c *steady) send(ctx context.Context, client *http.Client, url string, batch []message) error {
	body, err := json.Marshal(map[string]any{"batch": batch})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/batch", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.SetBasicAuth(c.key, "")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	switch resp.StatusCode {
	case http.StatusOK:
		var answer struct{ Accepted int64 }
		if err := json.Unmarshal(text, &answer); err != nil || answer.Accepted != int64(len(batch)) {
			return fmt.Errorf("%d messages were answered with %s", len(batch), text)
		}
		c.accepted.Add(answer.Accepted)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if wait, err := strconv.Atoi(resp.Header.Get("Retry-After")); err != nil || wait < 1 {
			return fmt.Errorf("%s without a Retry-After: %s", resp.Status, text)
		}
		c.refused.Add(1)
	default:
		return fmt.Errorf("%s: %s", resp.Status, text)
	}
	return nil
}

// TestFlood lets one tenant send twenty times what its limits allow while
// another sends at its own pace: all of that is accepted at the first try, the
// flood is held to its limit, and what was accepted is stored once.
func TestFlood(t *testing.T) {
	t.Parallel()
	const rate, burst = 200, 400
	s := upTenants(t, fmt.Sprintf(`
  - {id: flood, write_keys: [wk_flood], read_keys: [rk_flood], limits: {rate: %d, burst: %d}}
  - {id: calm, write_keys: [wk_calm], read_keys: [rk_calm]}
`, rate, burst))
	flood := &steady{key: "wk_flood", perRequest: 20, every: 5 * time.Millisecond} // 4000 a second
	calm := &steady{key: "wk_calm", perRequest: 5, every: 20 * time.Millisecond}
	until := make(chan struct{})
	start := time.Now()
	var clients sync.WaitGroup
	for _, c := range []*steady{flood, calm} {
		clients.Go(func() { c.run(t.Context(), s.url, until) })
	}
	<-time.After(4 * time.Second)
	close(until)
	clients.Wait()
	took := time.Since(start)
	for _, c := range []*steady{flood, calm} {
		if text := c.unexpected.Load(); text != nil {
			require.Fail(t, *text)
		}
	}
	require.Zero(t, calm.refused.Load(), "the accept ratio of who does not flood")
	require.Greater(t, calm.accepted.Load(), int64(100))
	require.Greater(t, flood.refused.Load(), int64(200))
	require.LessOrEqual(t, float64(flood.accepted.Load()), burst+rate*took.Seconds())
	require.Greater(t, float64(flood.accepted.Load()), burst+0.8*rate*3)

	st := s.settled(t)
	for id, c := range map[string]*steady{"flood": flood, "calm": calm} {
		n := c.accepted.Load()
		require.Equal(t, ledger{Accepted: n, Stored: n}, st.Ledger[id])
	}
	require.Equal(t, flood.accepted.Load()+calm.accepted.Load(), st.Store.Rows["events"])
	require.Equal(t, flood.refused.Load(), st.Door["flood"]["limited"])
	require.Equal(t, flood.refused.Load(), st.Door["flood"]["refused"])
	require.Zero(t, st.Door["calm"]["refused"])
	_, metrics := get(t, s.url+"/metrics")
	require.Regexp(t, fmt.Sprintf(`footfall_ingest_limited\S*\{[^}]*limit="rate"[^}]*\} %d\n`, flood.refused.Load()), metrics)
	t.Logf("in %v: flood %d accepted, %d requests refused; calm %d accepted", took, flood.accepted.Load(), flood.refused.Load(), calm.accepted.Load())
	s.stop(t)
}
