package querytest

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/tenant"
)

// So many questions are generated, as far as there is time. FOOTFALL_TEST_TIME is
// another time, such as 10m, for any number of questions; FOOTFALL_TEST_QUESTIONS
// is another number, of which fewer are a failure.
const (
	enough   = 2000
	fewer    = 200 // of a sample
	patience = 80 * time.Second
	tries    = 400 // to make a failing case smaller
)

// budget is how much a run asks.
type budget struct {
	questions int64
	time      time.Duration
	must      bool // ask that many
}

func budgetOf(tb testing.TB, questions int64) budget {
	tb.Helper()
	b := budget{questions: questions, time: patience}
	if text := os.Getenv("FOOTFALL_TEST_TIME"); text != "" {
		var err error
		b.time, err = time.ParseDuration(text)
		require.NoError(tb, err)
		b.questions = math.MaxInt64
	}
	if text := os.Getenv("FOOTFALL_TEST_QUESTIONS"); text != "" {
		var err error
		b.questions, err = strconv.ParseInt(text, 10, 64)
		require.NoError(tb, err)
		b.must = true
		if os.Getenv("FOOTFALL_TEST_TIME") == "" {
			b.time = time.Hour
		}
	}
	return b
}

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

// runGenerated asks the oracle and the engine generated questions. A world and
// what is asked about it are made of the seed and the number of the world alone;
// FOOTFALL_TEST_WORLD is that of the only one.
func runGenerated(t *testing.T, open func(tb testing.TB) (Store, query.Conn), questions int64) {
	seed, b := seedOf(t), budgetOf(t, questions)
	s := newSubject(t, open)
	if text := os.Getenv("FOOTFALL_TEST_WORLD"); text != "" {
		number, err := strconv.Atoi(text)
		require.NoError(t, err)
		s.askGenerated(t, seed, number)
		return
	}
	var worlds atomic.Int32
	for worker := range 2 {
		t.Run(fmt.Sprint("worker ", worker), func(t *testing.T) {
			t.Parallel()
			end := time.Now().Add(b.time) // not while it waits for others
			for first := true; first || int64(s.tally.asked()) < b.questions && time.Now().Before(end); first = false {
				s.askGenerated(t, seed, int(worlds.Add(1)))
			}
		})
	}
	t.Cleanup(func() {
		t.Logf("%d questions about %d worlds%s", s.tally.asked(), worlds.Load(), &s.tally)
		if t.Failed() {
			return
		}
		if kinds := s.tally.neglected(); len(kinds) > 0 {
			t.Errorf("too little was asked about %q", kinds)
		}
		if b.must && int64(s.tally.asked()) < b.questions {
			t.Errorf("there was no time for %d questions", b.questions)
		}
	})
}

// askGenerated asks questions about a world.
func (s *subject) askGenerated(tb testing.TB, seed uint64, number int) {
	tb.Helper()
	place := places[number%len(places)]
	g, err := newGenerator(seed, place, number)
	require.NoError(tb, err)
	script := &Script{
		Name:     fmt.Sprintf("of FOOTFALL_TEST_SEED=%d FOOTFALL_TEST_WORLD=%d", seed, number),
		Settings: tenant.Settings{Zone: place.zone, WeekStart: place.start, Retention: pick(g, 0, 0, 0, reach)},
		Now:      g.middle.Add(5 * 24 * time.Hour),
	}
	rows := g.world()
	p := s.pair(tb, script.Settings, script.Now)
	p.load(tb, rows...)
	g.answer = func(q query.Query) any {
		if answer, err := p.world.Answer(p.tenant, q, p.now); err == nil {
			return answer.Result
		}
		return nil
	}
	for _, question := range g.questions() {
		text, err := json.Marshal(question())
		require.NoError(tb, err)
		if what := p.disagree(tb, string(text)); what != "" {
			s.report(tb, script, rows, string(text), what)
		}
		if q, err := query.Parse(text); err == nil && paged(q) && g.chance(8) {
			whole, err := p.world.Answer(p.tenant, wholeOf(q), p.now)
			require.NoError(tb, err)
			require.Empty(tb, difference(whole.Result, p.pages(tb, q)), "the pages of %s\n%s", text, script)
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
	began := time.Now()
	got, err := p.engine.Run(tb.Context(), p.tenant, q)
	if err != nil {
		return "the engine: " + err.Error()
	}
	p.subject.tally.add(q, want.Result, time.Since(began))
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
		if p.fill(tb.Context(), rows) != nil {
			return false // a segment needs one that was dropped
		}
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
