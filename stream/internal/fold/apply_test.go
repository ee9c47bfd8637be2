package fold_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/stream/internal/fold"
)

// TestApplyRefuses shows that a record that is damaged or out of place changes
// neither the state nor the batch.
func TestApplyRefuses(t *testing.T) {
	t.Parallel()
	l := newLog(t, fold.Limits{})
	l.put(0, l.track(0, "v"))
	l.flush()
	events := l.track(0, "v")
	var enc record.Encoder
	enc.Reset(l.header)
	enc.Add(&events)
	good := enc.Record(0)
	good.Offset, good.Time = 1, start
	order, err := record.NewOrder(l.header, 0, record.Order{Erase: &record.Erase{All: true}})
	require.NoError(t, err)
	order.Offset = 1
	for name, damage := range map[string]func(*footfall.Record){
		"another epoch":     func(r *footfall.Record) { r.Epoch = 1 },
		"another partition": func(r *footfall.Record) { r.Partition = 1 },
		"an old offset":     func(r *footfall.Record) { r.Offset = 0 },
		"no header":         func(r *footfall.Record) { r.Header = nil },
		"cut":               func(r *footfall.Record) { r.Value = r.Value[:len(r.Value)-1] },
		"too long":          func(r *footfall.Record) { r.Value = append([]byte{}, append(r.Value, 0)...) },
		"too many events":   func(r *footfall.Record) { r.Events++ },
		"no order":          func(r *footfall.Record) { *r = order; r.Value = []byte("{}") },
	} {
		rec := good
		rec.Time += hour
		damage(&rec)
		out := footfall.Batch{Events: make([]footfall.Event, 1, 8)}
		require.ErrorIs(t, l.state.Apply(&rec, &out), record.ErrCorrupt, name)
		require.Len(t, out.Events, 1, name)
		require.Zero(t, out.Events[:8][7], name)
		require.Zero(t, l.state.Dirty(), name)
		require.EqualValues(t, 1, l.state.Next(), name)
	}
	var out footfall.Batch
	require.NoError(t, l.state.Apply(&good, &out))
	require.Len(t, out.Events, 1)
	require.EqualValues(t, 2, l.state.Next())
}

// TestClockNeverGoesBack shows that a record that claims an earlier time gets
// that of the one before it.
func TestClockNeverGoesBack(t *testing.T) {
	t.Parallel()
	l := newLog(t, fold.Limits{})
	l.put(hour, l.track(0, "v"))
	l.put(0, l.event(footfall.Track, 0, "v", "u"))
	u := l.flush()
	require.Len(t, u.Ledger, 1)
	require.EqualValues(t, 2, u.Ledger[0].Stored)
	require.Equal(t, start+hour, u.Links[0].Time)
}

// TestTextsOutliveTheRecord overwrites a record after it was folded, as a log
// may do with its buffers: what is flushed must not be made of it.
func TestTextsOutliveTheRecord(t *testing.T) {
	t.Parallel()
	l := newLog(t, fold.Limits{})
	l.header.Silo = "shop"
	ev := l.event(footfall.Track, 0, "visitor", "user")
	var enc record.Encoder
	enc.Reset(l.header)
	enc.Add(&ev)
	rec := enc.Record(0)
	rec.Time = start
	require.NoError(t, l.state.Apply(&rec, &footfall.Batch{}))
	clear(rec.Value)
	clear(rec.Header)
	u := l.flush()
	require.Equal(t, "visitor", u.IDs[0].Text)
	require.Equal(t, "user", u.IDs[1].Text)
	require.Equal(t, "shop", u.Sessions[0].Silo)
}
