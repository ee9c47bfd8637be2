package clickhouse_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	// The program that the tests start is made of it.
	_ "github.com/footfall-go/footfall/examples/reference-stack/stack"
	"github.com/footfall-go/footfall/query"
	queryclickhouse "github.com/footfall-go/footfall/query/clickhouse"
	"github.com/footfall-go/footfall/query/querytest"
	"github.com/footfall-go/footfall/store/chdb/chdbtest"
	storeclickhouse "github.com/footfall-go/footfall/store/clickhouse"
)

// open returns a connection of its own to servers.
func open(tb testing.TB, config queryclickhouse.Config) *queryclickhouse.Conn {
	tb.Helper()
	conn, err := queryclickhouse.Open(config)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, conn.Close()) })
	return conn
}

// TestRemoteEngineIsRight holds a sample of the suite against an engine in
// another process, over HTTP; it is the engine of TestEngineIsRight, which
// answers all of it.
func TestRemoteEngineIsRight(t *testing.T) {
	t.Parallel()
	process := chdbtest.Launch(t, t.TempDir(), "--password", "s3cret")
	var databases atomic.Int64
	querytest.RunSample(t, func(tb testing.TB) (querytest.Store, query.Conn) {
		database := fmt.Sprintf("test_%d", databases.Add(1))
		store, err := storeclickhouse.New(storeclickhouse.Config{URL: process.URL, Database: database, Password: "s3cret"})
		require.NoError(tb, err)
		require.NoError(tb, store.Migrate(tb.Context()))
		return store, open(tb, queryclickhouse.Config{URLs: []string{process.URL}, Database: database, Password: "s3cret"})
	})
}

// one asks for the number 1.
func one(ctx context.Context, conn *queryclickhouse.Conn) error {
	rows, err := conn.Query(ctx, query.Statement{SQL: "SELECT toInt64(1)"})
	if err != nil {
		return err
	}
	for rows.Next() {
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return rows.Close()
}

// TestServersGoAndCome asks while servers are killed, stop and break off.
func TestServersGoAndCome(t *testing.T) {
	t.Parallel()
	process := chdbtest.Launch(t, t.TempDir())
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	database := "default"
	conn := open(t, queryclickhouse.Config{URLs: []string{gone.URL, process.URL}, Database: database})
	require.NoError(t, one(t.Context(), conn), "the first server is away")
	require.NoError(t, conn.Ping(t.Context()))

	process.Kill()
	alone := open(t, queryclickhouse.Config{URLs: []string{process.URL}, Database: database, Attempts: 2})
	require.ErrorIs(t, one(t.Context(), alone), query.ErrUnavailable)
	process.Restart()
	require.NoError(t, one(t.Context(), conn))
	require.NoError(t, one(t.Context(), alone))

	process.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, one(ctx, conn), context.DeadlineExceeded)
	process.Continue()
	require.NoError(t, one(t.Context(), conn))

	wrong := open(t, queryclickhouse.Config{URLs: []string{process.URL}, Database: "nowhere"})
	require.NotErrorIs(t, one(t.Context(), wrong), query.ErrUnavailable, "that is a mistake, and no outage")
}

// TestQuestionsAreSpreadAndRepeated has two proxies in front of one engine, the
// first of which is in trouble now and then.
func TestQuestionsAreSpreadAndRepeated(t *testing.T) {
	t.Parallel()
	process := chdbtest.Launch(t, t.TempDir())
	target, err := url.Parse(process.URL)
	require.NoError(t, err)
	var asked [2]atomic.Int64
	var trouble atomic.Int32
	var urls []string
	trusted := &tls.Config{MinVersion: tls.VersionTLS12}
	for i := range asked {
		proxy := httputil.NewSingleHostReverseProxy(target)
		server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked[i].Add(1)
			switch {
			case i == 0 && trouble.Load() == 1:
				panic(http.ErrAbortHandler)
			case i == 0 && trouble.Load() == 2:
				http.Error(w, "stopping", http.StatusServiceUnavailable)
			default:
				proxy.ServeHTTP(w, r)
			}
		}))
		t.Cleanup(server.Close)
		urls = append(urls, server.URL)
		trusted.RootCAs = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	}
	conn := open(t, queryclickhouse.Config{URLs: urls, Database: "default", TLS: trusted, Spread: true})
	for range 20 {
		require.NoError(t, one(t.Context(), conn))
	}
	require.Greater(t, asked[0].Load(), int64(5))
	require.Greater(t, asked[1].Load(), int64(5))
	for kind := range int32(2) {
		trouble.Store(kind + 1)
		for range 10 {
			require.NoError(t, one(t.Context(), conn))
		}
	}
	first := open(t, queryclickhouse.Config{URLs: urls, Database: "default", TLS: trusted})
	trouble.Store(0)
	before := asked[1].Load()
	for range 10 {
		require.NoError(t, one(t.Context(), first))
	}
	require.Equal(t, before, asked[1].Load(), "the first is well")
}

func TestOpenReportsMistakes(t *testing.T) {
	t.Parallel()
	_, err := queryclickhouse.Open(queryclickhouse.Config{URLs: []string{"tcp://x:9000"}, Attempts: -1})
	require.ErrorContains(t, err, "Config.URLs")
	require.ErrorContains(t, err, "not negative")
}
