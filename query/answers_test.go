package query_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/tenant"
)

// shelf is Answers in memory.
type shelf struct {
	mu   sync.Mutex
	kept map[string][]byte
	ttls []time.Duration
	err  error
	// forged is what there is under every key, nil for what is kept.
	forged []byte
}

func (s *shelf) Get(_ context.Context, key string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.forged != nil {
		return s.forged, s.err
	}
	return s.kept[key], s.err
}

func (s *shelf) Set(ctx context.Context, key string, answer []byte, ttl time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil && ctx.Err() == nil {
		s.kept[key] = answer
		s.ttls = append(s.ttls, ttl)
	}
	return s.err
}

func (s *shelf) size() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.kept)
}

// counter counts the statements of one process.
type counter struct {
	store *counting
	asked *atomic.Int64
}

func (c counter) Query(ctx context.Context, s query.Statement) (query.Rows, error) {
	c.asked.Add(1)
	return c.store.Query(ctx, s)
}

// newProcesses returns two that see the same store and have answers in common.
func newProcesses(t *testing.T, answers query.Answers) (a, b *sharing) {
	t.Helper()
	a = newSharing(t)
	b = &sharing{store: &counting{}}
	engine := func(s *sharing) *query.Engine {
		e, err := query.NewEngine(query.Config{
			Conn: counter{a.store, &s.store.asked}, Version: a.store.version, Answers: answers,
			Now:       func() time.Time { return time.UnixMilli(a.now.Load()) },
			Watermark: func(context.Context) time.Time { return time.UnixMilli(a.store.events.Load()) },
		})
		require.NoError(t, err)
		return e
	}
	a.engine, b.engine = engine(a), engine(b)
	return a, b
}

const someX = `{"property":"event.x","op":"is_set"}`

func TestAnswersOfOtherProcesses(t *testing.T) {
	t.Parallel()
	s := &shelf{kept: map[string][]byte{}}
	a, b := newProcesses(t, s)
	shop, other := a.tenant(t, "shop", tenant.Settings{}), a.tenant(t, "other", tenant.Settings{})
	a.store.events.Add(3)
	first := a.ask(t, shop, someX)
	require.False(t, first.Stats.Cached)
	require.Eventually(t, func() bool { return s.size() == 1 }, 10*time.Second, time.Millisecond)
	require.Equal(t, []time.Duration{time.Minute}, s.ttls)

	again := b.ask(t, shop, someX)
	require.Zero(t, b.store.asked.Load(), "it did not read")
	require.True(t, again.Stats.Cached)
	require.Zero(t, again.Stats.Rows)
	require.Equal(t, first.Result, again.Result)
	require.Equal(t, first.Watermark, again.Watermark)
	require.Equal(t, first.Text, again.Text)
	b.ask(t, shop, someX)
	require.Zero(t, b.store.asked.Load())

	require.False(t, b.ask(t, other, someX).Stats.Cached, "another tenant's is not his")
	a.store.events.Add(1)
	require.False(t, b.ask(t, shop, someX).Stats.Cached, "something else can be seen")

	// Neither what is broken nor what is foreign is an answer.
	for _, text := range []string{"", "{", "null", `{"kind":"funnel","result":{}}`, `{"kind":"trend","result":7}`, `[1]`} {
		a.now.Add(60_000)
		asked := b.store.asked.Load()
		s.mu.Lock()
		s.forged = []byte(text)
		s.mu.Unlock()
		require.NotNil(t, b.ask(t, shop, someX).Result)
		require.Greater(t, b.store.asked.Load(), asked)
	}
	s.mu.Lock()
	s.forged, s.err = nil, errors.New("away")
	s.mu.Unlock()
	a.now.Add(60_000)
	require.False(t, a.ask(t, shop, someX).Stats.Cached)
	require.False(t, b.ask(t, shop, someX).Stats.Cached, "without them each answers by itself")
}

// TestAnswersOfOthersAreNeverStale asks two processes while events appear: what
// could be seen before a question is in its answer, whoever computed it.
func TestAnswersOfOthersAreNeverStale(t *testing.T) {
	t.Parallel()
	a, b := newProcesses(t, &shelf{kept: map[string][]byte{}})
	shop := a.tenant(t, "shop", tenant.Settings{})
	var all sync.WaitGroup
	for i, s := range []*sharing{a, b, a, b} {
		all.Go(func() {
			for n := range 200 {
				if i == 0 && n%3 == 0 {
					a.store.events.Add(1)
				}
				seen := float64(a.store.events.Load())
				answer, err := s.run(t.Context(), shop, someX)
				if err != nil {
					t.Error(err)
					return
				}
				total := *answer.Result.(*query.TrendResult).Series[0].Total
				if total < seen || total < float64(answer.Watermark.UnixMilli()) {
					t.Errorf("%v events were there before the question and %v are promised, but %v are in the answer", seen, answer.Watermark.UnixMilli(), total)
				}
			}
		})
	}
	all.Wait()
}
