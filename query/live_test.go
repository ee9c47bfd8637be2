package query_test

import (
	"bufio"
	"bytes"
	"context"
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
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/tenant"
)

// crowd is a store in which persons are counted, and where the visitor v may be
// known to be the user ann.
type crowd struct {
	counting
	login atomic.Bool
}

func (c *crowd) Query(ctx context.Context, s query.Statement) (query.Rows, error) {
	hex := func(id footfall.ID) string { return strings.ToUpper(id.String()) }
	shop, _ := tenant.ParseID("shop")
	switch {
	case strings.Contains(s.SQL, "countIf(kind = 'link')"):
		c.asked.Add(1)
		links := uint64(0)
		if c.login.Load() {
			links = 1
		}
		return &fakeRows{rows: [][]any{{links, uint64(0), uint64(0)}}}, nil
	case strings.Contains(s.SQL, "AS person_id"):
		c.asked.Add(1)
		return &fakeRows{rows: [][]any{{hex(schema.VisitorID(shop, "v")), hex(schema.UserID(shop, "ann"))}}}, nil
	case strings.Contains(s.SQL, "AS id_text"):
		c.asked.Add(1)
		return &fakeRows{rows: [][]any{{hex(schema.UserID(shop, "ann")), "user", "ann"}}}, nil
	}
	return c.counting.Query(ctx, s)
}

// stage is a handler with a feed, over a store that counts.
type stage struct {
	feed    *query.Feed
	store   *crowd
	handler *query.Handler
}

func newStage(t *testing.T, change func(*query.Config)) *stage {
	t.Helper()
	s := &stage{feed: newFeed(t, query.FeedConfig{}), store: &crowd{}}
	var all []tenant.Registration
	for _, name := range []string{"shop", "other"} {
		id, err := tenant.ParseID(name)
		require.NoError(t, err)
		all = append(all, tenant.Registration{Tenant: tenant.Tenant{ID: id}, WriteKeys: []string{"wk_" + name}, ReadKeys: []string{"rk_" + name}})
	}
	keys, err := tenant.NewKeys(all...)
	require.NoError(t, err)
	config := query.Config{Conn: s.store, Auth: keys, Live: s.feed, Version: s.store.version}
	if change != nil {
		change(&config)
	}
	s.handler, err = query.New(config)
	require.NoError(t, err)
	return s
}

// happen makes events visible.
func (s *stage) happen(t *testing.T, name string, n int) {
	t.Helper()
	require.NoError(t, s.feed.Write(t.Context(), bought(t, name, n, `{"tenant":"`+name+`"}`)))
	s.store.events.Add(int64(n))
}

// client is a ResponseWriter that keeps what it is sent, and may be stuck.
type client struct {
	mu     sync.Mutex
	header http.Header
	code   int
	text   bytes.Buffer
	stuck  chan struct{} // until closed
	end    context.CancelFunc
	gone   chan struct{}
}

// look opens a stream; headers are pairs.
func (s *stage) look(t *testing.T, key string, headers ...string) *client {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	c := &client{header: http.Header{}, end: cancel, gone: make(chan struct{})}
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/api/v1/live", nil)
	r.Header.Set("Authorization", "Bearer "+key)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	go func() {
		defer close(c.gone)
		s.handler.ServeHTTP(c, r)
	}()
	synctest.Wait()
	return c
}

func (c *client) leave() {
	c.end()
	<-c.gone
}

func (c *client) Header() http.Header { return c.header }
func (c *client) WriteHeader(code int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.code = code
}

