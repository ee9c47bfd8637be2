package clickhouse_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	ch "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	// The program that the tests start is made of it.
	_ "github.com/footfall-go/footfall/examples/reference-stack/stack"
	"github.com/footfall-go/footfall/store/chdb/chdbtest"
	"github.com/footfall-go/footfall/store/clickhouse"
	"github.com/footfall-go/footfall/store/storetest"
)

var databases atomic.Int64

// remote returns a store and a connection on a database of their own in an
// engine that is another process.
func remote(tb testing.TB, process *chdbtest.Process, config clickhouse.Config) (*clickhouse.Store, driver.Conn) {
	tb.Helper()
	config.Database = fmt.Sprintf("test_%d", databases.Add(1))
	if config.URL == "" {
		config.URL = process.URL
	}
	store, err := clickhouse.New(config)
	require.NoError(tb, err)
	require.NoError(tb, store.Migrate(tb.Context()))
	conn, err := ch.Open(&ch.Options{Protocol: ch.HTTP, Addr: []string{strings.TrimPrefix(process.URL, "http://")}, Auth: ch.Auth{Database: config.Database}})
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, conn.Close()) })
	return store, conn
}

// TestRemote holds the suites against an engine in another process, over HTTP.
func TestRemote(t *testing.T) {
	t.Parallel()
	process := chdbtest.Launch(t, t.TempDir())
	t.Run("store", func(t *testing.T) {
		storetest.Run(t, func(tb testing.TB) (footfall.Store, storetest.Reader) {
			store, conn := remote(tb, process, clickhouse.Config{Compress: databases.Load()%2 == 0})
			require.NoError(tb, conn.Exec(tb.Context(), "ALTER TABLE events MODIFY SETTING max_bytes_to_merge_at_max_space_in_pool = 1, max_bytes_to_merge_at_min_space_in_pool = 1"))
			return store, reader{conn}
		})
	})
	t.Run("keeper", func(t *testing.T) {
		storetest.RunKeeper(t, func(tb testing.TB) (storetest.Keeper, storetest.Reader) {
			store, conn := remote(tb, process, clickhouse.Config{})
			return store, reader{conn}
		})
	})
	t.Run("snapshots", func(t *testing.T) {
		storetest.RunSnapshots(t, func(tb testing.TB) storetest.Snapshots {
			store, _ := remote(tb, process, clickhouse.Config{})
			return store
		})
	})
}

// lossy is a proxy before an engine that can be told what to do to requests.
type lossy struct {
	proxy    *httputil.ReverseProxy
	server   *httptest.Server
	trouble  atomic.Pointer[func(http.ResponseWriter, *http.Request) bool] // whether it goes on
	requests atomic.Int64
}

func newLossy(tb testing.TB, target string, secure bool) *lossy {
	tb.Helper()
	address, err := url.Parse(target)
	require.NoError(tb, err)
	l := &lossy{proxy: httputil.NewSingleHostReverseProxy(address)}
	l.proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
	l.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.requests.Add(1)
		if f := l.trouble.Load(); f == nil || (*f)(w, r) {
			l.proxy.ServeHTTP(w, r)
		}
	}))
	if secure {
		l.server.StartTLS()
	} else {
		l.server.Start()
	}
	tb.Cleanup(l.server.Close)
	return l
}

func (l *lossy) set(f func(http.ResponseWriter, *http.Request) bool) { l.trouble.Store(&f) }
func (l *lossy) calm()                                               { l.trouble.Store(nil) }

// isEvents reports whether a request inserts events.
func isEvents(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Query().Get("query"), "INSERT INTO events")
}

// repair does what the processor does after an error: it reads back and sends
// what is missing.
func repair(ctx context.Context, tb testing.TB, store *clickhouse.Store, b *footfall.Batch) {
	tb.Helper()
	require.Eventually(tb, func() bool {
		present, err := store.Present(ctx, b.Epoch, b.Partition, b.From, b.To)
		if err != nil {
			return false
		}
		if len(present) == len(b.Events) {
			return true
		}
		_ = store.Insert(ctx, b, 0) // reading back tells what became of it
		return false
	}, time.Minute, 10*time.Millisecond)
}

// requireOnce shows that the events of the claims [0, to) are there, once.
func requireOnce(tb testing.TB, conn driver.Conn, to int) {
	tb.Helper()
	var rows, distinct uint64
	require.NoError(tb, conn.QueryRow(tb.Context(), "SELECT count(), uniqExact(_o) FROM events").Scan(&rows, &distinct))
	require.Equal(tb, to, int(rows))
	require.Equal(tb, to, int(distinct))
}

