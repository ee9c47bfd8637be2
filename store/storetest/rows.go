package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

var start = footfall.MillisOf(time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC))

func shop(tb testing.TB) tenant.ID { return parse(tb, "shop") }

func parse(tb testing.TB, text string) tenant.ID {
	tb.Helper()
	id, err := tenant.ParseID(text)
	require.NoError(tb, err)
	return id
}

// event returns the event at an offset of partition 3, epoch 1.
func event(tb testing.TB, offset int64, index uint32) footfall.Event {
	tb.Helper()
	id, visitor := shop(tb), fmt.Sprintf("visitor-%d", offset%7)
	at := start + footfall.Millis(offset*1000) + footfall.Millis(index)
	return footfall.Event{
		Tenant: id, Position: footfall.Position{Epoch: 1, Partition: 3, Offset: offset, Index: index},
		Type: footfall.Track, Name: "Product Viewed", MessageID: fmt.Sprintf("m-%d-%d", offset, index),
		Time: at, Original: at - 20, Sent: at, Received: at + 35,
		AnonymousID: visitor, Visitor: schema.VisitorID(id, visitor), Session: uint64(offset) + 1,
		Properties: fmt.Sprintf(`{"price":%d.5,"currency":"EUR"}`, offset), Context: `{"locale":"de-DE"}`,
		Derived: `{"$browser":"Firefox"}`,
	}
}

// batch returns the events of records [from, to), two of each record.
func batch(tb testing.TB, from, to int64) *footfall.Batch {
	tb.Helper()
	b := &footfall.Batch{Epoch: 1, Partition: 3, From: from, To: to}
	for offset := from; offset < to; offset++ {
		b.Events = append(b.Events, event(tb, offset, 0), event(tb, offset, 1))
	}
	return b
}

func (s *subject) insert(t *testing.T, b *footfall.Batch, attempt int) {
	t.Helper()
	require.NoError(t, s.Insert(t.Context(), b, attempt))
}

func (s *subject) upsert(t *testing.T, u *footfall.Upserts) {
	t.Helper()
	if u.Partition == 0 {
		u.Partition = 3 // that of the batches
	}
	require.NoError(t, s.Upsert(t.Context(), u))
}

// requirePresent compares what is present of [from, to) in partition 3.
func (s *subject) requirePresent(t *testing.T, from, to int64, events []footfall.Event) {
	t.Helper()
	got, err := s.Present(t.Context(), 1, 3, from, to)
	require.NoError(t, err)
	want := make([]footfall.Coordinate, 0, len(events))
	for i := range events {
		want = append(want, footfall.Coordinate{Offset: events[i].Position.Offset, Index: events[i].Position.Index})
	}
	compare := func(a, b footfall.Coordinate) int {
		return footfall.Position{Offset: a.Offset, Index: a.Index}.Compare(footfall.Position{Offset: b.Offset, Index: b.Index})
	}
	slices.SortFunc(got, compare)
	slices.SortFunc(want, compare)
	// Compared as a whole first: a list of 100,000 differences helps nobody.
	if got = slices.Compact(got); !slices.Equal(want, got) {
		require.Len(t, got, len(want))
		require.Equal(t, want[:min(20, len(want))], got[:min(20, len(got))])
		require.FailNow(t, "coordinates differ")
	}
}

func (s *subject) requireRows(t *testing.T, want int) {
	t.Helper()
	got, err := s.Rows(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, got, "rows written")
}

// requireEvents compares what a query sees with events, whatever the order.
func (s *subject) requireEvents(t *testing.T, events []footfall.Event) {
	t.Helper()
	got, err := s.Events(t.Context())
	require.NoError(t, err)
	want := slices.Clone(events)
	for i := range want {
		e := &want[i]
		e.AnonymousID, e.UserID, e.PreviousID, e.Derived = "", "", "", ""
	}
	byPosition := func(a, b footfall.Event) int {
		return strings.Compare(fmt.Sprint(a.Position), fmt.Sprint(b.Position))
	}
	slices.SortFunc(got, byPosition)
	slices.SortFunc(want, byPosition)
	require.Len(t, got, len(want))
	for i := range want {
		require.Equal(t, want[i], got[i])
	}
}
