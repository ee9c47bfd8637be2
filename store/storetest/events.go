package storetest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
)

func testPresent(t *testing.T, s *subject) {
	s.requirePresent(t, 0, math.MaxInt64, nil)
	b := batch(t, 10, 20)
	s.insert(t, b, 0)
	s.requirePresent(t, 10, 20, b.Events)
	s.requirePresent(t, 0, math.MaxInt64, b.Events)
	s.requirePresent(t, 12, 13, b.Events[4:6])
	s.requirePresent(t, 0, 10, nil)
	s.requirePresent(t, 20, 30, nil)
	s.requirePresent(t, 12, 12, nil)
}

// testSurvey is for stores that can tell which events they have; see
// [stream.Surveyor].
func testSurvey(t *testing.T, s *subject) {
	surveyor, ok := s.Store.(interface {
		Survey(ctx context.Context, epoch, partition uint16, from, to int64, most int) ([]footfall.Event, error)
	})
	if !ok {
		t.Skip("this store cannot tell which events it has")
	}
	require := require.New(t)
	survey := func(from, to int64, most int) []footfall.Event {
		held, err := surveyor.Survey(t.Context(), 1, 3, from, to, most)
		require.NoError(err)
		return held
	}
	require.Empty(survey(0, math.MaxInt64, 1))
	b := batch(t, 10, 20)
	s.insert(t, b, 0)
	other := batch(t, 30, 40)
	other.Epoch = 2
	for i := range other.Events {
		other.Events[i].Position.Epoch = 2
	}
	s.insert(t, other, 0)
	var all []footfall.Event
	for _, ev := range slices.Backward(b.Events) {
		all = append(all, footfall.Event{Tenant: ev.Tenant, MessageID: ev.MessageID, Position: ev.Position})
	}
	require.Equal(all, survey(0, math.MaxInt64, math.MaxInt32))
	require.Equal(all[:1], survey(-5, math.MaxInt64, 1))
	require.Equal(all[:3], survey(0, math.MaxInt64, 3))
	require.Equal(all[len(all)-4:len(all)-2], survey(11, 12, 10))
	require.Empty(survey(20, math.MaxInt64, 10))
	require.Empty(survey(0, 10, 10))
}

func testEmpty(t *testing.T, s *subject) {
	s.insert(t, &footfall.Batch{Epoch: 1, Partition: 3, From: 1, To: 5}, 0)
	s.upsert(t, &footfall.Upserts{})
	s.requireRows(t, 0)
}

func testSameAttempt(t *testing.T, s *subject) {
	b := batch(t, 0, 50)
	for range 3 {
		s.insert(t, b, 0)
	}
	// Batches of the same content elsewhere in the log are not the same.
	next := batch(t, 50, 100)
	s.insert(t, next, 0)
	s.insert(t, b, 0)
	s.requireRows(t, 200)
	s.requirePresent(t, 0, 100, append(b.Events, next.Events...))
}

func testLoss(t *testing.T, s *subject) {
	b := batch(t, 0, 50)
	s.insert(t, b, 0)
	require.NoError(t, s.Lose(t.Context(), 1, 3, 0, 50))
	s.requirePresent(t, 0, 50, nil)
	s.insert(t, b, 1)
	s.requirePresent(t, 0, 50, b.Events)
	s.requireRows(t, 100)
}

func testMissing(t *testing.T, s *subject) {
	b := batch(t, 0, 50)
	s.insert(t, b, 0)
	require.NoError(t, s.Lose(t.Context(), 1, 3, 20, 50))
	for attempt, to := range []int64{30, 40, 50} {
		part := *b
		part.Events = b.Events[40 : 2*to] // the rest of the claim is there
		if attempt > 0 {
			part.Events = b.Events[2*(to-10) : 2*to]
		}
		s.insert(t, &part, attempt+1)
		s.insert(t, &part, attempt+1)
		s.requirePresent(t, 0, 100, b.Events[:2*to])
	}
	s.requireRows(t, 100)
	s.requireEvents(t, b.Events)
}

func testPartitions(t *testing.T, s *subject) {
	b := batch(t, 0, 5)
	s.insert(t, b, 0)
	for _, other := range []footfall.Batch{{Epoch: 2, Partition: 3}, {Epoch: 1, Partition: 4}} {
		for _, e := range b.Events {
			e.Position.Epoch, e.Position.Partition = other.Epoch, other.Partition
			e.MessageID += fmt.Sprint(other.Epoch, other.Partition)
			other.Events = append(other.Events, e)
		}
		other.To = 5
		s.insert(t, &other, 0)
	}
	s.requireRows(t, 30)
	s.requirePresent(t, 0, 5, b.Events)
	require.NoError(t, s.Lose(t.Context(), 2, 3, 0, 5))
	require.NoError(t, s.Lose(t.Context(), 1, 4, 0, 5))
	s.requirePresent(t, 0, 5, b.Events)
	s.requireEvents(t, b.Events)
}

