package query_test

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/tenant"
)

// counting is a store in which events appear: each statement has as its number
// how many there are.
type counting struct {
	events, asked atomic.Int64
}

func (c *counting) Query(context.Context, query.Statement) (query.Rows, error) {
	c.asked.Add(1)
	n := float64(c.events.Load())
	return &fakeRows{rows: [][]any{{uint64(1), int64(0), &n}}}, nil
}

// version is a state of the log that a statement can see.
func (c *counting) version(context.Context) string { return strconv.FormatInt(c.events.Load(), 10) }

type sharing struct {
	store  *counting
	engine *query.Engine
	now    atomic.Int64
}

func newSharing(tb testing.TB) *sharing {
	tb.Helper()
	s := &sharing{store: &counting{}}
	s.now.Store(time.Date(2024, 2, 3, 10, 0, 30, 0, time.UTC).UnixMilli())
	var err error
	s.engine, err = query.NewEngine(query.Config{
		Conn: s.store, Version: s.store.version,
		Now:       func() time.Time { return time.UnixMilli(s.now.Load()) },
		Watermark: func(context.Context) time.Time { return time.UnixMilli(s.store.events.Load()) },
	})
	require.NoError(tb, err)
	return s
}

func (s *sharing) tenant(tb testing.TB, id string, settings tenant.Settings) *tenant.Tenant {
	tb.Helper()
	parsed, err := tenant.ParseID(id)
	require.NoError(tb, err)
	return &tenant.Tenant{ID: parsed, Settings: settings.WithDefaults()}
}

func (s *sharing) ask(tb testing.TB, t *tenant.Tenant, filter string) *query.Answer {
	tb.Helper()
	answer, err := s.run(tb.Context(), t, filter)
	require.NoError(tb, err)
	return answer
}

func (s *sharing) run(ctx context.Context, t *tenant.Tenant, filter string) (*query.Answer, error) {
	q, err := query.Parse([]byte(`{"kind":"trend","interval":"total","range":{"last":"1h"},"series":[{"event":"a"}],"filter":` + filter + `}`))
	if err != nil {
		return nil, err
	}
	return s.engine.Run(ctx, t, q)
}

func TestAnswersAreShared(t *testing.T) {
	t.Parallel()
	s := newSharing(t)
	shop := s.tenant(t, "shop", tenant.Settings{})
	const x, same = `{"property":"event.x","op":"eq","value":1}`, `{"and":[{"property":"event.x","op":"in","value":["1"]}]}`
	first := s.ask(t, shop, x)
	require.False(t, first.Stats.Cached)
	again := s.ask(t, shop, same)
	require.True(t, again.Stats.Cached)
	require.Zero(t, again.Stats.Rows)
	require.Equal(t, first.Result, again.Result)
	require.Equal(t, first.Watermark, again.Watermark)
	require.Contains(t, first.Text, "x is 1,")
	require.Contains(t, again.Text, `x is one of "1",`, "the text is that of the question itself")
	require.Equal(t, int64(1), s.store.asked.Load())

	for name, other := range map[string]*tenant.Tenant{
		"another tenant": s.tenant(t, "other", tenant.Settings{}),
		"another zone":   s.tenant(t, "shop", tenant.Settings{Zone: "Asia/Kathmandu"}),
		"another week":   s.tenant(t, "shop", tenant.Settings{WeekStart: tenant.SundayFirst}),
		"less retention": s.tenant(t, "shop", tenant.Settings{Retention: 24 * time.Hour}),
		"own partitions": s.tenant(t, "shop", tenant.Settings{Dedicated: true}),
	} {
		require.False(t, s.ask(t, other, x).Stats.Cached, name)
	}
	require.False(t, s.ask(t, shop, `{"not":`+x+`}`).Stats.Cached)
	s.store.events.Add(1)
	fresh := s.ask(t, shop, x)
	require.False(t, fresh.Stats.Cached, "something else can be seen")
	require.Equal(t, s.store.events.Load(), fresh.Watermark.UnixMilli())
	s.now.Add(29_999)
	require.True(t, s.ask(t, shop, x).Stats.Cached)
	s.now.Add(1)
	require.False(t, s.ask(t, shop, x).Stats.Cached, "a bucket may have ended with the minute")
}