// TestServerIsKilledAmongInserts kills the engine at any moment of many inserts:
// what was acknowledged is there when it is back, and everything once after the
// reading back.
func TestServerIsKilledAmongInserts(t *testing.T) {
	t.Parallel()
	process := chdbtest.Launch(t, t.TempDir())
	store, conn := remote(t, process, clickhouse.Config{})
	const claims, size = 40, 500
	var acknowledged, failed int
	for i := range claims {
		killed := make(chan struct{})
		if i%8 == 3 {
			go func() {
				defer close(killed)
				<-time.After(time.Duration(i) * time.Millisecond / 2)
				process.Kill()
			}()
		} else {
			close(killed)
		}
		b := claim(t, i*size, (i+1)*size)
		err := store.Insert(t.Context(), b, 0)
		<-killed
		if i%8 == 3 {
			process.Restart()
		}
		if err == nil {
			acknowledged++
			present, err := store.Present(t.Context(), 0, 0, b.From, b.To)
			require.NoError(t, err)
			require.Len(t, present, size, "it was acknowledged")
			continue
		}
		failed++
		require.False(t, footfall.IsPermanent(err), "%v", err)
		repair(t.Context(), t, store, b)
	}
	t.Logf("%d acknowledged, %d not", acknowledged, failed)
	requireOnce(t, conn, claims*size)
}

// TestOutcomeIsUnknown breaks connections before and after the server has what
// was sent: an INSERT of events is not repeated by itself, and reading back
// tells; all else is, until it succeeds.
func TestOutcomeIsUnknown(t *testing.T) {
	t.Parallel()
	process := chdbtest.Launch(t, t.TempDir())
	proxy := newLossy(t, process.URL, false)
	store, conn := remote(t, process, clickhouse.Config{URL: proxy.server.URL})
	to := 0
	for name, breaks := range map[string]func(http.ResponseWriter, *http.Request){
		"before it arrives": func(http.ResponseWriter, *http.Request) {},
		"after it arrived":  func(_ http.ResponseWriter, r *http.Request) { proxy.proxy.ServeHTTP(httptest.NewRecorder(), r) },
		"within the body": func(_ http.ResponseWriter, r *http.Request) {
			_, _ = r.Body.Read(make([]byte, 100))
		},
	} {
		b := claim(t, to, to+2000)
		to += 2000
		var inserts atomic.Int64
		proxy.set(func(w http.ResponseWriter, r *http.Request) bool {
			if !isEvents(r) || inserts.Add(1) > 1 {
				return true
			}
			breaks(w, r)
			panic(http.ErrAbortHandler)
		})
		err := store.Insert(t.Context(), b, 0)
		require.Error(t, err, name)
		require.False(t, footfall.IsPermanent(err), name)
		require.EqualValues(t, 1, inserts.Load(), "%s: it is for its sender to repeat", name)
		repair(t.Context(), t, store, b)

		// Upserts and reads try again, and come through.
		var broken atomic.Int64
		proxy.set(func(w http.ResponseWriter, r *http.Request) bool {
			if broken.Add(1)%2 == 0 {
				return true
			}
			breaks(w, r)
			panic(http.ErrAbortHandler)
		})
		shop, err := owner("shop")
		require.NoError(t, err)
		require.NoError(t, store.Upsert(t.Context(), &footfall.Upserts{IDs: []footfall.IDText{{Tenant: shop, ID: footfall.ID{1}, Kind: footfall.KindUser, Text: "u"}}}), name)
		present, err := store.Present(t.Context(), 0, 0, b.From, b.To)
		require.NoError(t, err, name)
		require.Len(t, present, 2000)
		proxy.calm()
	}
	requireOnce(t, conn, to)
	var texts uint64
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT count() FROM visitors FINAL").Scan(&texts))
	require.EqualValues(t, 1, texts)
}

// TestServerRefuses shows what comes of answers that are no results.
func TestServerRefuses(t *testing.T) {
	t.Parallel()
	process := chdbtest.Launch(t, t.TempDir())
	proxy := newLossy(t, process.URL, false)
	store, conn := remote(t, process, clickhouse.Config{URL: proxy.server.URL})
	b := claim(t, 0, 100)
	answer := func(status int, header, text string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			if header != "" {
				name, value, _ := strings.Cut(header, ": ")
				w.Header().Set(name, value)
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(text))
			return false
		}
	}
	for name, trouble := range map[string]func(http.ResponseWriter, *http.Request) bool{
		"503":                  answer(http.StatusServiceUnavailable, "Retry-After: 1", "stopping"),
		"a balancer's 502":     answer(http.StatusBadGateway, "", "<html>"),
		"a page of a portal":   answer(http.StatusOK, "Content-Type: text/html", "<html>log in first"),
		"a way to elsewhere":   answer(http.StatusFound, "Location: /elsewhere", ""),
		"a keeper that is out": answer(http.StatusInternalServerError, "X-ClickHouse-Exception-Code: 999", "Code: 999. DB::Exception: Keeper"),
	} {
		proxy.set(trouble)
		err := store.Insert(t.Context(), b, 0)
		require.Error(t, err, name)
		require.False(t, footfall.IsPermanent(err), name)
		require.Error(t, store.Upsert(t.Context(), &footfall.Upserts{IDs: []footfall.IDText{{Tenant: b.Events[0].Tenant, Kind: footfall.KindUser}}}), name)
		_, err = store.Present(t.Context(), 0, 0, 0, 100)
		require.Error(t, err, name)
		require.False(t, footfall.IsPermanent(err), name)

		// A moment of it is not noticed, but by an INSERT of events.
		var left atomic.Int64
		left.Store(2)
		proxy.set(func(w http.ResponseWriter, r *http.Request) bool { return left.Add(-1) < 0 || trouble(w, r) })
		_, err = store.Present(t.Context(), 0, 0, 0, 100)
		if name == "a way to elsewhere" {
			require.Error(t, err, "that does not pass by itself")
		} else {
			require.NoError(t, err, name)
		}
	}
	proxy.calm()
	require.NoError(t, store.Insert(t.Context(), b, 0))
	requireOnce(t, conn, 100)

	// What no other try cures is told at once.
	proxy.set(func(http.ResponseWriter, *http.Request) bool { return true })
	before := proxy.requests.Load()
	require.Error(t, store.Insert(t.Context(), &footfall.Batch{To: 1, Events: []footfall.Event{{Tenant: b.Events[0].Tenant, Time: 1 << 60}}}, 0))
	require.Equal(t, before, proxy.requests.Load(), "it is not even sent")
}

