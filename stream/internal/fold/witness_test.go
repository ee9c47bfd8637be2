package fold

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/internal/schema"
)

// TestWitnesses are the last events that were to be stored, one of each record,
// newest first; duplicates, parked and erased ones are none, and a snapshot has them.
func TestWitnesses(t *testing.T) {
	t.Parallel()
	s, f := newFeed(1)
	apply := func(kind record.Kind, visitor string, ids ...string) {
		h := f.header
		h.Kind = kind
		f.enc.Reset(h)
		for _, id := range ids {
			f.enc.Add(&record.Event{Type: footfall.Track, Name: []byte("n" + id), MessageID: []byte(id), Anonymous: []byte(visitor), Time: 1234})
		}
		rec := f.enc.Record(0)
		rec.Offset, rec.Time = f.offset, f.now
		f.offset++
		require.NoError(t, s.Apply(&rec, &f.out))
	}
	ids := func() (all []string) {
		for _, w := range s.Witnesses() {
			all = append(all, fmt.Sprintf("%d.%d %s", w.Event.Position.Offset, w.Event.Position.Index, w.Event.MessageID))
		}
		return all
	}
	require.Empty(t, s.Witnesses())
	apply(record.Events, "a", "1", "2")
	apply(record.Events, "a", "3", "1")
	apply(record.Events, "a", "3", "1")
	apply(record.Parked, "a", "4")
	apply(record.Events, "b", "5")
	require.Equal(t, []string{"4.0 5", "1.0 3", "0.1 2"}, ids())
	b := s.Witnesses()[0]
	require.Equal(t, footfall.Event{
		Tenant: f.header.Tenant, Name: "n5", MessageID: "5", Visitor: schema.VisitorID(f.header.Tenant, "b"), Time: 1234,
		Received: f.header.Received, Position: b.Event.Position,
	}, b.Event)
	require.Equal(t, f.now, b.Clock)

	var u footfall.Upserts
	s.Flush(&u)
	restored, err := Restore(0, 0, Limits{}, bytes.NewReader(read(t, s)))
	require.NoError(t, err)
	require.Equal(t, s.Witnesses(), restored.Witnesses())

	order := func(e record.Erase) {
		rec, err := record.NewOrder(f.header, 0, record.Order{Erase: &e})
		require.NoError(t, err)
		rec.Offset, rec.Time = f.offset, f.now
		f.offset++
		require.NoError(t, s.Apply(&rec, &f.out))
		require.Len(t, s.PendingErasures(), 1)
		s.Flush(&u)
	}
	order(record.Erase{Name: "a", Visitors: []string{"a"}})
	require.Equal(t, []string{"4.0 5"}, ids())
	for i := range 40 {
		apply(record.Events, "c", fmt.Sprint("c", i))
	}
	require.Len(t, ids(), keptWitnesses)
	require.Equal(t, "45.0 c39", ids()[0])
	order(record.Erase{Name: "all", All: true})
	require.Empty(t, ids())
	apply(record.Events, "c", "d")
	require.Equal(t, []string{"47.0 d"}, ids())
}