// TestAnswersAreNeverStale asks while events appear. What could be seen before a
// question was asked is in its answer, shared or not, and the watermark of the
// answer promises no more than the answer has.
func TestAnswersAreNeverStale(t *testing.T) {
	t.Parallel()
	s := newSharing(t)
	shop := s.tenant(t, "shop", tenant.Settings{Queries: 2})
	var all sync.WaitGroup
	var cached atomic.Int64
	for i := range 8 {
		all.Go(func() {
			for n := range 300 {
				if i == 0 && n%3 == 0 {
					s.store.events.Add(1)
				}
				seen := float64(s.store.events.Load())
				answer, err := s.run(t.Context(), shop, `{"property":"event.x","op":"is_set"}`)
				if err != nil {
					t.Error(err)
					return
				}
				total := *answer.Result.(*query.TrendResult).Series[0].Total
				if total < seen || total < float64(answer.Watermark.UnixMilli()) {
					t.Errorf("%v events were there before the question and %v are promised, but %v are in the answer", seen, answer.Watermark.UnixMilli(), total)
				}
				if answer.Stats.Cached {
					cached.Add(1)
				}
			}
		})
	}
	all.Wait()
	require.Positive(t, cached.Load())
	require.Less(t, s.store.asked.Load(), int64(8*300))
}

// TestAnswersMayBeOlder asks for what may be a minute old, in a question and in one
// about it.
func TestAnswersMayBeOlder(t *testing.T) {
	t.Parallel()
	s := newSharing(t)
	shop := s.tenant(t, "shop", tenant.Settings{})
	ask := func(text string) *query.Answer {
		q, err := query.Parse([]byte(text))
		require.NoError(t, err)
		answer, err := s.engine.Run(t.Context(), shop, q)
		require.NoError(t, err)
		return answer
	}
	const trend = `{"kind":"trend","interval":"total","range":{"from":"2024-02-03","to":"2024-02-04"},"series":[{"event":"a"}]`
	first := ask(trend + `}`)
	s.store.events.Add(1)
	s.now.Add(20_000)
	older := ask(trend + `,"max_age":"30s"}`)
	require.True(t, older.Stats.Cached)
	require.Equal(t, first.Watermark, older.Watermark, "it says how old it is")
	require.False(t, ask(trend+`,"max_age":"19s"}`).Stats.Cached)
	s.store.events.Add(1)
	s.now.Add(40_000) // and the minute is another one
	require.True(t, ask(trend+`,"max_age":"40s"}`).Stats.Cached)
	require.False(t, ask(trend+`}`).Stats.Cached)
}

func TestWhoWaitsTooLongIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		conn := &fakeConn{block: true}
		keys, err := tenant.NewKeys(tenant.Registration{
			Tenant: tenant.Tenant{ID: (&sharing{}).tenant(t, "shop", tenant.Settings{}).ID, Settings: tenant.Settings{Queries: 1, QueryTime: 2 * time.Second}}, ReadKeys: []string{"rk_shop"},
		})
		require.NoError(t, err)
		handler, err := query.New(query.Config{Conn: conn, Auth: keys, Waiting: 1})
		require.NoError(t, err)
		d := &door{handler: handler, conn: conn}
		codes := make(chan int, 2)
		for range 2 {
			go func() { codes <- d.send(t, "POST", "/api/v1/query", total, "Authorization", asRead).Code }()
			synctest.Wait()
			time.Sleep(time.Second / 2)
		}
		w := d.send(t, "POST", "/api/v1/query", total, "Authorization", asRead)
		require.Equal(t, 429, w.Code, w.Body)
		require.Equal(t, "1", w.Header().Get("Retry-After"))
		require.Contains(t, w.Body.String(), "too many questions")
		require.Equal(t, 504, <-codes, "the first is not answered in its time")
		require.Equal(t, 504, <-codes, "and the second in what is left of its own")
	})
}