// TestSlowServer stops the engine with a signal: nobody waits for longer than he
// wants to, and when it goes on everything is there once.
func TestSlowServer(t *testing.T) {
	t.Parallel()
	process := chdbtest.Launch(t, t.TempDir())
	store, conn := remote(t, process, clickhouse.Config{})
	patient, err := clickhouse.New(clickhouse.Config{URL: process.URL, Timeout: 50 * time.Millisecond, Attempts: 2})
	require.NoError(t, err)
	process.Stop()
	b := claim(t, 0, 1000)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	err = store.Insert(ctx, b, 0)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.False(t, footfall.IsPermanent(err))
	_, err = patient.Stats(t.Context())
	require.ErrorIs(t, err, context.DeadlineExceeded, "its own bound holds where the context has none")
	process.Continue()
	repair(t.Context(), t, store, b)
	requireOnce(t, conn, 1000)
}

// TestSecondServer has two addresses of one engine, of which one goes away.
func TestSecondServer(t *testing.T) {
	t.Parallel()
	process := chdbtest.Launch(t, t.TempDir())
	first, second := newLossy(t, process.URL, false), newLossy(t, process.URL, false)
	store, conn := remote(t, process, clickhouse.Config{URL: first.server.URL, Replicas: []string{second.server.URL}})
	require.NoError(t, store.Insert(t.Context(), claim(t, 0, 100), 0))
	require.Zero(t, second.requests.Load(), "the first one is well")
	first.server.Close()
	// There is no connection to it, so that nothing was sent: even an INSERT of
	// events goes to the next by itself. What was under way is another matter.
	require.Eventually(t, func() bool { return store.Insert(t.Context(), claim(t, 100, 200), 0) == nil }, 10*time.Second, time.Millisecond)
	for i := 2; i < 20; i++ {
		require.NoError(t, store.Insert(t.Context(), claim(t, i*100, (i+1)*100), 0))
		present, err := store.Present(t.Context(), 0, 0, int64(i)*100, int64(i+1)*100)
		require.NoError(t, err)
		require.Len(t, present, 100)
	}
	requireOnce(t, conn, 2000)
}

func TestWrongPassword(t *testing.T) {
	t.Parallel()
	process := chdbtest.Launch(t, t.TempDir(), "--user", "writer", "--password", "s3cret")
	for password, right := range map[string]bool{"s3cret": true, "wrong": false, "": false} {
		store, err := clickhouse.New(clickhouse.Config{URL: process.URL, User: "writer", Password: password})
		require.NoError(t, err)
		err = store.Migrate(t.Context())
		if right {
			require.NoError(t, err)
			continue
		}
		var answered *clickhouse.Error
		require.ErrorAs(t, err, &answered)
		require.Equal(t, 516, answered.Code)
		require.False(t, footfall.IsPermanent(err), "an operator can mend it, and nothing may go to quarantine until then")
		require.NotContains(t, err.Error(), "s3cret")
	}
}

// TestTLS has a server with a certificate in front of the engine.
func TestTLS(t *testing.T) {
	t.Parallel()
	process := chdbtest.Launch(t, t.TempDir())
	proxy := newLossy(t, process.URL, true)
	proxy.server.Config.ErrorLog = log.New(io.Discard, "", 0) // the refusal that is meant
	store, err := clickhouse.New(clickhouse.Config{URL: proxy.server.URL, Attempts: 1})
	require.NoError(t, err)
	unknown := new(tls.CertificateVerificationError)
	require.ErrorAs(t, store.Migrate(t.Context()), &unknown)
	trusted := proxy.server.Client().Transport.(*http.Transport).TLSClientConfig
	store, conn := remote(t, process, clickhouse.Config{URL: proxy.server.URL, TLS: trusted, Compress: true})
	require.NoError(t, store.Insert(t.Context(), claim(t, 0, 30_000), 0))
	requireOnce(t, conn, 30_000)
}
