package querytest

import (
	"embed"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/tenant"
)

//go:embed testdata/*.test
var files embed.FS

// Run checks that an engine over the connections that open returns says what
// the scripts and the oracle say. Each comes with a store of what it reads,
// empty and nobody else's until the test ends.
func Run(t *testing.T, open func(tb testing.TB) (footfall.Store, query.Conn)) {
	t.Run("scripts", func(t *testing.T) {
		t.Parallel()
		s := newSubject(t, open)
		for name, scripts := range readScripts(t) {
			for _, script := range scripts {
				t.Run(name+"/"+script.Name, func(t *testing.T) { s.play(t, script) })
			}
		}
	})
	t.Run("golden", func(t *testing.T) {
		t.Parallel()
		runGolden(t, newSubject(t, open))
	})
	t.Run("agreement", func(t *testing.T) {
		t.Parallel()
		runAgreement(t, newSubject(t, open))
	})
	t.Run("generated", func(t *testing.T) {
		t.Parallel()
		runGenerated(t, open)
	})
}

// readScripts returns all scripts by the names of their files.
func readScripts(tb testing.TB) map[string][]*Script {
	tb.Helper()
	all := map[string][]*Script{}
	entries, err := files.ReadDir("testdata")
	require.NoError(tb, err)
	for _, entry := range entries {
		text, err := files.ReadFile("testdata/" + entry.Name())
		require.NoError(tb, err)
		scripts, err := ParseScripts(string(text))
		require.NoError(tb, err, entry.Name())
		all[strings.TrimSuffix(entry.Name(), ".test")] = scripts
	}
	require.NotEmpty(tb, all)
	return all
}

// subject is an engine with its store.
type subject struct {
	store   footfall.Store
	conn    query.Conn
	tenants atomic.Uint64
}

func newSubject(tb testing.TB, open func(tb testing.TB) (footfall.Store, query.Conn)) *subject {
	tb.Helper()
	store, conn := open(tb)
	return &subject{store: store, conn: conn}
}

// pair is a world in memory and the same world in the store.
type pair struct {
	subject *subject
	world   *World
	tenant  *tenant.Tenant
	number  uint64
	now     time.Time
	engine  *query.Engine
}

// pair returns an empty world of a tenant of its own.
func (s *subject) pair(tb testing.TB, settings tenant.Settings, now time.Time) *pair {
	tb.Helper()
	p := &pair{subject: s, world: &World{}, number: s.tenants.Add(1), now: now}
	id, err := tenant.ParseID(fmt.Sprintf("t%d", p.number))
	require.NoError(tb, err)
	settings.QueryTime = 5 * time.Minute // on a machine that does other things as well
	p.tenant = &tenant.Tenant{ID: id, Settings: settings.WithDefaults()}
	p.engine, err = query.NewEngine(query.Config{Conn: s.conn, Now: func() time.Time { return p.now }})
	require.NoError(tb, err)
	return p
}

// load adds rows to both worlds.
func (p *pair) load(tb testing.TB, rows ...Row) {
	tb.Helper()
	batch, up := p.world.Load(p.tenant, rows...)
	batch.Piece = p.number // of a token that other tenants' batches do not have
	if len(batch.Events) > 0 {
		require.NoError(tb, p.subject.store.Insert(tb.Context(), batch, 0))
	}
	if up.Len() > 0 {
		require.NoError(tb, p.subject.store.Upsert(tb.Context(), up))
	}
}

// play loads and asks what a script says.
func (s *subject) play(tb testing.TB, script *Script) {
	tb.Helper()
	p := s.pair(tb, script.Settings, script.Now)
	for _, step := range script.Steps {
		if step.Question == "" {
			p.load(tb, step.Load...)
			continue
		}
		where := fmt.Sprintf("line %d: %s", step.Line, step.Question)
		want := answerOf(tb, p.world, p.tenant, step.Question, script.Now)
		require.Equal(tb, text(step.Rows), text(Rows(want.Result)), "the oracle, %s", where)
		q, err := query.Parse([]byte(step.Question))
		require.NoError(tb, err, where)
		got, err := p.engine.Run(tb.Context(), p.tenant, q)
		require.NoError(tb, err, where)
		require.Equal(tb, text(step.Rows), text(Rows(got.Result)), "the engine, %s", where)
		require.Empty(tb, difference(want.Result, got.Result), where)
	}
}

// answerOf asks the oracle.
func answerOf(tb testing.TB, w *World, t *tenant.Tenant, question string, now time.Time) *query.Answer {
	tb.Helper()
	q, err := query.Parse([]byte(question))
	require.NoError(tb, err, question)
	answer, err := w.Answer(t, q, now)
	require.NoError(tb, err, question)
	return answer
}

func text(rows []string) string { return "\n" + strings.Join(rows, "\n") + "\n" }
