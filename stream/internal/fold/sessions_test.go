package fold_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/stream/internal/fold"
)

// TestSessions puts the events of one visitor, each in a record of its own, and
// tells which session each is in, by the number of the event that opened it.
func TestSessions(t *testing.T) {
	t.Parallel()
	type put struct{ at, log footfall.Millis } // event time; log time, 0: the same
	for name, c := range map[string]struct {
		gap, cap footfall.Millis
		puts     []put
		want     []int
	}{
		"inactivity of exactly the gap goes on":      {puts: []put{{at: 0}, {at: 30 * minute}}, want: []int{0, 0}},
		"inactivity over the gap ends":               {puts: []put{{at: 0}, {at: 30*minute + 1}}, want: []int{0, 1}},
		"the gap counts from the last event":         {puts: []put{{at: 0}, {at: 20 * minute}, {at: 45 * minute}}, want: []int{0, 0, 0}},
		"midnight does not cut":                      {puts: []put{{at: 47 * hour}, {at: 47*hour + 29*minute}}, want: []int{0, 0}},
		"the tenant's gap":                           {gap: minute, puts: []put{{at: 0}, {at: minute}, {at: 3 * minute}}, want: []int{0, 0, 2}},
		"a session of exactly the cap":               {gap: day, cap: 2 * hour, puts: []put{{at: 0}, {at: 2 * hour}}, want: []int{0, 0}},
		"the cap ends a session":                     {gap: day, cap: 2 * hour, puts: []put{{at: 0}, {at: 2*hour + 1}, {at: 3 * hour}}, want: []int{0, 1, 1}},
		"out of order joins":                         {puts: []put{{at: hour}, {at: 40 * minute, log: hour}}, want: []int{0, 0}},
		"out of order by exactly the gap":            {puts: []put{{at: hour}, {at: 30 * minute, log: hour}}, want: []int{0, 0}},
		"out of order opens before":                  {puts: []put{{at: hour}, {at: 0, log: hour}}, want: []int{0, 1}},
		"late into the earlier session":              {puts: []put{{at: 0}, {at: 2 * hour}, {at: 10 * minute, log: 2 * hour}}, want: []int{0, 1, 0}},
		"the earlier of two, whose order of arrival": {puts: []put{{at: hour}, {at: 0, log: hour}, {at: 30 * minute, log: hour}}, want: []int{0, 1, 1}},
		"sessions never merge":                       {puts: []put{{at: 0}, {at: 50 * minute}, {at: 25 * minute, log: hour}, {at: 51 * minute, log: hour}, {at: 81 * minute}}, want: []int{0, 1, 0, 0, 0}},
		"a start that moves keeps within the cap":    {gap: hour, cap: hour, puts: []put{{at: hour}, {at: 30 * minute, log: hour}, {at: 91 * minute}}, want: []int{0, 0, 2}},
		"remembered for gap and a day of log time":   {puts: []put{{at: 0}, {at: 0, log: day + 30*minute}}, want: []int{0, 0}},
		"forgotten within a minute after that":       {puts: []put{{at: 0}, {at: 0, log: day + 31*minute}}, want: []int{0, 1}},
		"a touch prolongs":                           {puts: []put{{at: 0}, {at: minute, log: day}, {at: 2 * minute, log: 2 * day}}, want: []int{0, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLog(t, fold.Limits{})
			if c.gap != 0 {
				l.header.Gap = c.gap
			}
			if c.cap != 0 {
				l.header.Cap = c.cap
			}
			opened := map[uint64]int{}
			var got []int
			for i, p := range c.puts {
				at := p.log
				if at == 0 {
					at = p.at
				}
				out := l.put(at, l.track(p.at, "v"))
				require.Len(t, out, 1)
				if _, ok := opened[out[0].Session]; !ok {
					opened[out[0].Session] = i
					require.Equal(t, schema.Hash64(out[0].Visitor, out[0].MessageID), out[0].Session)
				}
				got = append(got, opened[out[0].Session])
			}
			require.Equal(t, c.want, got)
		})
	}
}

