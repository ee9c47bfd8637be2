package stream_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/stream"
)

var errSink = errors.New("sink: gateway timeout")

// bucket is a sink that keeps what it is given and fails on request.
type bucket struct {
	mu     sync.Mutex
	fail   func(ctx context.Context, events []footfall.Event) error
	writes [][]footfall.Event
}

func (b *bucket) Write(ctx context.Context, events []footfall.Event) error {
	b.mu.Lock()
	fail := b.fail
	b.mu.Unlock()
	var err error
	if fail != nil {
		err = fail(ctx, events)
	}
	part, partly := errors.AsType[*footfall.BatchError](err)
	if err != nil && !partly {
		return err
	}
	taken := clone(events)
	if partly {
		for _, i := range slices.Backward(part.Failed) {
			taken = slices.Delete(taken, i, i+1)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.writes = append(b.writes, taken)
	return err
}

func (b *bucket) set(fail func(context.Context, []footfall.Event) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail = fail
}

func (b *bucket) events() []footfall.Event { return slices.Concat(b.batches()...) }

func (b *bucket) batches() [][]footfall.Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.writes)
}

// firsts leaves out repetitions and checks that what is left of each partition
// came in the order of the log.
func (b *bucket) firsts(t *testing.T) []footfall.Event {
	t.Helper()
	seen := map[footfall.Position]footfall.Event{}
	last := map[uint16]footfall.Position{}
	var firsts []footfall.Event
	for _, ev := range b.events() {
		if before, ok := seen[ev.Position]; ok {
			require.Equal(t, before, ev, "a repetition differs")
			continue
		}
		if l, ok := last[ev.Position.Partition]; ok {
			require.Negative(t, l.Compare(ev.Position), "out of order")
		}
		seen[ev.Position], last[ev.Position.Partition] = ev, ev.Position
		firsts = append(firsts, ev)
	}
	slices.SortFunc(firsts, func(a, b footfall.Event) int { return a.Position.Compare(b.Position) })
	return firsts
}

// tapped is the configuration with one tap.
func (w *world) tapped(tap stream.Tap) stream.Config {
	cfg := w.config()
	if tap.Name == "" {
		tap.Name = "tap"
	}
	cfg.Taps = []stream.Tap{tap}
	return cfg
}

// stored returns the rows of the store in the order of their positions.
func (w *world) stored() []footfall.Event {
	rows := w.store.Rows()
	slices.SortFunc(rows, func(a, b footfall.Event) int { return a.Position.Compare(b.Position) })
	return rows
}

// tap returns the status of the tap of partition 0.
func (p *process) tap() stream.TapStatus {
	p.t.Helper()
	s, err := p.Status(p.t.Context())
	require.NoError(p.t, err)
	require.NotEmpty(p.t, s.Partitions)
	require.Len(p.t, s.Partitions[0].Taps, 1)
	return s.Partitions[0].Taps[0]
}

// given waits until durable taps have everything.
func (p *process) given() stream.TapStatus {
	p.t.Helper()
	p.visible()
	for range 100_000 {
		s, err := p.Status(p.t.Context())
		require.NoError(p.t, err)
		lag := int64(0)
		for _, part := range s.Partitions {
			lag += max(part.Taps[0].LagEvents, -part.Taps[0].LagEvents)
		}
		if lag == 0 && len(s.Partitions) > 0 {
			return s.Partitions[0].Taps[0]
		}
		time.Sleep(10 * time.Millisecond)
	}
	require.FailNow(p.t, "the tap does not catch up", "%+v", p.tap())
	return stream.TapStatus{}
}

func TestTapMistakes(t *testing.T) {
	t.Parallel()
	sink := &bucket{}
	_, err := stream.New(stream.Config{Log: &ring{}, Store: newClerk(), Taps: []stream.Tap{
		{Name: "Feed", Sink: sink},
		{Name: "a", Sink: sink, MaxRows: -1},
		{Name: "a"},
		{Name: strings.Repeat("n", 65), Sink: sink, FromNow: true},
	}})
	require.EqualError(t, err, `stream: Config.Taps[0]: Name "Feed" is not 1 to 64 of a-z, 0-9, '-' and '_'
stream: Config.Taps[1]: a bound is negative
stream: Config.Taps[2]: Name "a" is taken
stream: Config.Taps[2]: Sink is required
stream: Config.Taps[3]: FromNow, Recover and DeadLetter are for durable taps
stream: Config.Taps[3]: Name "`+strings.Repeat("n", 65)+`" is not 1 to 64 of a-z, 0-9, '-' and '_'`)
	r, err := stream.New(stream.Config{Log: &ring{}, Store: newClerk(), Taps: []stream.Tap{{Name: "a", Sink: sink}}})
	require.NoError(t, err)
	require.Equal(t, stream.Tap{
		Name: "a", Sink: sink, MaxRows: 10_000, MaxBytes: 16 << 20, MaxAge: time.Second, Queue: 100_000,
	}, r.Settings().Taps[0])
}

