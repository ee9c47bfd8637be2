package ingest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/tenant"
)

// twoTenants is a door for two tenants, a and b, in front of a log.
func twoTenants(tb testing.TB, log Log) *Handler {
	tb.Helper()
	regs := make([]tenant.Registration, 2)
	for i, name := range []string{"a", "b"} {
		id, err := tenant.ParseID(name)
		require.NoError(tb, err)
		regs[i] = tenant.Registration{Tenant: tenant.Tenant{ID: id}, WriteKeys: []string{"wk_" + name}}
	}
	keys, err := tenant.NewKeys(regs...)
	require.NoError(tb, err)
	h, err := New(Config{Log: log, Auth: keys, MaxInFlight: leastInFlight})
	require.NoError(tb, err)
	return h
}

// send sends a body, with the key in the header unless it is empty.
func send(ctx context.Context, h *Handler, key string, body io.Reader, size int) int {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/v1/batch", body)
	r.ContentLength = int64(size)
	if key != "" {
		r.SetBasicAuth(key, "")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code == http.StatusServiceUnavailable && w.Header().Get("Retry-After") == "" {
		return 0
	}
	return w.Code
}

// large is a batch of about 400 KB, with a key in it if it is not empty.
func large(key string) string {
	one := `{"type":"track","event":"A","userId":"u","properties":{"x":"` + strings.Repeat("x", 20_000) + `"}}`
	return `{"writeKey":"` + key + `","batch":[` + strings.Repeat(one+",", 19) + one + `]}`
}

// emptyBudget checks that nothing is charged to anybody.
func emptyBudget(t *testing.T, h *Handler) {
	t.Helper()
	require.EqualValues(t, leastInFlight, h.budget.free)
	require.Empty(t, h.budget.tenants)
	require.Empty(t, h.budget.requests)
}

// TestFloodKeepsToItsShare lets a log stand still while one tenant floods the
// door: it is turned away at its share, and the other one still gets in.
func TestFloodKeepsToItsShare(t *testing.T) {
	t.Parallel()
	for _, inBody := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			release := make(chan struct{})
			h := twoTenants(t, logFunc(func(context.Context, []footfall.Record) error {
				<-release
				return nil
			}))
			flood, header := large(""), "wk_a"
			if inBody {
				flood, header = large("wk_a"), ""
			}
			codes := make([]int, 60)
			var wg sync.WaitGroup
			for i := range codes {
				wg.Go(func() { codes[i] = send(t.Context(), h, header, strings.NewReader(flood), len(flood)) })
			}
			synctest.Wait()
			count := func(code int) (n int) {
				for _, c := range codes {
					if c == code {
						n++
					}
				}
				return n
			}
			waiting := count(0)
			require.Equal(t, len(codes)-waiting, count(http.StatusServiceUnavailable))
			require.Greater(t, waiting, 10)
			require.LessOrEqual(t, waiting*len(flood)*2, leastInFlight/shares)

			var ok atomic.Int64
			for range 10 {
				wg.Go(func() {
					if send(t.Context(), h, "wk_b", strings.NewReader(batchOf(10)), len(batchOf(10))) == http.StatusOK {
						ok.Add(1)
					}
				})
				synctest.Wait()
			}
			close(release)
			wg.Wait()
			require.EqualValues(t, 10, ok.Load(), "the other tenant")
			require.Equal(t, waiting, count(http.StatusOK))
			a, err := tenant.ParseID("a")
			require.NoError(t, err)
			counts := h.Counts()
			require.Len(t, counts, 1)
			require.EqualValues(t, len(codes)-waiting, counts[a].Crowded)
			require.Zero(t, counts[a].Refused+counts[a].Limited+counts[a].Dropped)
			emptyBudget(t, h)
		})
	}
}

// TestAnnouncedIsNotHeld opens many requests that announce a large body and
// send next to nothing: they are not in the way of one that comes.
func TestAnnouncedIsNotHeld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := twoTenants(t, logFunc(func(context.Context, []footfall.Record) error { return nil }))
		var pipes []*io.PipeWriter
		var wg sync.WaitGroup
		for range 500 {
			r, w := io.Pipe()
			pipes = append(pipes, w)
			wg.Go(func() { send(t.Context(), h, "wk_a", r, maxBody) })
			wg.Go(func() { _, _ = w.Write([]byte(`{"batch":[`)) })
		}
		synctest.Wait()
		require.LessOrEqual(t, leastInFlight-h.budget.free, int64(500*(baseCharge+firstStep)))
		require.Equal(t, http.StatusOK, send(t.Context(), h, "wk_a", strings.NewReader(large("")), -1), "of the same tenant")
		for _, w := range pipes {
			require.NoError(t, w.Close())
		}
		wg.Wait()
		emptyBudget(t, h)
	})
}