// later returns copies of a batch's events that were retransmitted after the
// fold had forgotten them: same ids, same day, other positions.
func later(b *footfall.Batch, by int64) *footfall.Batch {
	c := &footfall.Batch{Epoch: b.Epoch, Partition: b.Partition, From: b.From + by, To: b.To + by}
	for _, e := range b.Events {
		e.Position.Offset += by
		e.Received += 3 * 60 * 60 * 1000
		c.Events = append(c.Events, e)
	}
	return c
}

func testCopies(t *testing.T, s *subject) {
	b := batch(t, 0, 5)
	s.insert(t, later(b, 100), 0)
	s.insert(t, b, 0)
	s.insert(t, later(b, 200), 0)
	s.requireEvents(t, b.Events)
	require.NoError(t, s.Settle(t.Context()))
	s.requireEvents(t, b.Events)
	s.requirePresent(t, 0, 5, b.Events)
}

func testCollapsed(t *testing.T, s *subject) {
	b := batch(t, 0, 5)
	s.insert(t, b, 0)
	copies := later(b, 100)
	copies.Events = append(copies.Events, event(t, 110, 0))
	copies.To = 111
	s.insert(t, copies, 0)
	require.NoError(t, s.Settle(t.Context()))
	// What a processor does that was killed after the insert: it asks, and
	// sends what is not there. The store must not answer "missing" for ever.
	for attempt := range 5 {
		present, err := s.Present(t.Context(), 1, 3, 100, 111)
		require.NoError(t, err)
		have := map[footfall.Coordinate]bool{}
		for _, c := range present {
			have[c] = true
		}
		missing := *copies
		missing.Events = nil
		for _, e := range copies.Events {
			if !have[footfall.Coordinate{Offset: e.Position.Offset, Index: e.Position.Index}] {
				missing.Events = append(missing.Events, e)
			}
		}
		if len(missing.Events) == 0 {
			s.requireEvents(t, append(b.Events, event(t, 110, 0)))
			return
		}
		s.insert(t, &missing, attempt)
		require.NoError(t, s.Settle(t.Context()))
	}
	require.FailNow(t, "collapsed copies are reported as missing after 5 attempts")
}

func testRoundTrip(t *testing.T, s *subject) {
	other := parse(t, "other-tenant_1")
	events := batch(t, 0, 8).Events
	events[1].Tenant, events[1].Silo = other, "other-tenant_1"
	events[1].Visitor = schema.VisitorID(other, "v")
	for i, kind := range []footfall.Type{footfall.Page, footfall.Screen, footfall.Identify, footfall.Group, footfall.Alias} {
		events[2+i].Type, events[2+i].Name = kind, "$"+kind.String()
	}
	events[3].Original, events[3].Sent = 0, 0
	events[4].User, events[4].UserID = schema.UserID(shop(t), "u-1"), "u-1"
	events[5].Session = 0
	events[6].Session = math.MaxUint64
	events[7].Properties, events[7].Context, events[7].Derived = "", "", ""
	events[8].Original, events[8].Sent = events[8].Time, events[8].Received // distances of zero
	events[9].Original, events[9].Sent = events[9].Time+1e12, events[9].Received-1e12
	events[10].Position.Index = math.MaxUint32
	s.insert(t, &footfall.Batch{Epoch: 1, Partition: 3, To: 8, Events: events}, 0)
	s.requireEvents(t, events)
	s.requirePresent(t, 0, 8, events)
}

func testOddTexts(t *testing.T, s *subject) {
	odd := []string{
		"", " ", "'", `"`, "`", `\`, `\'; DROP TABLE events; --`, "{x:String}", "\x00", "a\x00b", "\xff\xfe", "\xc3", "\xed\xa0\x80",
		"\t\r\n", "日本語", "👩‍👩‍👧‍👧", "�", strings.Repeat("x", 127), strings.Repeat("x", 128), strings.Repeat("ü", 8191), strings.Repeat("y", 32<<10),
	}
	b := &footfall.Batch{Epoch: 1, Partition: 3, To: int64(len(odd))}
	u := &footfall.Upserts{}
	for i, text := range odd {
		e := event(t, int64(i), 0)
		e.Name, e.MessageID, e.AnonymousID = text, text, text
		e.Visitor = schema.VisitorID(e.Tenant, text)
		// The door lets valid JSON through only; a store survives the rest.
		e.Properties, e.Context, e.Derived = text, text, text
		b.Events = append(b.Events, e)
		u.IDs = append(u.IDs, footfall.IDText{Tenant: e.Tenant, ID: e.Visitor, Kind: footfall.KindVisitor, Text: text})
		u.Rejected = append(u.Rejected, footfall.Rejected{Tenant: e.Tenant, Position: e.Position, Time: start, Reason: text, Payload: text})
		if i%4 > 0 {
			continue // an erasure is not cheap
		}
		u.Erasures = append(u.Erasures, footfall.Erasure{
			Tenant: parse(t, "nobody"), Name: text, IDs: []footfall.ID{e.Visitor}, Before: footfall.Position{Epoch: 1, Partition: 3, Offset: int64(i)}, Time: start,
		})
	}
	s.insert(t, b, 0)
	s.upsert(t, u)
	s.requireEvents(t, b.Events)
	s.requirePresent(t, 0, b.To, b.Events)
	requireSame(t, u.IDs, s.IDs)
	requireSame(t, u.Rejected, s.Rejected)
	requireSame(t, u.Erasures, s.Erasures)
}

