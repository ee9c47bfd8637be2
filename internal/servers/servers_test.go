package servers_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/internal/servers"
)

func TestWhoFailedIsAskedLast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all, err := servers.Parse([]string{"http://a", "https://b:8443", "http://c/path"})
		require.NoError(t, err)
		hosts := func() (names []string) {
			for _, s := range servers.InOrder(all) {
				names = append(names, s.URL.Host)
			}
			return names
		}
		require.Equal(t, []string{"a", "b:8443", "c"}, hosts())
		all[0].Failed()
		require.Equal(t, []string{"b:8443", "c", "a"}, hosts())
		time.Sleep(time.Second)
		all[1].Failed()
		require.Equal(t, []string{"c", "a", "b:8443"}, hosts())
		time.Sleep(1500 * time.Millisecond)
		require.Equal(t, []string{"a", "c", "b:8443"}, hosts(), "the first has rested")
		all[1].Well()
		require.Equal(t, []string{"a", "b:8443", "c"}, hosts())
		require.Len(t, servers.InOrder(all[:1]), 1)
	})
}

func TestPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		last := time.Duration(0)
		for _, round := range []int{0, 2, 10, 1000} {
			start := time.Now()
			require.NoError(t, servers.Pause(t.Context(), round))
			took := time.Since(start)
			require.Greater(t, took, last/3)
			require.LessOrEqual(t, took, 1500*time.Millisecond)
			last = took
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, servers.Pause(ctx, 9), context.Canceled)
	})
}

// What was never sent may be sent elsewhere, whatever it is; what broke on the
// way may have arrived.
func TestUnsent(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	breaks := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	t.Cleanup(breaks.Close)
	client := http.Client{Transport: servers.Transport(nil, time.Second)}
	for url, unsent := range map[string]bool{gone.URL: true, breaks.URL: false} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, nil)
		require.NoError(t, err)
		response, err := client.Do(request)
		if err == nil {
			_ = response.Body.Close()
		}
		require.Error(t, err)
		require.Equal(t, unsent, servers.Unsent(err), "%v", err)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	_, err := servers.Parse([]string{"http://a", "tcp://b", "c:8123", "http://"})
	for _, text := range []string{"tcp://b", "c:8123", "http://"} {
		require.ErrorContains(t, err, text)
	}
}
