package referencestack

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
)

// memory is a field of the process's memory in the kernel's books, in bytes:
// VmRSS what is resident, VmHWM the most that ever was.
func (s *server) memory(tb testing.TB, field string) int64 {
	tb.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	require.NoError(tb, err)
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, field+":"); ok {
			kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			require.NoError(tb, err)
			return kb << 10
		}
	}
	require.Fail(tb, "the kernel does not tell "+field)
	return 0
}

// peakOf returns by how much what is resident grew at most while fn ran.
func (s *server) peakOf(tb testing.TB, fn func()) int64 {
	tb.Helper()
	before := s.memory(tb, "VmRSS")
	// The most that ever was begins anew.
	require.NoError(tb, os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.cmd.Process.Pid), []byte("5"), 0))
	fn()
	return s.memory(tb, "VmHWM") - before
}

// dial opens a connection to the server.
func (s *server) dial(tb testing.TB) net.Conn {
	tb.Helper()
	var dialer net.Dialer
	conn, err := dialer.DialContext(tb.Context(), "tcp", strings.TrimPrefix(s.url, "http://"))
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = conn.Close() }) // it may be closed
	return conn
}

const megabyte = 1 << 20

// TestMemoryIsBounded attacks the binary in all ways that should take memory,
// and looks at what is resident. Between the attacks little is given back to
// the system, so that all of them together have a bound too.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	s := up(t, t.TempDir())
	first := s.memory(t, "VmRSS")
	for _, attack := range []struct {
		name string
		run  func(testing.TB, *server)
		most int64
	}{
		{"forged keys", forgedKeys, 64 * megabyte},
		{"slow bodies", slowBodies, 256 * megabyte},
		{"bombs", bombs, 256 * megabyte},
		{"shared context", sharedContext, 256 * megabyte},
		{"deep and wide", deepAndWide, 256 * megabyte},
		{"largest requests", largestRequests, 512 * megabyte},
	} {
		start := time.Now()
		grown := s.peakOf(t, func() { attack.run(t, s) })
		t.Logf("%-18s grew by %4d MB at most, is %d MB; %v", attack.name, grown/megabyte, s.memory(t, "VmRSS")/megabyte, time.Since(start))
		require.LessOrEqual(t, grown, attack.most, attack.name)
		require.LessOrEqual(t, s.memory(t, "VmRSS")-first, int64(640*megabyte), attack.name)
	}
	s.stop(t)
}

// forgedKeys sends a million requests with a key of their own each, as fast as
// they go: many at a time on one connection.
func forgedKeys(tb testing.TB, s *server) {
	const keys, connections, perWrite = 1_000_000, 4, 200
	var wg sync.WaitGroup
	for c := range connections {
		conn := s.dial(tb)
		wg.Go(func() {
			var out bytes.Buffer
			for i := 0; i < keys/connections; {
				out.Reset()
				for range perWrite {
					fmt.Fprintf(&out, "POST /v1/t HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer wk_forged_%d_%d\r\nContent-Length: 0\r\n\r\n", c, i)
					i++
				}
				if _, err := conn.Write(out.Bytes()); err != nil {
					tb.Error(err)
					return
				}
			}
		})
		wg.Go(func() {
			in := bufio.NewReaderSize(conn, 64<<10)
			for range keys / connections {
				resp, err := http.ReadResponse(in, nil)
				if err != nil || resp.StatusCode != http.StatusUnauthorized {
					tb.Error(resp, err)
					return
				}
				_, _ = io.Copy(io.Discard, resp.Body)
			}
		})
	}
	wg.Wait()
}

// slowBodies opens connections that announce a large body and stop in the
// middle of it, more than the door has memory for.
func slowBodies(tb testing.TB, s *server) {
	const connections = 3000
	half := bytes.Repeat([]byte("["), 200<<10)
	turnedAway := make(chan struct{}, connections)
	for i := range connections {
		conn := s.dial(tb)
		key := writeKey
		if i%2 == 0 {
			key = "" // in the body, perhaps
		}
		go func() {
			_, err := fmt.Fprintf(conn, "POST /v1/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 400000\r\n\r\n", key)
			if err == nil {
				_, err = conn.Write(half)
			}
			if err != nil {
				return // the server was quicker
			}
		}()
		go func() {
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err == nil && resp.StatusCode == http.StatusServiceUnavailable {
				turnedAway <- struct{}{}
			}
		}()
	}
	for range 1000 {
		select {
		case <-turnedAway:
		case <-time.After(patience):
			require.Fail(tb, "slow bodies are taken without end")
		}
	}
}