func testExtremeTimes(t *testing.T, s *subject) {
	b := &footfall.Batch{Epoch: 1, Partition: 3, To: 100}
	for i, at := range []time.Time{
		time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1969, 12, 31, 23, 59, 59, 999e6, time.UTC), time.Unix(0, 0),
		time.Date(2106, 2, 7, 6, 28, 16, 0, time.UTC), time.Date(2149, 6, 7, 0, 0, 0, 0, time.UTC), time.Date(2299, 12, 31, 23, 59, 59, 999e6, time.UTC),
	} {
		e := event(t, int64(i), 0)
		e.Time, e.Original, e.Sent, e.Received = footfall.MillisOf(at), footfall.MillisOf(at), start, start
		b.Events = append(b.Events, e)
	}
	s.insert(t, b, 0)
	s.requireEvents(t, b.Events)
	s.requirePresent(t, 0, 100, b.Events)
}

func testImpossibleTimes(t *testing.T, s *subject) {
	for i, at := range []footfall.Millis{math.MinInt64, math.MaxInt64, -1e14, 1e14} {
		e := event(t, int64(i), 0)
		e.Time = at
		b := &footfall.Batch{Epoch: 1, Partition: 3, From: int64(i), To: int64(i) + 1, Events: []footfall.Event{e}}
		// A store may be able to keep them. If not, it must say that trying
		// again is of no use, or the processor would never get past them.
		if err := s.Insert(t.Context(), b, 0); err != nil {
			require.True(t, footfall.IsPermanent(err), "%v", err)
			s.requirePresent(t, int64(i), int64(i)+1, nil)
		} else {
			s.requirePresent(t, int64(i), int64(i)+1, b.Events)
		}
	}
}

func testLarge(t *testing.T, s *subject) {
	b := batch(t, 0, 50_000)
	s.insert(t, b, 0)
	s.insert(t, b, 0)
	s.requireRows(t, 100_000)
	s.requirePresent(t, 0, 50_000, b.Events)
}

func testMonths(t *testing.T, s *subject) {
	b := batch(t, 0, 64)
	for i := range b.Events {
		e := &b.Events[i]
		e.Time = footfall.MillisOf(start.Time().AddDate(0, -int(e.Position.Offset), 0))
	}
	s.insert(t, b, 0)
	s.insert(t, b, 0)
	s.requireRows(t, 128)
	s.requirePresent(t, 0, 64, b.Events)
	s.requireEvents(t, b.Events)
}

func testConcurrent(t *testing.T, s *subject) {
	var wg sync.WaitGroup
	var all []footfall.Event
	for worker := range int64(4) {
		first := worker * 100
		all = append(all, batch(t, first, first+30).Events...)
		wg.Go(func() {
			for i := first; i < first+30; i += 10 {
				b := batch(t, i, i+10)
				assert.NoError(t, s.Insert(t.Context(), b, 0))
				assert.NoError(t, s.Insert(t.Context(), b, 0))
				present, err := s.Present(t.Context(), 1, 3, i, i+10)
				assert.NoError(t, err)
				assert.Len(t, present, 20)
				assert.NoError(t, s.Upsert(t.Context(), &footfall.Upserts{Sessions: []footfall.Session{session(t, i, uint64(i)+1)}}))
				_, err = s.Disposed(t.Context(), 1, 3, i)
				assert.NoError(t, err)
			}
		})
	}
	wg.Wait()
	s.requireRows(t, len(all))
	s.requirePresent(t, 0, 1000, all)
	sessions, err := s.Sessions(t.Context())
	require.NoError(t, err)
	require.Len(t, sessions, 12)
}

func testCancelled(t *testing.T, s *subject) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b := batch(t, 0, 5)
	require.ErrorIs(t, s.Insert(ctx, b, 0), context.Canceled)
	require.ErrorIs(t, s.Upsert(ctx, &footfall.Upserts{Sessions: []footfall.Session{session(t, 1, 1)}}), context.Canceled)
	_, err := s.Present(ctx, 1, 3, 0, 5)
	require.ErrorIs(t, err, context.Canceled)
	_, err = s.Disposed(ctx, 1, 3, 0)
	require.ErrorIs(t, err, context.Canceled)
	require.False(t, footfall.IsPermanent(err))
	s.insert(t, b, 0)
	s.requirePresent(t, 0, 5, b.Events)
}
