package redis

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/internal/redistest"
	"github.com/footfall-go/footfall/query"
)

func splitLines(text string) iter.Seq[string] { return strings.SplitSeq(text, "\r\n") }

func TestAnswers(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	a, b := newShared(t, s, func(c *Config) { c.MaxAnswer = 10_000 }), newShared(t, s, nil)
	got, err := a.Get(t.Context(), "k")
	require.NoError(t, err)
	require.Nil(t, got)
	text := []byte(strings.Repeat(`{"values":[1,2,3]}`, 500))
	require.NoError(t, a.Set(t.Context(), "k", text, time.Minute))
	got, err = b.Get(t.Context(), "k")
	require.NoError(t, err)
	require.Equal(t, text, got)
	stored, err := a.client.Do(t.Context(), a.client.B().Get().Key("footfall:answer:k").Build()).AsBytes()
	require.NoError(t, err)
	require.Less(t, len(stored), len(text)/10)
	left, err := a.client.Do(t.Context(), a.client.B().Pttl().Key("footfall:answer:k").Build()).AsInt64()
	require.NoError(t, err)
	require.InDelta(t, 60_000, left, 30_000)

	large := bytes.Repeat([]byte("x"), 10_001)
	require.NoError(t, a.Set(t.Context(), "large", large, time.Minute))
	got, err = b.Get(t.Context(), "large")
	require.NoError(t, err)
	require.Nil(t, got, "it is too large to be kept")
	require.NoError(t, b.Set(t.Context(), "large", large, time.Minute))
	_, err = a.Get(t.Context(), "large")
	require.ErrorContains(t, err, "too large")
	require.NoError(t, a.Set(t.Context(), "short", text, 20*time.Millisecond))
	require.Eventually(t, func() bool { got, err := b.Get(t.Context(), "short"); return err == nil && got == nil }, 30*time.Second, time.Millisecond)
	require.NoError(t, a.client.Do(t.Context(), a.client.B().Set().Key("footfall:answer:bad").Value("\xff\xff\xff\xff\xff\xff\xff").Build()).Error())
	_, err = b.Get(t.Context(), "bad")
	require.Error(t, err)
}

// TestAnswersOutage never waits long, and comes back.
func TestAnswersOutage(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	var log redistest.Log
	a := newShared(t, s, func(c *Config) {
		c.Timeout, c.Pause, c.Logger = 2*time.Second, 50*time.Millisecond, slog.New(slog.NewTextHandler(&log, nil))
	})
	works := func() bool {
		began := time.Now()
		err := a.Set(t.Context(), "k", []byte("1"), time.Minute)
		_, err2 := a.Get(t.Context(), "k")
		require.Less(t, time.Since(began), 10*time.Second)
		return err == nil && err2 == nil
	}
	require.True(t, works())
	for i, way := range [][2]func(testing.TB){{s.Kill, s.Restart}, {s.Pause, s.Resume}} {
		way[0](t)
		for range 20 {
			require.False(t, works())
		}
		require.Equal(t, i+1, strings.Count(log.String(), "is away"), log.String())
		way[1](t)
		require.Eventually(t, works, 30*time.Second, 10*time.Millisecond)
		require.Equal(t, i+1, strings.Count(log.String(), "is back"), log.String())
	}
}

func TestStartWithoutRedis(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	s.Kill(t)
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{s.Addr}, ForceSingleClient: true})
	require.Error(t, err)
	defer client.Close()
	a, err := New(Config{Client: client, Pause: time.Millisecond, LiveTimeout: 500 * time.Millisecond})
	require.NoError(t, err)
	_, err = a.Get(t.Context(), "k")
	require.Error(t, err)
	require.Error(t, a.Write(t.Context(), bought(t, "shop", 1)))
	s.Restart(t)
	require.Eventually(t, func() bool {
		_, err := a.Get(t.Context(), "k")
		return err == nil && a.Write(t.Context(), bought(t, "shop", 1)) == nil
	}, 30*time.Second, 5*time.Millisecond)
}

func TestConfig(t *testing.T) {
	t.Parallel()
	_, err := New(Config{Events: -1})
	require.ErrorContains(t, err, "Config.Client is required")
	require.ErrorContains(t, err, "not negative")
}

// BenchmarkAnswers has the answer of a trend over a quarter with ten values of a
// breakdown, and the size of it before and after packing.
func BenchmarkAnswers(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	result := &query.TrendResult{}
	for day := range 90 {
		result.Buckets = append(result.Buckets, time.Date(2024, 1, 1+day, 0, 0, 0, 0, time.UTC))
	}
	for i := range 10 {
		p := query.Points{Name: fmt.Sprint("series ", i)}
		for range result.Buckets {
			n := float64(rng.IntN(10_000))
			p.Values = append(p.Values, &n)
		}
		result.Series = append(result.Series, p)
	}
	text, err := json.Marshal(query.Answer{Kind: "trend", Result: result})
	require.NoError(b, err)
	shared := newShared(b, redistest.Start(b), nil)
	b.Run("set", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			require.NoError(b, shared.Set(b.Context(), "k", text, time.Minute))
		}
		n, err := shared.client.Do(b.Context(), shared.client.B().Strlen().Key("footfall:answer:k").Build()).AsInt64()
		require.NoError(b, err)
		b.ReportMetric(float64(len(text)), "plain-bytes")
		b.ReportMetric(float64(n), "packed-bytes")
	})
	b.Run("get", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			got, err := shared.Get(b.Context(), "k")
			if err != nil || got == nil {
				b.Fatal(err)
			}
		}
	})
}
