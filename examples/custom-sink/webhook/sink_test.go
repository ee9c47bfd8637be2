package webhook

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/tenant"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func events(tb testing.TB, n int) []footfall.Event {
	tb.Helper()
	id, err := tenant.ParseID("shop")
	require.NoError(tb, err)
	all := make([]footfall.Event, n)
	for i := range all {
		all[i] = footfall.Event{
			Tenant: id, Position: footfall.Position{Epoch: 1, Partition: 2, Offset: 7 + int64(i/2), Index: uint32(i % 2)},
			Type: footfall.Track, Name: "Order <Completed>", MessageID: fmt.Sprint("m", i), AnonymousID: "v", Session: 255,
			Time: 1_700_000_000_000, Received: 1_700_000_000_500, Properties: `{"n":1}`,
		}
	}
	return all
}

// transport answers requests without a network, so that time can be a bubble's.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(code int, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: code, Status: fmt.Sprint(code), Header: h, Body: io.NopCloser(bytes.NewReader([]byte("said")))}
}

func TestNewNamesEveryMistake(t *testing.T) {
	t.Parallel()
	_, err := New(Config{URL: "/path", Secret: "whsec_c2hvcnQ=", Attempts: -1})
	require.EqualError(t, err, "webhook: Config.URL is no absolute URL\nwebhook: Config.Secret: it has 5 bytes, not 24 to 64\n"+
		"webhook: a bound is negative")
}

// TestWrite has a real server read what is sent.
func TestWrite(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var got []Event
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = Verify(r.Header, body, time.Now(), secret)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		for lines := bufio.NewScanner(bytes.NewReader(body)); lines.Scan(); {
			var ev Event
			if err := json.Unmarshal(lines.Bytes(), &ev); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			got = append(got, ev)
		}
	}))
	defer server.Close()
	s, err := New(Config{URL: server.URL, Secret: secret})
	require.NoError(t, err)
	require.NoError(t, s.Write(t.Context(), nil))
	require.NoError(t, s.Write(t.Context(), events(t, 3)))
	require.Len(t, got, 3)
	require.Equal(t, Event{
		Position: [4]int64{1, 2, 8, 0}, Tenant: "shop", Type: "track", Event: "Order <Completed>", MessageID: "m2",
		Timestamp: time.UnixMilli(1_700_000_000_000).UTC(), ReceivedAt: time.UnixMilli(1_700_000_000_500).UTC(),
		AnonymousID: "v", Visitor: footfall.ID{}.String(), Session: "ff", Properties: json.RawMessage(`{"n":1}`),
	}, got[2])

	wrong, err := New(Config{URL: server.URL, Secret: "whsec_" + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})
	require.NoError(t, err)
	err = wrong.Write(t.Context(), events(t, 1))
	require.True(t, footfall.IsPermanent(err), "%v", err)
}

func TestRetries(t *testing.T) {
	t.Parallel()
	date := func(in time.Duration) string { return time.Now().Add(in).UTC().Format(http.TimeFormat) }
	for name, tc := range map[string]struct {
		answers   func(try int) (*http.Response, error)
		tries     int
		wantErr   string
		permanent bool
		min, max  time.Duration
	}{
		"first":    {func(int) (*http.Response, error) { return answer(204), nil }, 1, "", false, 0, 0},
		"third":    {until(3, func() *http.Response { return answer(500) }), 3, "", false, 300 * time.Millisecond, 600 * time.Millisecond},
		"timeout":  {until(2, func() *http.Response { return answer(408) }), 2, "", false, 100 * time.Millisecond, 200 * time.Millisecond},
		"seconds":  {until(2, func() *http.Response { return answer(429, "Retry-After", "7") }), 2, "", false, 7 * time.Second, 7 * time.Second},
		"date":     {until(2, func() *http.Response { return answer(503, "Retry-After", date(9*time.Second)) }), 2, "", false, 8 * time.Second, 9 * time.Second},
		"an hour":  {until(2, func() *http.Response { return answer(503, "Retry-After", "3600") }), 2, "", false, 30 * time.Second, 30 * time.Second},
		"nonsense": {until(2, func() *http.Response { return answer(503, "Retry-After", "soon") }), 2, "", false, 100 * time.Millisecond, 200 * time.Millisecond},
		"no answer": {func(try int) (*http.Response, error) {
			if try < 3 {
				return nil, io.ErrUnexpectedEOF
			}
			return answer(200), nil
		}, 3, "", false, 300 * time.Millisecond, 600 * time.Millisecond},
		"in vain": {func(int) (*http.Response, error) { return answer(500), nil }, 5, "500: said", false, 1500 * time.Millisecond, 3 * time.Second},
		"bad":     {func(int) (*http.Response, error) { return answer(400), nil }, 1, "400: said", true, 0, 0},
		"gone":    {func(int) (*http.Response, error) { return answer(410), nil }, 1, "410: said", true, 0, 0},
		"moved":   {func(int) (*http.Response, error) { return answer(302, "Location", "https://other/"), nil }, 1, "302: said", true, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ids := map[string]bool{}
				tries := 0
				client := &http.Client{
					Transport: transport(func(r *http.Request) (*http.Response, error) {
						tries++
						ids[r.Header.Get(HeaderID)] = true
						body, err := io.ReadAll(r.Body)
						if err != nil {
							return nil, err
						}
						if err := Verify(r.Header, body, time.Now(), secret); err != nil {
							return nil, err
						}
						return tc.answers(tries)
					}),
					CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
				}
				s, err := New(Config{URL: "https://receiver.example/", Secret: secret, Client: client})
				require.NoError(t, err)
				begun := time.Now()
				err = s.Write(t.Context(), events(t, 4))
				took := time.Since(begun)
				if tc.wantErr == "" {
					require.NoError(t, err)
				} else {
					require.ErrorContains(t, err, tc.wantErr)
				}
				require.Equal(t, tc.permanent, footfall.IsPermanent(err))
				require.Equal(t, tc.tries, tries)
				require.Equal(t, map[string]bool{"1-2-7.0-8.1": true}, ids, "a repetition has the id of the first")
				require.GreaterOrEqual(t, took, tc.min)
				require.LessOrEqual(t, took, tc.max)
			})
		})
	}
}

func until(good int, bad func() *http.Response) func(int) (*http.Response, error) {
	return func(try int) (*http.Response, error) {
		if try < good {
			return bad(), nil
		}
		return answer(200), nil
	}
}

// TestStopsWithItsContext has neither a pause nor a silent receiver hold it.
func TestStopsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		silent := &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})}
		s, err := New(Config{URL: "https://receiver.example/", Secret: secret, Client: silent})
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
		defer cancel()
		begun := time.Now()
		require.ErrorIs(t, s.Write(ctx, events(t, 1)), context.DeadlineExceeded)
		require.Equal(t, 40*time.Second, time.Since(begun), "after two timeouts of 15s, in the third try")
	})
}