func (c *client) Write(b []byte) (int, error) {
	c.mu.Lock()
	stuck := c.stuck
	c.mu.Unlock()
	if stuck != nil {
		<-stuck
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.Write(b)
}

func (c *client) Flush() {}

// got returns what came since the last call.
func (c *client) got() string {
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.text.Reset()
	return c.text.String()
}

func (c *client) stick(stuck chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stuck = stuck
}

func TestLiveSendsWhatHappens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, nil)
		c := s.look(t, "rk_shop")
		defer c.leave()
		require.Equal(t, 200, c.code)
		require.Equal(t, "text/event-stream", c.header.Get("Content-Type"))
		require.Equal(t, "no-store, no-transform", c.header.Get("Cache-Control"))
		require.Empty(t, c.header.Get("Content-Encoding"))
		begin := c.got()
		require.Contains(t, begin, "retry: 1000\n\n")
		require.Contains(t, begin, "event: active\ndata: {\"persons\":0,\"window\":\"5m\"}\n\n")
		require.Regexp(t, `(?m)^id: \S+$`, begin, "who is cut off now misses nothing")

		s.happen(t, "shop", 2)
		s.happen(t, "other", 1)
		time.Sleep(livePace)
		got := c.got()
		require.Equal(t, 2, strings.Count(got, "event: event\nid: "), got)
		require.Contains(t, got, `data: {"id":"0","type":"track","name":"Bought","time":"1970-01-01T00:00:00.001Z",`)
		require.Contains(t, got, `"visitor":"v","user":null,"person":"visitor:v","session":null,"properties":{"tenant":"shop"},"context":{}}`+"\n\n")
		require.NotContains(t, got, "other")
		time.Sleep(time.Second)
		require.Equal(t, "event: active\ndata: {\"persons\":3,\"window\":\"5m\"}\n\n", c.got())
		time.Sleep(10 * time.Second)
		require.Empty(t, c.got(), "nothing happened")
		time.Sleep(15 * time.Second)
		require.Equal(t, ":\n\n", c.got())
		time.Sleep(time.Hour)
		require.NotEmpty(t, c.got())
		<-c.gone // so that the key is looked at again
	})
}

// TestLiveKnowsPersons sees a visitor before and after a login.
func TestLiveKnowsPersons(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, nil)
		c := s.look(t, "rk_shop")
		defer c.leave()
		s.happen(t, "shop", 1)
		time.Sleep(livePace)
		require.Contains(t, c.got(), `"person":"visitor:v"`)
		s.store.login.Store(true)
		time.Sleep(5 * time.Second)
		before := s.store.asked.Load()
		for range 10 {
			s.happen(t, "shop", 100)
			time.Sleep(livePace)
		}
		require.Contains(t, c.got(), `"visitor":"v","user":null,"person":"user:ann"`)
		require.LessOrEqual(t, s.store.asked.Load()-before, int64(3+2*3), "it is asked once, beside who is active")
	})
}

// livePace is how long events are gathered.
const livePace = 100 * time.Millisecond

// TestLiveCountsOnce looks with many clients: what is asked does not grow with
// them, and nothing is asked when nothing happened.
func TestLiveCountsOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, nil)
		var clients []*client
		for range 50 {
			c := s.look(t, "rk_shop")
			defer c.leave()
			clients = append(clients, c)
		}
		time.Sleep(time.Second)
		before := s.store.asked.Load()
		const seconds = 20
		for range seconds * 4 {
			s.store.events.Add(1)
			time.Sleep(250 * time.Millisecond)
		}
		asked := s.store.asked.Load() - before
		require.LessOrEqual(t, asked, int64(3*seconds), "three statements a second at most")
		require.GreaterOrEqual(t, asked, int64(seconds-1))
		for _, c := range clients {
			require.InDelta(t, seconds, strings.Count(c.got(), "event: active"), 2)
		}
		time.Sleep(1500 * time.Millisecond) // between two looks
		before = s.store.asked.Load()
		time.Sleep(8 * time.Second) // less than until it is counted anew
		require.Equal(t, before, s.store.asked.Load())
	})
}

// TestLiveResumes comes back with the last id that it was given.
func TestLiveResumes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, nil)
		c := s.look(t, "rk_shop")
		s.happen(t, "shop", 3)
		time.Sleep(livePace)
		got := c.got()
		c.leave()
		s.happen(t, "shop", 5)
		ids := idsOf(got)
		again := s.look(t, "rk_shop", "Last-Event-ID", ids[len(ids)-1])
		require.Equal(t, 5, strings.Count(again.got(), "event: event\n"))
		again.leave()
		again = s.look(t, "rk_shop", "Last-Event-ID", ids[len(ids)-2])
		require.Equal(t, 6, strings.Count(again.got(), "event: event\n"))
		again.leave()
		again = s.look(t, "rk_shop", "Last-Event-ID", "nonsense")
		require.Contains(t, again.got(), "event: gap\ndata: {\"missed\":null}\n\nevent: event\n")
		again.leave()
		again = s.look(t, "rk_other", "Last-Event-ID", ids[len(ids)-1])
		got = again.got()
		require.NotContains(t, got, "event: event\n", "the cursor of one tenant opens nothing of it to another")
		again.leave()
	})
}

