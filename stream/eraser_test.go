package stream_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/streamtest"
)

// shelf is a sink that has what it was given and deletes what it is told to.
type shelf struct {
	bucket
	refuse func(e *footfall.Erasure) error // nil for never
	told   []footfall.Erasure
	rows   map[footfall.Position]footfall.Event
	late   []string // erasures that came behind later events
}

func (s *shelf) Write(ctx context.Context, events []footfall.Event) error {
	if err := s.bucket.Write(ctx, events); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ev := range clone(events) {
		if s.rows == nil {
			s.rows = map[footfall.Position]footfall.Event{}
		}
		s.rows[ev.Position] = ev
	}
	return nil
}

func (s *shelf) Erase(_ context.Context, e *footfall.Erasure) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse != nil {
		if err := s.refuse(e); err != nil {
			return err
		}
	}
	first := !slices.ContainsFunc(s.told, func(o footfall.Erasure) bool { return o.Before == e.Before })
	s.told = append(s.told, *e)
	for at := range s.rows {
		if at.Partition != e.Before.Partition {
			continue
		}
		if ev := s.rows[at]; at.Compare(e.Before) < 0 && ev.Tenant == e.Tenant && e.Concerns(&ev) {
			delete(s.rows, at)
		} else if first && at.Compare(e.Before) > 0 {
			s.late = append(s.late, e.Name)
		}
	}
	return nil
}

func (s *shelf) has() []footfall.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []footfall.Event
	for _, ev := range s.rows {
		all = append(all, ev)
	}
	slices.SortFunc(all, func(a, b footfall.Event) int { return a.Position.Compare(b.Position) })
	return all
}

// TestDurableTapHearsOfErasures lets everything fail at random while persons and
// tenants are erased: in the end the sink has what the store has.
func TestDurableTapHearsOfErasures(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			inBubble(t, 2, func(w *world) {
				dice := newDice(seed, 7)
				sink := &shelf{refuse: func(*footfall.Erasure) error { return when(dice.chance(3), errSink) }}
				sink.set(func(context.Context, []footfall.Event) error { return when(dice.chance(5), errSink) })
				w.log.SetFaults(streamtest.Faults{
					Move: func(uint16, string, int64) error { return when(dice.chance(4), errLog) },
					Read: func(uint16, int64) error { return when(dice.chance(9), errLog) },
				})
				cfg := w.tapped(stream.Tap{Sink: sink, Durable: true, MaxRows: 40, MaxAge: 300 * time.Millisecond})
				cfg.SnapshotEvents = 300
				p := w.begin(cfg, nil)
				for i := range 60 {
					for part := range uint16(2) {
						who := fmt.Sprint("v", dice.pick(5))
						w.append(part, "shop", append(w.clicks(3), message{visitor: who, id: fmt.Sprint("a", i, part)}, message{visitor: "x", user: "u" + who, id: fmt.Sprint("b", i, part)})...)
						w.append(part, "club", message{visitor: who, id: fmt.Sprint("c", i, part)})
						switch {
						case dice.chance(8):
							w.order(part, "shop", record.Order{Erase: &record.Erase{Name: fmt.Sprint("e", i), Visitors: []string{who}, Users: []string{"u" + who}}})
						case dice.chance(30):
							w.order(part, "club", record.Order{Erase: &record.Erase{Name: fmt.Sprint("all", i), All: true}})
						}
					}
					time.Sleep(50 * time.Millisecond)
					switch {
					case dice.chance(8):
						w.log.Fence(uint16(dice.pick(2)))
					case dice.chance(12):
						require.NoError(t, p.end())
						p = w.begin(cfg, nil)
					}
				}
				sink.set(nil)
				w.log.SetFaults(streamtest.Faults{})
				time.Sleep(5 * time.Minute)
				require.NoError(t, p.end())
				require.Equal(t, w.stored(), sink.has())
				require.Empty(t, sink.late, "before any later event")
				want, got := map[footfall.Position]bool{}, map[footfall.Position]bool{}
				for _, e := range w.store.Erasures() {
					want[e.Before] = true
				}
				for _, e := range sink.told {
					got[e.Before] = true
				}
				require.NotEmpty(t, want)
				require.Equal(t, want, got, "every erasure was told")
			})
		})
	}
}