// TestSenderGoesAway: what it sent is charged to it until the log has done with
// it, or leaving would be the way around the budget.
func TestSenderGoesAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		h := twoTenants(t, logFunc(func(ctx context.Context, _ []footfall.Record) error {
			<-release
			return ctx.Err()
		}))
		ctx, leave := context.WithCancel(t.Context())
		code := 0
		go func() { code = send(ctx, h, "wk_a", strings.NewReader(large("")), -1) }()
		synctest.Wait()
		leave()
		synctest.Wait()
		require.Less(t, h.budget.free, int64(leastInFlight-2*400_000))
		close(release)
		synctest.Wait()
		require.Equal(t, http.StatusOK, code, "and the log has it")
		emptyBudget(t, h)
	})
}

// TestEveryAnswerGivesBack ends requests in all ways there are.
func TestEveryAnswerGivesBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	free := b.budget.free
	for _, body := range []string{"", "{", batchOf(1), batchOf(2501), `{"batch":7}`, strings.Repeat(" ", maxBody+1), large("wk_other"), large(writeKey)} {
		for _, key := range []string{"", writeKey, "wk_other", readKey} {
			for _, path := range []string{"/v1/batch", "/v1/track", "/v1/unlink", "/e/", "/v1/import?tenant=shop"} {
				for _, encoding := range []string{"", "gzip"} {
					for _, packed := range []string{body, gzipped(t, body)} {
						b.do(http.MethodPost, path, packed, "Authorization", "Bearer "+key, "Content-Encoding", encoding)
						require.Equal(t, free, b.budget.free, "%.40s %s %s", body, path, encoding)
					}
				}
			}
		}
	}
	require.Empty(t, b.budget.tenants)
}

// TestSlowBody stands behind a server that has no patience of its own.
func TestSlowBody(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Config, _ *tenant.Registration) { c.BodyTimeout = 50 * time.Millisecond })
	server := httptest.NewServer(b)
	defer server.Close()
	for key, want := range map[string]string{writeKey: "408 Request Timeout", "wk_other": "401 Unauthorized"} {
		var dialer net.Dialer
		conn, err := dialer.DialContext(t.Context(), "tcp", server.Listener.Addr().String())
		require.NoError(t, err)
		_, err = fmt.Fprintf(conn, "POST /v1/track HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 100\r\n\r\n{", key)
		require.NoError(t, err)
		answer, err := io.ReadAll(conn) // to the end of the connection
		require.NoError(t, err)
		require.Contains(t, string(answer), want)
		require.NoError(t, conn.Close())
	}
	// What is in time ends the hurry.
	for range 2 {
		require.Equal(t, http.StatusOK, answerOf(t, server.URL))
	}
}

// pipes is a listener whose connections are in memory, so that the clock of
// what goes over them is the bubble's.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	conn, open := <-p
	if !open {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (p pipes) Close() error   { close(p); return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{} }

// begin sends a request of 400,000 bytes but for its end, and answers with the
// status line, once that comes.
func (p pipes) begin() <-chan string {
	near, far := net.Pipe()
	p <- far
	go func() {
		_, _ = fmt.Fprintf(near, "POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\n\r\n%s", strings.Repeat(" ", 300_000))
	}()
	status := make(chan string, 1)
	go func() {
		answer := bufio.NewReader(near)
		line, _ := answer.ReadString('\n')
		status <- strings.TrimSpace(line)
		_, _ = io.Copy(io.Discard, answer)
	}()
	return status
}

// TestSlowSendersMakeRoom fills the share of those without a key in the header
// with bodies that stop in the middle: a while later one that does not stop
// gets in, and the slow ones are told to come back.
func TestSlowSendersMakeRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := twoTenants(t, logFunc(func(context.Context, []footfall.Record) error { return nil }))
		listener := make(pipes)
		server := http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
		served := make(chan error, 1)
		go func() { served <- server.Serve(listener) }()

		const tryLater = "HTTP/1.1 503 Service Unavailable"
		var slow []<-chan string
		for len(slow) < 100 {
			status := listener.begin()
			synctest.Wait()
			if len(status) > 0 { // there is no room for it
				require.Equal(t, tryLater, <-status)
				break
			}
			slow = append(slow, status)
		}
		// A buffer has grown to the whole body by now, or nearly so.
		require.InDelta(t, leastInFlight/shares/400_000, len(slow), 2)
		require.Equal(t, http.StatusServiceUnavailable, send(t.Context(), h, "", strings.NewReader(large("wk_a")), -1), "nobody is slow yet")

		time.Sleep(2 * stalled)
		send(t.Context(), h, "", strings.NewReader(large("wk_a")), -1) // which asks them to go, and may find them gone
		for _, status := range slow {
			require.Equal(t, tryLater, <-status)
		}
		require.Equal(t, http.StatusOK, send(t.Context(), h, "", strings.NewReader(large("wk_a")), -1))
		synctest.Wait()
		emptyBudget(t, h)
		require.NoError(t, server.Close())
		require.ErrorIs(t, <-served, http.ErrServerClosed)
	})
}

func answerOf(t *testing.T, url string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/track", strings.NewReader(event))
	require.NoError(t, err)
	r.SetBasicAuth(writeKey, "")
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode
}

func TestMaxInFlight(t *testing.T) {
	t.Parallel()
	_, err := New(Config{MaxInFlight: leastInFlight - 1})
	require.ErrorContains(t, err, "Config.MaxInFlight is under 64 MiB")
}
