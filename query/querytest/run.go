package querytest

import (
	"context"
	"embed"
	"fmt"
	"slices"
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

// Store is a store of events and of segments.
type Store interface {
	footfall.Store
	query.SegmentStore
}

// Run checks that an engine over the connections that open returns says what
// the scripts and the oracle say. Each comes with a store of what it reads,
// empty and nobody else's until the test ends.
func Run(t *testing.T, open func(tb testing.TB) (Store, query.Conn)) {
	t.Run("scripts", func(t *testing.T) {
		t.Parallel()
		runScripts(t, newSubject(t, open))
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
		runGenerated(t, open, enough)
	})
}

// RunSample is Run for another way to an engine that Run holds to be right, such
// as a connection to another process. What a statement says is the same whichever
// way it goes; what may differ is how its parameters go and its rows come, of
// which the scripts have every sort, and a tenth of the generated questions those
// that nobody thought of.
func RunSample(t *testing.T, open func(tb testing.TB) (Store, query.Conn)) {
	t.Run("scripts", func(t *testing.T) {
		t.Parallel()
		runScripts(t, newSubject(t, open))
	})
	t.Run("generated", func(t *testing.T) {
		t.Parallel()
		runGenerated(t, open, fewer)
	})
}

func runScripts(t *testing.T, s *subject) {
	for name, scripts := range readScripts(t) {
		for _, script := range scripts {
			t.Run(name+"/"+script.Name, func(t *testing.T) { s.play(t, script) })
		}
	}
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
	store   Store
	conn    query.Conn
	tenants atomic.Uint64
	tally   tally // of generated questions
}

func newSubject(tb testing.TB, open func(tb testing.TB) (Store, query.Conn)) *subject {
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
	p.engine, err = query.NewEngine(query.Config{Conn: s.conn, Segments: s.store, Now: func() time.Time { return p.now }})
	require.NoError(tb, err)
	return p
}

// load adds rows to both worlds, in which segments are stored as of now.
func (p *pair) load(tb testing.TB, rows ...Row) {
	tb.Helper()
	require.NoError(tb, p.fill(tb.Context(), rows))
}

func (p *pair) fill(ctx context.Context, rows []Row) error {
	for len(rows) > 0 {
		n := slices.IndexFunc(rows, func(r Row) bool { return isStored(r.Kind) })
		if n < 0 {
			n = len(rows)
		}
		if err := p.write(ctx, rows[:n]); err != nil {
			return err
		}
		if rows = rows[n:]; len(rows) > 0 {
			if err := p.put(ctx, rows[0]); err != nil {
				return err
			}
			rows = rows[1:]
		}
	}
	return nil
}

func (p *pair) write(ctx context.Context, rows []Row) error {
	batches, up := p.world.Load(p.tenant, rows...)
	for _, batch := range batches {
		batch.Piece = p.number // of a token that other tenants' batches do not have
		if err := p.subject.store.Insert(ctx, batch, 0); err != nil {
			return err
		}
	}
	if up.Len() == 0 {
		return nil
	}
	return p.subject.store.Upsert(ctx, up)
}

// put stores a segment in both.
func (p *pair) put(ctx context.Context, r Row) error {
	s, err := parseSegment(r.To)
	if err != nil {
		return err
	}
	static := r.Kind == "freeze"
	if err := p.world.Put(p.tenant, r.Key, *s, static, p.now); err != nil {
		return err
	}
	_, err = p.engine.PutSegment(ctx, p.tenant, query.StoredSegment{ID: r.Key, Segment: *s, Static: static})
	return err
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
