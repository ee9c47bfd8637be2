package streamtest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/streamtest"
)

func TestMemoryFaults(t *testing.T) {
	t.Parallel()
	m := streamtest.NewMemory(1)
	boom := errors.New("boom")
	lost := errors.New("lost")
	one := func() []footfall.Record { return []footfall.Record{{Events: 1, Tenant: "t", Value: []byte("v")}} }

	m.SetFaults(streamtest.Faults{Append: func([]footfall.Record) error { return boom }})
	require.ErrorIs(t, m.Append(t.Context(), one()), boom)
	require.Empty(t, m.Records(0))
	m.SetFaults(streamtest.Faults{Appended: func([]footfall.Record) error { return lost }})
	require.ErrorIs(t, m.Append(t.Context(), one()), lost)
	require.Len(t, m.Records(0), 1)

	ctx, cancel := context.WithCancel(t.Context())
	require.NoError(t, m.Own(ctx, func(ctx context.Context, p stream.Partition) error {
		defer cancel()
		m.SetFaults(streamtest.Faults{Commit: func(uint16, stream.Plan) error { return boom }})
		require.ErrorIs(t, p.Commit(ctx, stream.Plan{To: 1}), boom)
		_, ok := m.Plan(0)
		require.False(t, ok)
		m.SetFaults(streamtest.Faults{Committed: func(uint16, stream.Plan) error { return lost }})
		require.ErrorIs(t, p.Commit(ctx, stream.Plan{To: 1}), lost)
		plan, ok := m.Plan(0)
		require.True(t, ok)
		require.Equal(t, stream.Plan{To: 1}, plan)
		return nil
	}))
}

func TestMemoryFence(t *testing.T) {
	t.Parallel()
	m := streamtest.NewMemory(1)
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	require.NoError(t, m.Own(ctx, func(owned context.Context, p stream.Partition) error {
		calls++
		switch calls {
		case 1: // told
			m.Fence(0)
			<-owned.Done()
			require.ErrorIs(t, p.Commit(t.Context(), stream.Plan{}), stream.ErrFenced)
			return owned.Err()
		case 2: // not told
			m.FenceSilently(0)
			require.NoError(t, owned.Err())
			err := p.Commit(owned, stream.Plan{})
			require.ErrorIs(t, err, stream.ErrFenced)
			return err
		}
		require.NoError(t, p.Commit(owned, stream.Plan{}))
		cancel()
		return nil
	}))
	require.Equal(t, 3, calls)

	boom := errors.New("boom")
	require.ErrorIs(t, m.Own(t.Context(), func(context.Context, stream.Partition) error { return boom }), boom)
}

func TestMemory(t *testing.T) {
	t.Parallel()
	for _, partitions := range []int{1, 3} {
		streamtest.Run(t,
			func(testing.TB) stream.Log { return streamtest.NewMemory(partitions) },
			streamtest.Partitions(partitions),
			streamtest.Reopen(func(_ testing.TB, log stream.Log) stream.Log { return log }),
			streamtest.Second(func(_ testing.TB, log stream.Log) (stream.Log, error) { return log, nil }),
			streamtest.Trim(func(_ testing.TB, log stream.Log, before int64) { log.(*streamtest.Memory).Trim(0, before) }),
		)
	}
}