// TestDurableTapEqualsTheStore has both taps see what the store has: without
// duplicates and what was refused, with sessions, in order.
func TestDurableTapEqualsTheStore(t *testing.T) {
	t.Parallel()
	inBubble(t, 2, func(w *world) {
		sink := &bucket{}
		w.store.refuses = func(ev *footfall.Event) bool { return ev.MessageID == "bad" }
		p := w.begin(w.tapped(stream.Tap{Sink: sink, Durable: true}), nil)
		for i := range uint16(2) {
			for range 30 {
				w.append(i, "shop", append(w.clicks(20), message{visitor: "v", user: "u", id: "same"}, message{visitor: "v", id: "bad"})...)
				time.Sleep(90 * time.Millisecond)
			}
		}
		st := p.given()
		require.NotEmpty(t, w.stored())
		require.Equal(t, w.stored(), sink.firsts(t))
		require.Len(t, sink.events(), len(w.stored()), "nothing came twice without a crash")
		require.Equal(t, stream.TapStatus{Name: "tap", Durable: true, Given: 601, Cursor: 30}, st)
		for _, write := range sink.batches() {
			require.LessOrEqual(t, len(write), 10_000)
		}
		require.NoError(t, p.end())
		for i := range uint16(2) {
			at, ok := w.log.Cursor(i, "tap")
			require.True(t, ok)
			require.EqualValues(t, 30, at)
		}

		n := len(sink.events())
		p = w.begin(w.tapped(stream.Tap{Sink: sink, Durable: true}), nil)
		w.append(0, "shop", w.clicks(3)...)
		p.given()
		require.NoError(t, p.end())
		require.Len(t, sink.events(), n+3, "a new process goes on behind")
		require.Equal(t, w.stored(), sink.firsts(t))
	})
}

// TestDurableTapDrains has what was appended last given before Run returns.
func TestDurableTapDrains(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		sink := &bucket{}
		p := w.begin(w.tapped(stream.Tap{Sink: sink, Durable: true, MaxAge: time.Hour}), nil)
		w.append(0, "shop", w.clicks(50)...)
		require.NoError(t, p.end())
		require.Equal(t, w.stored(), sink.firsts(t))
	})
}

func TestDurableTapBounds(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		sink := &bucket{}
		for range 100 {
			w.append(0, "shop", w.clicks(7)...)
		}
		p := w.begin(w.tapped(stream.Tap{Sink: sink, Durable: true, MaxRows: 20, MaxAge: time.Minute}), nil)
		p.visible()
		time.Sleep(time.Second)
		require.Len(t, sink.batches(), 49)
		for _, write := range sink.batches() {
			require.Len(t, write, 14, "whole records")
		}
		time.Sleep(time.Minute)
		require.Len(t, sink.batches(), 50, "what no other comes to fill leaves after MaxAge")
		require.NoError(t, p.end())
	})
}

// TestStuckDurableTapHoldsNobodyUp has a sink that never returns, not even when
// its context ends.
func TestStuckDurableTapHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	inBubble(t, 1, func(w *world) {
		release := make(chan struct{})
		stuck := footfall.SinkFunc(func(context.Context, []footfall.Event) error {
			<-release
			return nil
		})
		p := w.begin(w.tapped(stream.Tap{Sink: stuck, Durable: true}), nil)
		for range 20 {
			w.append(0, "shop", w.clicks(50)...)
			begun := time.Now()
			p.visible()
			require.Less(t, time.Since(begun), 500*time.Millisecond)
		}
		time.Sleep(2 * time.Minute)
		st := p.tap()
		require.EqualValues(t, 1000, st.LagEvents)
		require.Contains(t, st.Error, "deadline")
		require.False(t, st.Stopped)
		s, err := p.Status(t.Context())
		require.NoError(t, err)
		require.True(t, s.Ready, "a tap is no reason to take the door out of service")
		w.requireExact(1)
		begun := time.Now()
		require.NoError(t, p.end())
		require.Less(t, time.Since(begun), 40*time.Second, "it is left behind")
		close(release)
	})
}

// TestErasedWhileItWaits erases one of two visitors while both taps hold their
// events back: a sink that fails, and one that is busy.
func TestErasedWhileItWaits(t *testing.T) {
	t.Parallel()
	for name, erase := range map[string]record.Erase{"a person": {Name: "e", Visitors: []string{"gone"}}, "the tenant": {Name: "e", All: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, 1, func(w *world) {
				durable, live, free := &bucket{}, &bucket{}, make(chan struct{})
				durable.set(func(context.Context, []footfall.Event) error { return errSink })
				live.set(func(context.Context, []footfall.Event) error {
					<-free
					return nil
				})
				cfg := w.config()
				cfg.Taps = []stream.Tap{{Name: "export", Sink: durable, Durable: true}, {Name: "feed", Sink: live}}
				cfg.CallTimeout = time.Hour
				p := w.begin(cfg, nil)
				w.append(0, "news", message{visitor: "first", id: "0"}) // the live sink is busy with this
				p.visible()
				w.append(0, "shop", message{visitor: "gone", id: "1"}, message{visitor: "stays", id: "2"})
				p.visible()
				w.order(0, "shop", record.Order{Erase: &erase})
				require.NoError(t, p.Settle(w.t.Context()))
				w.append(0, "shop", message{visitor: "gone", id: "3"}) // who comes back is somebody else
				p.visible()
				durable.set(nil)
				close(free)
				time.Sleep(2 * time.Hour)
				want := []string{"0", "2", "3"}
				if name == "the tenant" {
					want = []string{"0", "3"}
				}
				for _, b := range []*bucket{durable, live} {
					var got []string
					for _, ev := range b.events() {
						got = append(got, ev.MessageID)
					}
					require.Equal(t, want, got)
				}
				s, err := p.Status(t.Context())
				require.NoError(t, err)
				require.EqualValues(t, 4-len(want), s.Partitions[0].Taps[1].Dropped)
				require.Zero(t, s.Partitions[0].Taps[0].LagEvents)
				require.NoError(t, p.end())
			})
		})
	}
}
