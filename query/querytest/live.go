package querytest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/tenant"
)

// LiveWorld is an implementation of [query.Live] to be tested: who gives it
// events, and two who read, as if in processes of their own. It keeps some
// hundred events of a tenant, and not two thousand.
type LiveWorld struct {
	Sink    footfall.Sink // a footfall.Eraser, too
	Readers [2]query.Live
}

// TestLive runs all that a [query.Live] has to pass, each in a new world.
func TestLive(t *testing.T, open func(t *testing.T) LiveWorld) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, *watcher){
		"order": liveOrder, "wait": liveWait, "tenants": liveTenants, "resume": liveResume, "gap": liveGap, "forged": liveForged, "erase": liveErase,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, &watcher{t: t, LiveWorld: open(t)})
		})
	}
}

// watcher writes and reads events of a tenant.
type watcher struct {
	LiveWorld
	t       *testing.T
	written int
}

// soon is how long a busy machine may take.
const soon = 30 * time.Second

func id(t *testing.T, name string) tenant.ID {
	t.Helper()
	parsed, err := tenant.ParseID(name)
	require.NoError(t, err)
	return parsed
}

// write writes events with the numbers that follow.
func (w *watcher) write(name string, n int) {
	w.t.Helper()
	events := make([]footfall.Event, n)
	for i := range events {
		w.written++
		events[i] = footfall.Event{
			Tenant: id(w.t, name), Type: footfall.Track, Name: "Bought", MessageID: fmt.Sprint(name, w.written), Time: footfall.Millis(1_700_000_000_000 + w.written),
			Original: 1_699_999_999_000, Received: 1_700_000_000_500, AnonymousID: "v", UserID: "ünal <&>", Session: 17,
			Properties: `{"n":` + fmt.Sprint(w.written) + `,"big":12345678901234567890}`,
		}
	}
	require.NoError(w.t, w.Sink.Write(w.t.Context(), events))
}

// read returns the next page for one of the readers.
func (w *watcher) read(reader int, name, after string, limit int) query.LivePage {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), soon)
	defer cancel()
	page, err := w.Readers[reader].Read(ctx, id(w.t, name), after, limit)
	require.NoError(w.t, err)
	require.LessOrEqual(w.t, len(page.Events), limit)
	return page
}

// begin looks at a tenant and returns the cursor from which on nothing gets
// lost: the first events may pass before word of who looks has got around.
func (w *watcher) begin(name string) (cursor string) {
	w.t.Helper()
	now := w.read(0, name, "", 10)
	require.Empty(w.t, now.Events)
	end := time.Now().Add(soon)
	for {
		require.True(w.t, time.Now().Before(end), "nothing comes")
		w.write(name, 1)
		ctx, cancel := context.WithTimeout(w.t.Context(), 300*time.Millisecond)
		page, err := w.Readers[0].Read(ctx, id(w.t, name), now.Next, 1000)
		cancel()
		if err == nil && len(page.Events) > 0 {
			return page.Next
		}
	}
}

// all reads until so many events were seen or missed.
func (w *watcher) all(reader int, name, after string, n, limit int) (events []query.LiveEvent, missed int64) {
	w.t.Helper()
	for len(events)+int(missed) < n {
		page := w.read(reader, name, after, limit)
		require.GreaterOrEqual(w.t, page.Missed, int64(0))
		missed += page.Missed
		events = append(events, page.Events...)
		after = page.Next
	}
	require.Equal(w.t, n, len(events)+int(missed))
	return events, missed
}

func liveOrder(t *testing.T, w *watcher) {
	cursor := w.begin("shop")
	first := w.written + 1
	w.write("shop", 30)
	w.write("shop", 20)
	events, missed := w.all(0, "shop", cursor, 50, 7)
	require.Zero(t, missed)
	for i := range events {
		require.Equal(t, fmt.Sprint("shop", first+i), events[i].Event.ID)
		require.Regexp(t, `^[!-~]+$`, events[i].Cursor)
	}
	e := events[0].Event
	require.Equal(t, []string{"v", "ünal <&>", "user:ünal <&>", "0000000000000011", "track", "Bought"}, []string{*e.Visitor, *e.User, *e.Person, *e.Session, e.Type, e.Name})
	require.JSONEq(t, fmt.Sprintf(`{"n":%d,"big":12345678901234567890}`, first), string(e.Properties))
	require.Contains(t, string(e.Properties), "12345678901234567890", "numbers are not rounded")
	require.JSONEq(t, `{}`, string(e.Context))
	require.True(t, footfall.Millis(1_699_999_999_000).Time().Equal(*e.Original))
	require.Nil(t, e.Sent)
	again, _ := w.all(0, "shop", events[9].Cursor, 40, 100)
	require.Equal(t, events[10:], again, "one may read again, from any of them on")
}

// liveWait reads what is not there yet.
func liveWait(t *testing.T, w *watcher) {
	cursor := w.begin("shop")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := w.Readers[0].Read(ctx, id(t, "shop"), cursor, 10)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Less(t, time.Since(began), soon/3)
	got := make(chan query.LivePage)
	shop := id(t, "shop")
	for i := range w.Readers {
		go func() {
			page, err := w.Readers[i].Read(t.Context(), shop, cursor, 10)
			if err != nil {
				t.Error(err)
			}
			got <- page
		}()
	}
	w.write("shop", 1)
	one, other := <-got, <-got
	require.Equal(t, one, other, "all who wait get it")
}

