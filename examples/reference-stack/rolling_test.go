package referencestack

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRollingRestart restarts every process of a deployment under load, one after
// the other. Who sends and asks through a balancer gets an answer to each
// request, at worst a 503 that says when to come back, and nothing is lost.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	d := deploy(t, 4, "--notice", "1s")
	ingests := []*server{d.start(t, "ingest"), d.start(t, "ingest")}
	queries := []*server{d.start(t, "query"), d.start(t, "query")}
	processors := []*server{d.start(t, "process"), d.start(t, "process")}
	door, answers := balance(t, ingests...), balance(t, queries...)

	ctx, stop := context.WithCancel(t.Context())
	var busy sync.WaitGroup
	var sent, asked, told atomic.Int64
	for n := range 4 {
		busy.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				body := batchOf(ids(fmt.Sprintf("%d-%d", n, i), 20)...)
				if insist(ctx, t, http.MethodPost, door.URL+"/v1/batch", writeKey, body, &told) {
					sent.Add(20)
				}
				pause(ctx, 10*time.Millisecond)
			}
		})
	}
	busy.Go(func() {
		for ctx.Err() == nil {
			if insist(ctx, t, http.MethodPost, answers.URL+"/api/v1/query", readKey, `{"kind":"trend","range":{"last":"30d"},"series":[{"event":"*"}]}`, &told) {
				asked.Add(1)
			}
			pause(ctx, 50*time.Millisecond)
		}
	})
	progress := func(n *atomic.Int64, least int64) {
		t.Helper()
		before := n.Load()
		require.Eventually(t, func() bool { return n.Load() >= before+least || t.Failed() }, patience, 10*time.Millisecond)
	}
	progress(&sent, 200)
	for _, all := range []struct {
		role    string
		servers []*server
		behind  *balancer
		counts  *atomic.Int64
		least   int64
	}{{"process", processors, nil, &sent, 200}, {"ingest", ingests, door, &sent, 200}, {"query", queries, answers, &asked, 5}} {
		for i, s := range all.servers {
			s.stop(t)
			if all.behind != nil {
				all.behind.drop(s)
			}
			progress(all.counts, all.least) // without it
			all.servers[i] = d.start(t, all.role)
			if all.behind != nil {
				all.behind.add(t, all.servers[i])
			}
			progress(all.counts, all.least)
		}
	}
	stop()
	busy.Wait()
	require.Empty(t, door.failures())
	require.Empty(t, answers.failures())
	st := queries[0].settled(t)
	require.Equal(t, sent.Load(), st.Ledger["shop"].Stored)
	require.Equal(t, sent.Load(), queries[1].count(t, "events"))
	require.Positive(t, asked.Load())
	t.Logf("%d events and %d questions, %d times asked to come back", sent.Load(), asked.Load(), told.Load())
}

// insist sends a request until it is answered with 200, as long as it is told to
// come back later; everything else fails the test. It is false if ctx ended.
func insist(ctx context.Context, t *testing.T, method, url, key, body string, told *atomic.Int64) bool {
	for {
		// What is under way when the test has enough still finishes.
		req, err := http.NewRequestWithContext(context.WithoutCancel(ctx), method, url, strings.NewReader(body))
		if !assert.NoError(t, err) {
			return false
		}
		if req.Header.Set("Content-Type", "application/json"); strings.HasPrefix(key, "wk_") {
			req.SetBasicAuth(key, "")
		} else {
			req.Header.Set("Authorization", "Bearer "+key)
		}
		resp, err := http.DefaultClient.Do(req)
		if !assert.NoError(t, err) {
			return false
		}
		text, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if !assert.NoError(t, err) {
			return false
		}
		if resp.StatusCode == http.StatusOK {
			return true
		}
		if !assert.Equal(t, http.StatusServiceUnavailable, resp.StatusCode, "%s", text) || !assert.NotEmpty(t, resp.Header.Get("Retry-After")) {
			return false
		}
		told.Add(1)
		pause(ctx, 100*time.Millisecond)
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