// TestTapThatDoesNotHear shows that the test above can fail: the same sink
// without ears keeps what was erased after it was given.
func TestTapThatDoesNotHear(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		sink := &shelf{}
		deaf := footfall.SinkFunc(sink.Write)
		p := w.begin(w.tapped(stream.Tap{Sink: deaf, Durable: true}), nil)
		w.append(0, "shop", message{visitor: "a", id: "1"}, message{visitor: "b", id: "2"})
		p.given()
		w.order(0, "shop", record.Order{Erase: &record.Erase{Name: "e", Visitors: []string{"a"}}})
		p.given()
		require.NoError(t, p.end())
		require.Len(t, w.stored(), 1)
		require.Len(t, sink.has(), 2)
		require.Empty(t, sink.told)
	})
}

// TestErasureThatIsRefused stops a durable tap as an event does, and is told
// again after the next start; the dead letter hears of it as well.
func TestErasureThatIsRefused(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		sink, dead := &shelf{refuse: func(*footfall.Erasure) error { return footfall.Permanent(errSink) }}, &shelf{}
		cfg := w.tapped(stream.Tap{Sink: sink, Durable: true, DeadLetter: dead})
		p := w.begin(cfg, nil)
		w.append(0, "shop", message{visitor: "a", id: "1"})
		w.order(0, "shop", record.Order{Erase: &record.Erase{Name: "e", Visitors: []string{"a"}}})
		w.append(0, "shop", message{visitor: "b", id: "2"})
		p.visible()
		time.Sleep(time.Minute)
		st := p.tap()
		require.True(t, st.Stopped)
		require.Contains(t, st.Error, "tell the sink of erasure e")
		require.NotContains(t, fmt.Sprint(sink.has()), "MessageID:2", "nothing behind it")
		require.NoError(t, p.end())
		sink.refuse = nil
		p = w.begin(cfg, nil)
		st = p.given()
		require.EqualValues(t, 1, st.Erased)
		require.NoError(t, p.end())
		require.Equal(t, w.stored(), sink.has())
		require.Len(t, dead.told, 1)
	})
}

// TestLiveTapHearsOfErasures has a live tap told once, whether it works at the
// time or not, and not held up by a sink that fails.
func TestLiveTapHearsOfErasures(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		sink := &shelf{}
		p := w.begin(w.tapped(stream.Tap{Sink: sink}), nil)
		w.append(0, "shop", message{visitor: "a", id: "1"}, message{visitor: "b", id: "2"})
		p.visible()
		time.Sleep(time.Minute)
		require.Len(t, sink.has(), 2)
		w.order(0, "shop", record.Order{Erase: &record.Erase{Name: "e", Visitors: []string{"a"}}})
		p.visible()
		time.Sleep(time.Minute)
		require.Equal(t, w.stored(), sink.has())
		require.Len(t, sink.told, 1)
		require.EqualValues(t, 1, p.tap().Erased)

		sink.mu.Lock()
		sink.refuse = func(*footfall.Erasure) error { return errSink }
		sink.mu.Unlock()
		w.order(0, "shop", record.Order{Erase: &record.Erase{Name: "f", Visitors: []string{"b"}}})
		p.visible()
		time.Sleep(time.Minute)
		require.Contains(t, p.tap().Error, "erasure f")
		w.append(0, "shop", message{visitor: "c", id: "3"})
		p.visible()
		time.Sleep(time.Minute)
		require.Len(t, sink.has(), 2)
		require.Empty(t, p.tap().Error)
		require.NoError(t, p.end())
	})
}