func TestSessionRow(t *testing.T) {
	t.Parallel()
	l := newLog(t, fold.Limits{})
	out := l.put(hour, l.event(footfall.Page, hour, "v", ""), l.track(59*minute, "v"))
	l.put(2*hour, l.event(footfall.Screen, 61*minute, "v", ""))
	want := footfall.Session{
		Tenant: l.header.Tenant, Visitor: l.visitor("v"), Session: out[0].Session,
		Opened: start + hour, Start: start + 59*minute, Last: start + 61*minute,
		Events: 3, Views: 2, Version: footfall.Version(0, 1),
	}
	require.Equal(t, []footfall.Session{want}, l.flush().Sessions)
	require.Empty(t, l.flush().Sessions)
	// An event that is no behaviour changes neither row nor version.
	l.put(3*hour, l.event(footfall.Identify, 62*minute, "v", "u"))
	require.Empty(t, l.flush().Sessions)
}

// TestNonInteractive puts events of one visitor, by time and mark, and tells
// which session each is in, 0 for none, and what the sessions come to.
func TestNonInteractive(t *testing.T) {
	t.Parallel()
	const quiet, key = footfall.NonInteractive, footfall.KeyEvent
	type put struct {
		at   footfall.Millis
		kind footfall.Type
		mark footfall.Marks
	}
	type total struct {
		start, last   footfall.Millis
		events, views uint32
		key           bool
	}
	page, track := footfall.Page, footfall.Track
	for name, c := range map[string]struct {
		puts []put
		in   []int // the session of each event by the number of the event that opened it, -1: none
		want []total
	}{
		"it opens none":                 {[]put{{0, page, quiet}}, []int{-1}, nil},
		"the next one opens":            {[]put{{0, page, quiet}, {minute, page, 0}}, []int{-1, 1}, []total{{minute, minute, 1, 1, false}}},
		"it belongs and adds nothing":   {[]put{{hour, page, 0}, {hour + minute, page, quiet}}, []int{0, 0}, []total{{hour, hour, 2, 1, false}}},
		"before the start as well":      {[]put{{hour, page, 0}, {hour - minute, track, quiet}}, []int{0, 0}, []total{{hour, hour, 2, 1, false}}},
		"it does not keep one going":    {[]put{{0, page, 0}, {20 * minute, track, quiet}, {40 * minute, page, 0}}, []int{0, 0, 2}, []total{{0, 0, 2, 1, false}, {40 * minute, 40 * minute, 1, 1, false}}},
		"too late for one":              {[]put{{0, page, 0}, {31 * minute, track, quiet}}, []int{0, -1}, []total{{0, 0, 1, 1, false}}},
		"the earlier of two":            {[]put{{hour, page, 0}, {0, page, 0}, {30 * minute, track, quiet}}, []int{0, 1, 1}, []total{{hour, hour, 1, 1, false}, {0, 0, 2, 1, false}}},
		"none of two":                   {[]put{{3 * hour, page, 0}, {0, page, 0}, {hour, track, quiet}}, []int{0, 1, -1}, []total{{3 * hour, 3 * hour, 1, 1, false}, {0, 0, 1, 1, false}}},
		"a key event makes it engaged":  {[]put{{0, track, key}, {minute, track, 0}}, []int{0, 0}, []total{{0, minute, 2, 0, true}}},
		"in whatever place":             {[]put{{0, page, 0}, {minute, page, key}, {2 * minute, page, 0}}, []int{0, 0, 0}, []total{{0, 2 * minute, 3, 3, true}}},
		"in its own session":            {[]put{{0, page, key}, {hour, page, 0}}, []int{0, 1}, []total{{0, 0, 1, 1, true}, {hour, hour, 1, 1, false}}},
		"in a session that is older":    {[]put{{0, page, 0}, {2 * hour, page, 0}, {minute, track, key}}, []int{0, 1, 0}, []total{{0, minute, 2, 1, true}, {2 * hour, 2 * hour, 1, 1, false}}},
		"but not if it is both":         {[]put{{0, page, 0}, {minute, track, quiet | key}}, []int{0, 0}, []total{{0, 0, 2, 1, false}}},
		"which opens none either":       {[]put{{0, track, quiet | key}}, []int{-1}, nil},
		"a restart forgets no key mark": {[]put{{0, page, key}, {-1, 0, 0}, {minute, page, 0}}, []int{0, 0}, []total{{0, minute, 2, 2, true}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLog(t, fold.Limits{})
			opened, got := map[uint64]int{}, []int(nil)
			for i, p := range c.puts {
				if p.kind == 0 {
					l.flush()
					l.restart()
					continue
				}
				ev := l.event(p.kind, p.at, "v", "")
				ev.Marks = p.mark
				id := l.put(max(p.at, 0), ev)[0].Session
				if _, ok := opened[id]; !ok {
					opened[id] = i
				}
				if id == 0 {
					opened[id] = -1
				}
				got = append(got, opened[id])
			}
			require.Equal(t, c.in, got)
			l.flush()
			var totals []total
			for _, s := range l.rows.Sessions {
				totals = append(totals, total{s.Start - start, s.Last - start, s.Events, s.Views, s.KeyEvent})
			}
			require.ElementsMatch(t, c.want, totals)
		})
	}
}

