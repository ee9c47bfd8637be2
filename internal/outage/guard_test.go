package outage

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
)

// counted is a counter whose sum can be seen.
type counted struct {
	noop.Int64Counter
	n int64
}

func (c *counted) Add(_ context.Context, n int64, _ ...metric.AddOption) { c.n += n }

type bundle struct {
	*Guard
	log    bytes.Buffer
	missed counted
}

func setup() *bundle {
	b := &bundle{}
	b.Guard = New(Config{
		Name: "test", Timeout: 50 * time.Millisecond, Pause: time.Second,
		Logger: slog.New(slog.NewTextHandler(&b.log, nil)), Missed: &b.missed,
	})
	return b
}

// service answers, unless it is broken or stuck.
type service struct {
	calls int
	err   error
	stuck bool
}

func (s *service) call(ctx context.Context) (int, error) {
	s.calls++
	if s.stuck {
		<-ctx.Done()
		return 0, ctx.Err()
	}
	return 7, s.err
}

func TestCallFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, s := setup(), &service{}
		ask := func() error { _, err := Call(t.Context(), b.Guard, s.call); return err }
		value, err := Call(t.Context(), b.Guard, s.call)
		require.NoError(t, err)
		require.Equal(t, 7, value)

		s.err = errors.New("broken")
		require.ErrorIs(t, ask(), s.err)
		for range 100 {
			require.ErrorIs(t, ask(), ErrAway)
		}
		require.Equal(t, 2, s.calls, "nobody asks for a while")
		time.Sleep(time.Second)
		require.ErrorIs(t, ask(), s.err, "one asks again")
		require.ErrorIs(t, ask(), ErrAway)
		require.EqualValues(t, 103, b.missed.n)
		require.Equal(t, 1, strings.Count(b.log.String(), "\n"), "an outage is told once: %s", &b.log)
		require.Contains(t, b.log.String(), "service is away and done without")

		s.err = nil
		time.Sleep(time.Second)
		require.NoError(t, ask())
		require.NoError(t, ask())
		require.Contains(t, b.log.String(), "service is back")
		s.err = errors.New("broken")
		require.Error(t, ask())
		require.Equal(t, 3, strings.Count(b.log.String(), "\n"), "the next one is told again")
	})
}

func TestCallIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, end := setup(), make(chan struct{})
		began := time.Now()
		_, err := Call(t.Context(), b.Guard, func(context.Context) (int, error) { <-end; return 0, nil })
		require.ErrorIs(t, err, errSlow)
		require.Equal(t, 50*time.Millisecond, time.Since(began), "even if its client does not look at the context")
		close(end)
		_, err = Call(t.Context(), b.Guard, (&service{}).call)
		require.ErrorIs(t, err, ErrAway, "an answer that came too late does not end an outage")
	})
}

func TestCallerWhoGoesIsNoOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err := Call(ctx, b.Guard, (&service{stuck: true}).call)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		_, err = Call(t.Context(), b.Guard, (&service{}).call)
		require.NoError(t, err)
		require.Zero(t, b.missed.n)
		require.Empty(t, b.log.String())
	})
}

func BenchmarkCall(b *testing.B) {
	s := setup()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Call(b.Context(), s.Guard, func(context.Context) (int, error) { return 1, nil }); err != nil {
			b.Fatal(err)
		}
	}
}
