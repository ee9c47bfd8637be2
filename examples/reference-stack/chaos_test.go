package referencestack

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// kills is how often TestChaosKill kills the server.
func kills(tb testing.TB) int {
	tb.Helper()
	text := os.Getenv("FOOTFALL_CHAOS_KILLS")
	if text == "" {
		return 12
	}
	n, err := strconv.Atoi(text)
	require.NoError(tb, err)
	return n
}

// loader is one client under chaos: it sends what its visitors do, batch after
// batch, each until it is accepted.
type loader struct {
	*sender
	rand     *rand.Rand
	visitors []*visitor
	want     map[string]expected
	accepted int // messages answered with 200, repetitions included
	last     []message
}

func (l *loader) run(ctx context.Context, stop <-chan struct{}) error {
	for {
		select {
		case <-stop:
			return nil
		default:
		}
		batch := l.last
		if batch == nil || l.rand.IntN(20) > 0 { // now and then the last batch once more
			batch = nil
			for range 1 + l.rand.IntN(40) {
				m, want := l.visitors[l.rand.IntN(len(l.visitors))].next()
				l.want[m.MessageID] = want
				batch = append(batch, m)
			}
		}
		n, err := l.send(ctx, batch)
		if err != nil {
			return err
		}
		if n != len(batch) {
			return fmt.Errorf("%d of %d messages were accepted", n, len(batch))
		}
		l.accepted += n
		l.last = batch
	}
}

// TestChaosKill kills the server with SIGKILL at random moments under load,
// while it starts as well, and restarts it. Afterwards every accepted event is
// in the store once, the ledger balances, and sessions and persons are those
// of one thread that reads the events in order.
func TestChaosKill(t *testing.T) {
	t.Parallel()
	const seed, clients, visitors = 11, 4, 25
	dir := t.TempDir()
	chance := rand.New(rand.NewPCG(seed, 2))
	var url atomic.Pointer[string]

	s := up(t, dir)
	url.Store(&s.url)
	stop := make(chan struct{})
	var working sync.WaitGroup
	loaders := make([]*loader, clients)
	failures := make(chan error, clients)
	for i := range loaders {
		l := &loader{sender: newSender(&url), rand: rand.New(rand.NewPCG(seed, uint64(10+i))), want: map[string]expected{}}
		for v := range visitors {
			l.visitors = append(l.visitors, newVisitor(fmt.Sprintf("c%dv%d", i, v), uint64(100*i+v)))
		}
		loaders[i] = l
		working.Go(func() {
			if err := l.run(t.Context(), stop); err != nil {
				failures <- err
			}
		})
	}

	for range kills(t) {
		select {
		case <-time.After(time.Duration(chance.IntN(1200)) * time.Millisecond):
		case err := <-failures:
			require.NoError(t, err)
		}
		s.kill(t)
		if chance.IntN(3) == 0 { // and again while it starts
			s = launch(t, dir, "up", "--listen", "127.0.0.1:0", "--data", dir, "--tenant", tenantArg)
			<-time.After(time.Duration(chance.IntN(600)) * time.Millisecond)
			s.kill(t)
		}
		s = up(t, dir)
		url.Store(&s.url)
	}
	close(stop)
	working.Wait()
	close(failures)
	require.NoError(t, <-failures)

	want, accepted, identifies := map[string]expected{}, 0, 0
	linked := map[string]string{}
	var sessions []visit
	for _, l := range loaders {
		accepted += l.accepted
		for id, w := range l.want {
			want[id] = w
			if w.session == 0 {
				identifies++
			}
		}
		for _, v := range l.visitors {
			linked[v.id] = v.linked
			sessions = append(sessions, v.sessions...)
		}
	}
	st := s.settled(t)
	got := st.Ledger["shop"]
	require.Equal(t, int64(len(want)), got.Stored)
	require.Zero(t, got.Quarantined)
	// A request whose answer was lost was accepted without the client knowing.
	require.GreaterOrEqual(t, got.Accepted, int64(accepted))
	require.Equal(t, got.Accepted, got.Stored+got.Duplicate)
	require.Equal(t, int64(len(want)-identifies), s.count(t, "events"))
	require.Equal(t, int64(len(sessions)), s.count(t, "sessions"))
	require.Equal(t, int64(len(sessions)), st.Store.Rows["sessions"])
	checkSessions(t, s, sessions)
	checkEvents(t, s.events(t), want, linked)
	t.Logf("%d events of %d accepted messages, %d sessions", len(want), got.Accepted, len(sessions))
	s.stop(t)
}

// checkEvents compares what the store has, event by event, with what was sent.
func checkEvents(t *testing.T, events []event, want map[string]expected, linked map[string]string) {
	t.Helper()
	type session struct {
		visitor string
		nth     int
	}
	ours := map[session]string{}
	theirs := map[string]session{}
	seen := map[string]bool{}
	for _, e := range events {
		w, sent := want[e.ID]
		require.True(t, sent, "event %s was never sent", e.ID)
		require.False(t, seen[e.ID], "event %s is there twice", e.ID)
		seen[e.ID] = true
		require.Equal(t, w.visitor, e.Visitor, e.ID)
		require.Equal(t, w.user, e.User, e.ID)
		person := "visitor:" + w.visitor
		if linked[w.visitor] != "" {
			person = "user:" + linked[w.visitor]
		}
		if w.user != "" {
			person = "user:" + w.user
		}
		require.Equal(t, person, e.Person, e.ID)
		if w.session == 0 {
			require.Empty(t, e.Session, e.ID)
			continue
		}
		require.NotEmpty(t, e.Session, e.ID)
		key := session{w.visitor, w.session}
		if ours[key] == "" {
			ours[key] = e.Session
		}
		if _, known := theirs[e.Session]; !known {
			theirs[e.Session] = key
		}
		require.Equal(t, ours[key], e.Session, "%s: session %d of %s is in two", e.ID, w.session, w.visitor)
		require.Equal(t, theirs[e.Session], key, "%s: two sessions are one", e.ID)
	}
	require.Len(t, seen, len(want), "events are missing")
}

// checkSessions compares the sessions' lengths and views, which stand in rows
// of their own.
func checkSessions(t *testing.T, s *server, want []visit) {
	t.Helper()
	views, seconds, bounced := 0.0, 0.0, 0.0
	for _, w := range want {
		long := w.last.Sub(w.opened).Seconds()
		views, seconds = views+float64(w.views), seconds+long
		if long < 10 && w.views < 2 {
			bounced++
		}
	}
	got := query[struct {
		Count      []int
		Views      []float64
		BounceRate []float64 `json:"bounce_rate"`
		Seconds    []struct{ Mean float64 }
	}](t, s, map[string]any{"kind": "sessions", "range": always})
	n := float64(len(want))
	require.Equal(t, []int{len(want)}, got.Count)
	require.InDelta(t, views/n, got.Views[0], 1e-9)
	require.InDelta(t, seconds/n, got.Seconds[0].Mean, 1e-6)
	require.InDelta(t, bounced/n, got.BounceRate[0], 1e-9)
}
