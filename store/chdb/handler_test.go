package chdb_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/store/chdb"
	"github.com/footfall-go/footfall/store/chdb/chdbtest"
)

// serve puts the engine behind a real listener.
func serve(t *testing.T) client {
	t.Helper()
	c := setup(t)
	server := httptest.NewServer(chdbtest.Engine(t).Handler(chdb.Login{}))
	t.Cleanup(server.Close)
	c.http, c.base = server.Client(), server.URL+"/"
	return c
}

func TestHandler(t *testing.T) {
	t.Parallel()
	c := serve(t)
	get := func(path string) (int, string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.base+path, nil)
		require.NoError(t, err)
		request.Header.Set("X-ClickHouse-User", "default")
		request.Header.Set("X-ClickHouse-Database", c.db)
		request.Header.Set("X-ClickHouse-Format", "JSONEachRow")
		response, err := c.http.Do(request)
		require.NoError(t, err)
		defer func() { _ = response.Body.Close() }()
		answer, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response.StatusCode, string(answer)
	}
	status, answer := get("ping")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "Ok.\n", answer)
	_, answer = get("")
	require.Equal(t, "Ok.\n", answer)
	status, answer = get("?query=" + url.QueryEscape("SELECT currentDatabase() AS d"))
	require.Equal(t, http.StatusOK, status)
	require.JSONEq(t, `{"d":"`+c.db+`"}`, answer)
	status, _ = get("nothing/here")
	require.Equal(t, http.StatusNotFound, status)

	c.ask("CREATE TABLE t " + eventTable)
	c.insert("t", block(0, 100_000, 3, 100))
	require.Equal(t, "100000", c.ask("SELECT count() FROM t"))
	response, answer := c.send(strings.NewReader("SELECT * FROM nope"))
	require.Equal(t, http.StatusNotFound, response.StatusCode)
	require.Equal(t, "60", response.Header.Get("X-ClickHouse-Exception-Code"))
	require.Contains(t, answer, "UNKNOWN_TABLE")
}

func TestClickHouseGoOverHTTP(t *testing.T) {
	t.Parallel()
	c := serve(t)
	for name, compression := range map[string]*clickhouse.Compression{
		"none": nil, "gzip": {Method: clickhouse.CompressionGZIP, Level: 1},
	} {
		conn, err := clickhouse.Open(&clickhouse.Options{
			Protocol:    clickhouse.HTTP,
			Addr:        []string{strings.TrimSuffix(strings.TrimPrefix(c.base, "http://"), "/")},
			Auth:        clickhouse.Auth{Database: c.db, Username: "default"},
			Compression: compression,
		})
		require.NoError(t, err)
		useDriver(t, conn)
		require.NoError(t, conn.Exec(t.Context(), "DROP TABLE t"), name)
		require.NoError(t, conn.Close())
	}
}

// A client that goes away takes his statement with him.
func TestHandlerCancelsWhenTheClientGoes(t *testing.T) {
	t.Parallel()
	c := serve(t)
	c.ask("CREATE TABLE t (id UInt64, time DateTime, s String) ENGINE = MergeTree ORDER BY id")
	for name, sql := range endless {
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error, 1)
		go func() {
			request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"?database="+c.db, strings.NewReader(sql))
			if err != nil {
				failed <- err
				return
			}
			response, err := c.http.Do(request)
			if err == nil {
				_ = response.Body.Close()
			}
			failed <- err
		}()
		require.Eventually(t, func() bool { return c.processes() == "1" }, 30*time.Second, time.Millisecond, name)
		cancel()
		require.ErrorIs(t, <-failed, context.Canceled, name)
		require.Eventually(t, func() bool { return c.processes() == "0" }, 30*time.Second, time.Millisecond, name)
	}
}

// A client must not take half of a result for the whole.
func TestHandlerBreaksATornResult(t *testing.T) {
	t.Parallel()
	c := serve(t)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.base,
		strings.NewReader("SELECT throwIf(number = 3000000) FROM numbers(10000000)"))
	require.NoError(t, err)
	response, err := c.http.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	require.Error(t, err)
	require.Contains(t, string(answer), "Code: 395.")
}