// TestTaggedSessions puts the events of one visitor, by time, mark and tag, and
// tells which session each is in, by the number of the event that opened it.
func TestTaggedSessions(t *testing.T) {
	t.Parallel()
	const none, cuts, own = footfall.Marks(0), footfall.ByCampaign, footfall.BySender
	const quiet = footfall.NonInteractive
	type put struct {
		at   footfall.Millis
		mark footfall.Marks
		tag  uint32
		log  footfall.Millis // 0: when it happens
	}
	for name, c := range map[string]struct {
		cap  footfall.Millis
		puts []put
		want []int
	}{
		"a campaign begins":                     {0, []put{{0, cuts, 0, 0}, {minute, cuts, 7, 0}, {2 * minute, cuts, 0, 0}}, []int{0, 1, 1}},
		"and another":                           {0, []put{{0, cuts, 7, 0}, {minute, cuts, 8, 0}, {2 * minute, cuts, 8, 0}, {3 * minute, cuts, 0, 0}}, []int{0, 1, 1, 1}},
		"the same goes on":                      {0, []put{{0, cuts, 7, 0}, {minute, cuts, 0, 0}, {2 * minute, cuts, 7, 0}}, []int{0, 0, 0}},
		"back to the first is a change":         {0, []put{{0, cuts, 7, 0}, {minute, cuts, 8, 0}, {2 * minute, cuts, 7, 0}, {3 * minute, cuts, 0, 0}}, []int{0, 1, 2, 2}},
		"no campaign cuts nothing":              {0, []put{{0, cuts, 7, 0}, {minute, cuts, 0, 0}}, []int{0, 0}},
		"the gap cuts as ever":                  {0, []put{{0, cuts, 7, 0}, {31 * minute, cuts, 7, 0}}, []int{0, 1}},
		"late into the one that had begun":      {0, []put{{0, cuts, 0, 0}, {10 * minute, cuts, 7, 0}, {5 * minute, cuts, 0, 10 * minute}}, []int{0, 1, 0}},
		"before all of them the first":          {0, []put{{10 * minute, cuts, 0, 0}, {20 * minute, cuts, 7, 0}, {5 * minute, cuts, 0, 20 * minute}}, []int{0, 1, 0}},
		"late with its campaign":                {0, []put{{0, cuts, 7, 0}, {10 * minute, cuts, 8, 0}, {5 * minute, cuts, 7, 10 * minute}}, []int{0, 1, 0}},
		"which opens none if nobody did it":     {0, []put{{0, cuts, 7, 0}, {minute, cuts | quiet, 8, 0}, {2 * minute, cuts | quiet, 7, 0}}, []int{0, -1, 0}},
		"the option is off":                     {0, []put{{0, cuts, 7, 0}, {minute, cuts, 8, 0}, {2 * minute, none, 0, 0}}, []int{0, 1, 0}},
		"a session by its sender, over the gap": {0, []put{{0, own, 7, 0}, {5 * hour, own, 7, 0}, {5*hour + minute, own, 7, 0}}, []int{0, 0, 0}},
		"another within the gap":                {0, []put{{0, own, 7, 0}, {minute, own, 8, 0}, {2 * minute, own, 7, 0}}, []int{0, 1, 0}},
		"out of order":                          {0, []put{{5 * hour, own, 7, 0}, {0, own, 7, 5 * hour}}, []int{0, 0}},
		"the cap cuts it":                       {hour, []put{{0, own, 7, 0}, {hour, own, 7, 0}, {hour + 1, own, 7, 0}, {30 * minute, own, 7, hour}}, []int{0, 0, 2, 0}},
		"without one by time":                   {0, []put{{0, own, 7, 0}, {minute, none, 0, 0}, {2 * hour, none, 0, 0}}, []int{0, 0, 2}},
		"not in what time has opened":           {0, []put{{0, none, 0, 0}, {minute, own, 7, 0}}, []int{0, 1}},
		"none if nobody did it":                 {0, []put{{0, own, 7, 0}, {minute, own | quiet, 8, 0}, {5 * hour, own | quiet, 7, 0}}, []int{0, -1, 0}},
		"another when it was forgotten":         {0, []put{{0, own, 7, 0}, {minute, own, 7, day + 31*minute}}, []int{0, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLog(t, fold.Limits{})
			if c.cap != 0 {
				l.header.Cap = c.cap
			}
			opened := map[uint64]int{0: -1}
			var got []int
			for i, p := range c.puts {
				ev := l.track(p.at, "v")
				ev.Marks, ev.Tag = p.mark, p.tag
				at := max(p.at, p.log)
				id := l.put(at, ev)[0].Session
				if _, ok := opened[id]; !ok {
					opened[id] = i
				}
				got = append(got, opened[id])
			}
			require.Equal(t, c.want, got)
			l.flush()
			require.Len(t, l.rows.Sessions, len(opened)-1)
		})
	}
}

