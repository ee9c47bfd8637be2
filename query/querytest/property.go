package querytest

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/tenant"
)

// Of each place there are worlds for so long, and so many questions about each.
// FOOTFALL_TEST_TIME is another time, such as 10m.
const (
	patience  = 10 * time.Second
	questions = 25
	tries     = 400 // to make a failing case smaller
)

// seedOf returns the seed of a run: that of FOOTFALL_TEST_SEED, to see a run
// again, else a new one.
func seedOf(tb testing.TB) uint64 {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("FOOTFALL_TEST_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		require.NoError(tb, err)
	}
	tb.Logf("FOOTFALL_TEST_SEED=%d", seed)
	return seed
}

// runGenerated asks the oracle and the engine generated questions.
func runGenerated(t *testing.T, open func(tb testing.TB) (footfall.Store, query.Conn)) {
	seed := seedOf(t)
	s := newSubject(t, open)
	limit := patience
	if text := os.Getenv("FOOTFALL_TEST_TIME"); text != "" {
		var err error
		limit, err = time.ParseDuration(text)
		require.NoError(t, err)
	}
	for i, place := range places {
		t.Run(strings.ReplaceAll(place.zone, "/", " "), func(t *testing.T) {
			t.Parallel()
			g, err := newGenerator(seed, place, i)
			require.NoError(t, err)
			asked := 0
			for end := time.Now().Add(limit); asked == 0 || time.Now().Before(end); asked += questions {
				s.askGenerated(t, g, place)
			}
			t.Logf("%d questions", asked)
		})
	}
}

// askGenerated asks questions about a world.
func (s *subject) askGenerated(tb testing.TB, g *generator, place place) {
	tb.Helper()
	script := &Script{Settings: tenant.Settings{Zone: place.zone, WeekStart: place.start}, Now: g.middle.Add(5 * 24 * time.Hour)}
	rows := g.world()
	p := s.pair(tb, script.Settings, script.Now)
	p.load(tb, rows...)
	for range questions {
		text, err := json.Marshal(g.question())
		require.NoError(tb, err)
		if what := p.disagree(tb, string(text)); what != "" {
			s.report(tb, script, rows, string(text), what)
		}
	}
}

// disagree returns how the two answers to a question differ, "" if they do not.
func (p *pair) disagree(tb testing.TB, question string) string {
	q, err := query.Parse([]byte(question))
	if err != nil {
		return "no question: " + err.Error()
	}
	want, err := p.world.Answer(p.tenant, q, p.now)
	if err != nil {
		return "the oracle: " + err.Error()
	}
	got, err := p.engine.Run(tb.Context(), p.tenant, q)
	if err != nil {
		return "the engine: " + err.Error()
	}
	return difference(want.Result, got.Result)
}

// report makes a case on which the two disagree smaller and fails with it.
func (s *subject) report(tb testing.TB, script *Script, rows []Row, question, what string) {
	tb.Helper()
	kind, _, _ := strings.Cut(what, ":")
	fails := func(rows []Row, question string) bool {
		if _, err := query.Parse([]byte(question)); err != nil {
			return false
		}
		p := s.pair(tb, script.Settings, script.Now)
		p.load(tb, rows...)
		found := p.disagree(tb, question)
		again, _, _ := strings.Cut(found, ":")
		return found != "" && (kind == again || strings.HasPrefix(kind, "/") && strings.HasPrefix(again, "/"))
	}
	rows, question = shrink(rows, question, tries, fails)
	p := s.pair(tb, script.Settings, script.Now)
	p.load(tb, rows...)
	if small := p.disagree(tb, question); small != "" {
		what = small
	}
	want, got := p.both(tb, question)
	require.FailNow(tb, "the engine and the oracle disagree", failure(script, rows, question, want, got, what))
}

// both returns what each of the two says.
func (p *pair) both(tb testing.TB, question string) (want, got []string) {
	q, err := query.Parse([]byte(question))
	require.NoError(tb, err)
	say := func(a *query.Answer, err error) []string {
		if err != nil {
			return []string{fmt.Sprint("error: ", err)}
		}
		return Rows(a.Result)
	}
	return say(p.world.Answer(p.tenant, q, p.now)), say(p.engine.Run(tb.Context(), p.tenant, q))
}
