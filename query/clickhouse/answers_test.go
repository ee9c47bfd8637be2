package clickhouse_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/query"
)

// shelf is query.Answers in memory.
type shelf struct{ kept sync.Map }

func (s *shelf) Get(_ context.Context, key string) ([]byte, error) {
	text, _ := s.kept.Load(key)
	b, _ := text.([]byte) // nil if there is none
	return b, nil
}

func (s *shelf) Set(_ context.Context, key string, answer []byte, _ time.Duration) error {
	s.kept.Store(key, bytes.Clone(answer))
	return nil
}

// nowhere is a store that cannot be asked.
type nowhere struct{}

func (nowhere) Query(context.Context, query.Statement) (query.Rows, error) {
	return nil, errors.New("the store was asked")
}

// TestAnswersPassAsBytes asks one process questions of every kind and then another
// that has no store: it sends the very same.
func TestAnswersPassAsBytes(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.write(
		ev{at: "2024-03-01T10:00:00Z", name: "Buy", visitor: "v", user: "them", session: 7, props: `{"x":"<fine> & \u2028 é","n":0.1,"big":12345678901234567890, "sp" : [1, null]}`},
		ev{at: "2024-03-01T10:05:00Z", name: "$page", visitor: "v", session: 7, props: `{"path":"/a"}`},
		ev{at: "2024-04-02T10:00:00Z", name: "Buy", user: "other", props: `{"x":"y","n":3}`},
	)
	answers, now := &shelf{}, time.Date(2024, 12, 1, 12, 0, 0, 0, time.UTC)
	engine := func(conn query.Conn) *query.Engine {
		e, err := query.NewEngine(query.Config{
			Conn: conn, Answers: answers, Version: func(context.Context) string { return "1" },
			Now: func() time.Time { return now }, Watermark: func(context.Context) time.Time { return now },
		})
		require.NoError(t, err)
		return e
	}
	one, other := engine(w.conn), engine(nowhere{})
	sent := func(v any) string {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		require.NoError(t, e.Encode(v))
		return b.String()
	}
	kinds := map[string]bool{}
	for _, sample := range samples {
		if strings.Contains(sample, "theirs-segment") {
			continue // nobody has stored it
		}
		q, err := query.Parse([]byte(places.Replace(sample)))
		require.NoError(t, err, sample)
		first, err := one.Run(t.Context(), w.tenant, q)
		require.NoError(t, err, sample)
		var again *query.Answer
		require.Eventually(t, func() bool { again, err = other.Run(t.Context(), w.tenant, q); return err == nil }, time.Minute, time.Millisecond, sample)
		require.True(t, again.Stats.Cached)
		again.Stats = first.Stats
		require.Equal(t, sent(first), sent(again), sample)
		require.IsType(t, first.Result, again.Result)
		kinds[q.Kind()] = true
	}
	require.Len(t, kinds, len(kindsOfQuestions))
	first, err := one.Catalog(t.Context(), w.tenant, query.CatalogQuery{})
	require.NoError(t, err)
	require.NotEmpty(t, first.Properties)
	require.Eventually(t, func() bool {
		again, err := other.Catalog(t.Context(), w.tenant, query.CatalogQuery{})
		return err == nil && sent(first) == sent(again)
	}, time.Minute, time.Millisecond)
}
