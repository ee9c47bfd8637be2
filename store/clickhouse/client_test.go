package clickhouse_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/store/chdb"
	"github.com/footfall-go/footfall/store/chdb/chdbtest"
	"github.com/footfall-go/footfall/store/clickhouse"
)

// serve puts the engine behind a real HTTP server that sees every request
// first, and returns a store that speaks to it.
func serve(t *testing.T, config clickhouse.Config, see func(http.ResponseWriter, *http.Request) bool) *clickhouse.Store {
	t.Helper()
	engine := chdbtest.Engine(t).Handler(chdb.Login{})
	config.Database = chdbtest.Database(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if see(w, r) {
			engine.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	config.URL = server.URL
	config.Transport = server.Client().Transport
	store, err := clickhouse.New(config)
	require.NoError(t, err)
	return store
}

func TestOverHTTP(t *testing.T) {
	t.Parallel()
	for name, compress := range map[string]bool{"plain": false, "compressed": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var inserts atomic.Int32
			store := serve(t, clickhouse.Config{User: "writer", Password: "pä'ss", Compress: compress}, func(w http.ResponseWriter, r *http.Request) bool {
				if r.Header.Get("X-ClickHouse-User") != "writer" || r.Header.Get("X-ClickHouse-Key") != "pä'ss" {
					http.Error(w, "Code: 516. DB::Exception: no", http.StatusForbidden)
					return false
				}
				if compressed := r.Header.Get("Content-Encoding") == "zstd"; compressed {
					inserts.Add(1)
					decoder, err := zstd.NewReader(r.Body)
					if err != nil {
						http.Error(w, err.Error(), http.StatusBadRequest)
						return false
					}
					r.Body = io.NopCloser(decoder)
					r.Header.Del("Content-Encoding")
				}
				return true
			})
			require.NoError(t, store.Migrate(t.Context()))
			b := claim(t, 0, 30_000)
			require.NoError(t, store.Insert(t.Context(), b, 0))
			require.NoError(t, store.Insert(t.Context(), b, 0))
			present, err := store.Present(t.Context(), 0, 0, 0, 30_000)
			require.NoError(t, err)
			require.Len(t, present, 30_000)
			if compress {
				require.Equal(t, 2, int(inserts.Load()))
			}
		})
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	var answer atomic.Pointer[func(http.ResponseWriter)]
	store := serve(t, clickhouse.Config{}, func(w http.ResponseWriter, _ *http.Request) bool {
		broken := answer.Load()
		if broken != nil {
			(*broken)(w)
		}
		return broken == nil
	})
	require.NoError(t, store.Migrate(t.Context()))
	b := claim(t, 0, 10)
	for name, broken := range map[string]func(http.ResponseWriter){
		"back-pressure": func(w http.ResponseWriter) {
			w.Header().Set("X-ClickHouse-Exception-Code", "252")
			http.Error(w, "Code: 252. DB::Exception: Too many parts", http.StatusInternalServerError)
		},
		"an error behind a good status": func(w http.ResponseWriter) {
			w.Header().Set("X-ClickHouse-Exception-Code", "241")
			fmt.Fprint(w, "Code: 241. DB::Exception: Memory limit exceeded")
		},
		"a connection that breaks": func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		"half an answer": func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, strings.Repeat("x", 50))
		},
		"an answer that is none": func(w http.ResponseWriter) { fmt.Fprint(w, "hello") },
	} {
		answer.Store(&broken)
		_, err := store.Present(t.Context(), 0, 0, 0, 10)
		require.Error(t, err, name)
		require.False(t, footfall.IsPermanent(err), name)
		if err := store.Insert(t.Context(), b, 0); name != "an answer that is none" && name != "half an answer" {
			require.Error(t, err, name)
			require.False(t, footfall.IsPermanent(err), name)
		}
	}
	answer.Store(nil)
	require.NoError(t, store.Insert(t.Context(), b, 0))
	present, err := store.Present(t.Context(), 0, 0, 0, 10)
	require.NoError(t, err)
	require.Len(t, present, 10)
}

// late answers before it has read the body, and reads it afterwards.
type late struct {
	next http.RoundTripper
	read chan []byte
	on   bool
}

var errEarly = errors.New("the connection broke")

func (l *late) RoundTrip(r *http.Request) (*http.Response, error) {
	if !l.on {
		return l.next.RoundTrip(r)
	}
	go func() {
		bytes, _ := io.ReadAll(r.Body)
		r.Body.Close()
		l.read <- bytes
	}()
	return nil, errEarly
}

// The memory of a block is not used again while a transport may still read it.
func TestBodyReadLate(t *testing.T) {
	t.Parallel()
	transport := &late{next: chdbtest.Engine(t).Transport(), read: make(chan []byte)}
	store, err := clickhouse.New(clickhouse.Config{Transport: transport, Database: chdbtest.Database(t)})
	require.NoError(t, err)
	require.NoError(t, store.Migrate(t.Context()))
	require.NoError(t, store.Insert(t.Context(), claim(t, 0, 1), 0))
	for range 20 {
		transport.on = true
		require.ErrorIs(t, store.Insert(t.Context(), claim(t, 0, 5000), 0), errEarly)
		transport.on = false
		require.NoError(t, store.Insert(t.Context(), claim(t, 5000, 5500), 0))
		<-transport.read
	}
}

func TestCancelledInsertSaysSo(t *testing.T) {
	t.Parallel()
	store, _ := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := store.Insert(ctx, claim(t, 0, 5), 0)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "insert events: ")
	require.NotContains(t, err.Error(), "async_insert", "the address is the whole statement")
}