// TestSenderNeedsVisitor shows that a sender's word does not give a session to an
// event that has no visitor, whose sessions are in another partition.
func TestSenderNeedsVisitor(t *testing.T) {
	t.Parallel()
	l := newLog(t, fold.Limits{})
	ev := l.event(footfall.Track, 0, "", "u")
	ev.Marks, ev.Tag = footfall.BySender, 7
	require.Zero(t, l.put(0, ev)[0].Session)
	require.Empty(t, l.flush().Sessions)
}

// TestNonInteractiveTouches shows that a visitor who has been seen by such events
// alone is remembered as one who only said who it is.
func TestNonInteractiveTouches(t *testing.T) {
	t.Parallel()
	l := newLog(t, fold.Limits{})
	quiet := func(at footfall.Millis) {
		ev := l.track(at, "v")
		ev.Marks = footfall.NonInteractive
		l.put(at, ev)
	}
	quiet(0)
	require.Len(t, l.flush().IDs, 1)
	quiet(day)
	quiet(2 * day)
	require.Empty(t, l.flush().IDs, "each has prolonged it")
	quiet(4 * day)
	require.Len(t, l.flush().IDs, 1, "forgotten, and so told again")
}

func TestOnlyBehaviourOfVisitorsHasSessions(t *testing.T) {
	t.Parallel()
	l := newLog(t, fold.Limits{})
	alias := l.event(footfall.Alias, 0, "", "u")
	alias.Previous = []byte("v")
	out := l.put(0, l.event(footfall.Identify, 0, "v", "u"), l.event(footfall.Group, 0, "v", ""), alias, l.event(footfall.Track, 0, "", "u"))
	require.Len(t, out, 4)
	for _, ev := range out {
		require.Zero(t, ev.Session)
	}
	require.Empty(t, l.flush().Sessions)
}

// TestEightSessions opens nine sessions a day apart in event time; the one
// touched longest ago is forgotten, the others still take events.
func TestEightSessions(t *testing.T) {
	t.Parallel()
	l := newLog(t, fold.Limits{})
	first := make([]uint64, 8)
	for i := range first {
		first[i] = l.put(0, l.track(footfall.Millis(i)*day, "v"))[0].Session
	}
	require.Equal(t, first[0], l.put(0, l.track(0, "v"))[0].Session) // the second is now the oldest touch
	ninth := l.put(0, l.track(8*day, "v"))[0].Session
	require.NotContains(t, first, ninth)
	for _, i := range []int{0, 2, 3, 4, 5, 6, 7} {
		require.Equal(t, first[i], l.put(0, l.track(footfall.Millis(i)*day, "v"))[0].Session, "session %d", i)
	}
	require.NotContains(t, first, l.put(0, l.track(day, "v"))[0].Session)
	l.flush()
	require.Len(t, l.rows.Sessions, 10)
	var events uint32
	for _, s := range l.rows.Sessions {
		events += s.Events
	}
	require.EqualValues(t, 18, events)
}