func liveTenants(t *testing.T, w *watcher) {
	shop, other := w.begin("shop"), w.begin("other")
	w.write("other", 5)
	w.write("shop", 1)
	w.write("nobody", 5)
	events, _ := w.all(0, "shop", shop, 1, 100)
	require.Equal(t, fmt.Sprint("shop", w.written-5), events[0].Event.ID)
	events, _ = w.all(1, "other", other, 5, 100)
	require.Contains(t, events[0].Event.ID, "other")
}

// liveResume goes on in another process.
func liveResume(t *testing.T, w *watcher) {
	cursor := w.begin("shop")
	w.write("shop", 10)
	events, _ := w.all(0, "shop", cursor, 10, 4)
	w.write("shop", 10)
	rest, missed := w.all(1, "shop", events[4].Cursor, 15, 100)
	require.Zero(t, missed)
	require.Equal(t, events[5:], rest[:5])
}

// liveGap does not read in time.
func liveGap(t *testing.T, w *watcher) {
	cursor := w.begin("shop")
	for range 20 {
		w.write("shop", 100)
	}
	last := w.written
	events, missed := w.all(0, "shop", cursor, 2000, 150)
	require.Positive(t, missed)
	require.Greater(t, len(events), 50)
	require.Equal(t, fmt.Sprint("shop", last), events[len(events)-1].Event.ID, "the newest are kept")
	require.Equal(t, fmt.Sprint("shop", last-len(events)+1), events[0].Event.ID, "and nothing between")

	w.write("shop", 2000)
	events, missed = w.all(1, "shop", events[len(events)-1].Cursor, 2000, 150)
	require.Positive(t, missed, "also when they come at once")
	require.Greater(t, len(events), 50)
}

// liveForged reads from cursors that nobody gave out.
func liveForged(t *testing.T, w *watcher) {
	cursor := w.begin("shop")
	w.write("shop", 3)
	w.all(0, "shop", cursor, 3, 100)
	for _, forged := range []string{"?", "0-0.0", "9.9", cursor + "x", "-1", "a.b.c", "99999999999999999999-1.1", "\x00", cursor[:len(cursor)-1], "18446744073709551615-18446744073709551615.0"} {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		page, err := w.Readers[0].Read(ctx, id(t, "shop"), forged, 1000)
		cancel()
		if err == nil {
			require.NotZero(t, len(page.Events)+int(page.Missed), "%q", forged)
			require.NotEmpty(t, page.Next)
		}
	}
}

// liveErase forgets somebody in the midst of what others did, and at its end.
func liveErase(t *testing.T, w *watcher) {
	require.Implements(t, (*footfall.Eraser)(nil), w.Sink)
	shop, other := id(t, "shop"), w.begin("other")
	cursor := w.begin("shop")
	act := func(of tenant.ID, number int, visitor, user string) {
		require.NoError(t, w.Sink.Write(t.Context(), []footfall.Event{{
			Tenant: of, Type: footfall.Track, Name: "Bought", MessageID: fmt.Sprint("erase", number), Time: 1, Received: 1, AnonymousID: visitor, UserID: user,
		}}))
	}
	erase := func(ids ...footfall.ID) {
		require.NoError(t, w.Sink.(footfall.Eraser).Erase(t.Context(), &footfall.Erasure{Tenant: shop, Name: "e", IDs: ids}))
	}
	read := func(name, after string) (seen []string, missed int64, next string) {
		page := w.read(1, name, after, 1000)
		for i := range page.Events {
			seen = append(seen, page.Events[i].Event.ID)
		}
		return seen, page.Missed, page.Next
	}
	act(id(t, "other"), 1, "gone", "")
	act(shop, 1, "stays", "")
	act(shop, 2, "gone", "")
	act(shop, 3, "gone", "another") // who uses the same device
	for i := range 150 {            // more than are looked at in one step
		act(shop, 4+i, "stays", "gone too")
	}
	erase(schema.VisitorID(shop, "gone"), schema.UserID(shop, "gone too"))
	seen, missed, next := read("shop", cursor)
	require.Equal(t, []string{"erase1", "erase3"}, seen, "an event with a user is that user's")
	require.Zero(t, missed)
	seen, _, _ = read("other", other)
	require.Equal(t, []string{"erase1"}, seen, "of another tenant, who is another person")

	act(shop, 154, "stays", "")
	seen, missed, next = read("shop", next)
	require.Equal(t, []string{"erase154"}, seen)
	require.LessOrEqual(t, missed, int64(150), "those erased count as missed, if at all")
	require.GreaterOrEqual(t, missed, int64(0))

	act(shop, 155, "stays", "")
	erase() // all of the tenant
	act(shop, 156, "stays", "")
	seen, missed, _ = read("shop", next)
	require.Equal(t, []string{"erase156"}, seen)
	require.Equal(t, int64(1), missed)
}