// idsOf returns the cursors of a stream.
func idsOf(text string) (ids []string) {
	for line := range strings.SplitSeq(text, "\n") {
		if id, ok := strings.CutPrefix(line, "id: "); ok {
			ids = append(ids, id)
		}
	}
	return ids
}

// TestSlowClients has one that takes nothing for a while. It is told what it
// missed; the others and the writer notice nothing of it.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, nil)
		slow, quick := s.look(t, "rk_shop"), s.look(t, "rk_shop")
		defer quick.leave()
		defer slow.leave()
		slow.got()
		quick.got()
		stuck := make(chan struct{})
		slow.stick(stuck)
		events := 0
		for range 100 {
			began := time.Now()
			s.happen(t, "shop", 50)
			require.Zero(t, time.Since(began))
			time.Sleep(livePace)
			events += strings.Count(quick.got(), "event: event\n")
		}
		require.Equal(t, 5000, events)
		slow.stick(nil)
		close(stuck)
		time.Sleep(2 * time.Second)
		got := slow.got()
		require.Equal(t, 1, strings.Count(got, "event: gap\ndata: {\"missed\":"), "it is told once")
		require.NotContains(t, got, `"missed":null`)
		require.Contains(t, got, "event: event\n")
	})
}

func TestLiveIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, func(c *query.Config) { c.LiveClients = 2 })
		a, b := s.look(t, "rk_shop"), s.look(t, "rk_shop")
		c := s.look(t, "rk_shop")
		<-c.gone
		require.Equal(t, 429, c.code)
		require.Equal(t, "10", c.header.Get("Retry-After"))
		other := s.look(t, "rk_other")
		require.Equal(t, 200, other.code, "whatever another tenant does")
		a.leave()
		c = s.look(t, "rk_shop")
		require.Equal(t, 200, c.code)

		s.handler.EndLive()
		s.handler.EndLive()
		<-b.gone
		<-c.gone
		<-other.gone
		late := s.look(t, "rk_shop")
		<-late.gone
		require.Equal(t, 503, late.code)
	})
}

func TestLiveWantsAReadKey(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	for key, want := range map[string]int{"": 401, "rk_nobody": 401, "wk_shop": 403} {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/live", nil)
		r.Header.Set("Authorization", "Bearer "+key)
		s.handler.ServeHTTP(w, r)
		require.Equal(t, want, w.Code, key)
	}
	for method, want := range map[string]int{"POST": 405, "HEAD": 405, "GET": 400} {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), method, "/api/v1/live?after=x", nil)
		r.Header.Set("Authorization", "Bearer rk_shop")
		s.handler.ServeHTTP(w, r)
		require.Equal(t, want, w.Code, method)
	}
	without := newStage(t, func(c *query.Config) { c.Live = nil })
	w := httptest.NewRecorder()
	without.handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/live", nil))
	require.Equal(t, 404, w.Code)
}

// TestLiveOutlivesTheServersDeadlines has a server that gives requests half a
// second, and stops while somebody looks.
func TestLiveOutlivesTheServersDeadlines(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	server := httptest.NewUnstartedServer(s.handler)
	server.Config.ReadTimeout, server.Config.WriteTimeout = 500*time.Millisecond, 500*time.Millisecond
	server.Config.RegisterOnShutdown(s.handler.EndLive)
	server.Start()
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/api/v1/live", nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer rk_shop")
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	lines := bufio.NewScanner(response.Body)
	until := func(line string) {
		for lines.Scan() {
			if lines.Text() == line {
				return
			}
		}
		require.Fail(t, "the stream has ended", lines.Err())
	}
	began := time.Now()
	for time.Since(began) < 1500*time.Millisecond {
		s.happen(t, "shop", 1)
		until("event: event")
	}
	until("event: active")
	require.NoError(t, server.Config.Shutdown(t.Context()))
	for ok := true; ok; {
		ok = lines.Scan() // what was on its way
	}
	require.NoError(t, lines.Err(), "it ends as an answer does")
}