// flood sends a body from some connections, some times each, and counts the
// answers by their status.
func (s *server) flood(tb testing.TB, connections, times int, path, encoding string, body []byte) map[int]int {
	tb.Helper()
	client := &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: connections, DisableCompression: true}}
	defer client.CloseIdleConnections()
	var mu sync.Mutex
	counts := map[int]int{}
	var wg sync.WaitGroup
	for range connections {
		wg.Go(func() {
			for range times {
				req, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, s.url+path, bytes.NewReader(body))
				if err != nil {
					tb.Error(err)
					return
				}
				req.SetBasicAuth(writeKey, "")
				req.Header.Set("Content-Encoding", encoding)
				status := 0 // a connection that the server closed while the body was on its way
				if resp, err := client.Do(req); err == nil {
					_, _ = io.Copy(io.Discard, resp.Body)
					_ = resp.Body.Close()
					status = resp.StatusCode
				}
				mu.Lock()
				counts[status]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return counts
}

// bombs sends bodies of a few kilobytes that hold 64 MB.
func bombs(tb testing.TB, s *server) {
	blank := make([]byte, 64*megabyte)
	var gz bytes.Buffer
	z := gzip.NewWriter(&gz)
	_, err := z.Write(blank)
	require.NoError(tb, err)
	require.NoError(tb, z.Close())
	encoder, err := zstd.NewWriter(nil)
	require.NoError(tb, err)
	for encoding, body := range map[string][]byte{"gzip": gz.Bytes(), "zstd": encoder.EncodeAll(blank, nil)} {
		counts := s.flood(tb, 200, 10, "/v1/batch", encoding, body)
		require.NotZero(tb, counts[http.StatusRequestEntityTooLarge], "%v", counts)
		require.Equal(tb, 2000, counts[http.StatusRequestEntityTooLarge]+counts[http.StatusServiceUnavailable]+counts[0], "%v", counts)
	}
}

// sharedContext sends 2,500 messages with 32 KB in common, which would be 80 MB.
func sharedContext(tb testing.TB, s *server) {
	body := `{"context":{"x":"` + strings.Repeat("x", 32_000) + `"},"batch":[` +
		strings.TrimSuffix(strings.Repeat(`{"type":"track","event":"A","userId":"u"},`, 2500), ",") + `]}`
	counts := s.flood(tb, 100, 10, "/v1/batch", "identity", []byte(body))
	require.NotZero(tb, counts[http.StatusRequestEntityTooLarge], "%v", counts)
	require.Zero(tb, counts[http.StatusOK], "%v", counts)
}

// deepAndWide sends what is nested without end, and objects of nothing but
// names.
func deepAndWide(tb testing.TB, s *server) {
	var names strings.Builder
	for i := range 40_000 {
		fmt.Fprintf(&names, `"%d":1,`, i)
	}
	wide := `{"event":"A","userId":"u","properties":{` + names.String() + `"x":1}}`
	for _, body := range []string{
		strings.Repeat("[", 500_000), strings.Repeat(`{"a":`, 80_000), `{"batch":` + strings.Repeat("[", 400_000),
		wide, `{` + names.String() + `"event":"A"}`, `{"batch":[` + strings.Repeat("0,", 200_000) + `0]}`,
	} {
		counts := s.flood(tb, 100, 5, "/v1/batch", "identity", []byte(body))
		require.Zero(tb, counts[http.StatusOK], "%.20s: %v", body, counts)
		counts = s.flood(tb, 100, 5, "/v1/track", "identity", []byte(body))
		require.Zero(tb, counts[http.StatusOK], "%.20s: %v", body, counts)
	}
}

// largestRequests sends many of the largest requests at once, all of whose
// messages are refused, so that what the store needs is not counted.
func largestRequests(tb testing.TB, s *server) {
	one := `{"type":"track","event":"A","properties":{"x":"` + strings.Repeat("x", 20_000) + `"}},`
	body := `{"batch":[` + strings.TrimSuffix(strings.Repeat(one, 24), ",") + `]}`
	counts := s.flood(tb, 400, 5, "/v1/batch", "identity", []byte(body))
	require.NotZero(tb, counts[http.StatusBadRequest], "%v", counts)
	require.Equal(tb, 2000, counts[http.StatusBadRequest]+counts[http.StatusServiceUnavailable]+counts[0], "%v", counts)
}
