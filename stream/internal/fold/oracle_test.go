package fold_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/foldtest"
	"github.com/footfall-go/footfall/stream/internal/fold"
	"github.com/footfall-go/footfall/tenant"
)

// run folds records as a processor would, with flushes, restarts and batches at
// random places.
type run struct {
	tb     testing.TB
	rand   *rand.Rand
	limits fold.Limits
	state  *fold.State
	out    footfall.Batch
	rows   *foldtest.Rows
	saved  []byte // a snapshot, and the offset it stands at
	at     int
}

func newRun(tb testing.TB, seed uint64, l fold.Limits) *run {
	tb.Helper()
	return &run{
		tb: tb, rand: rand.New(rand.NewPCG(seed, 1)), limits: l,
		state: fold.New(0, 0, l), rows: foldtest.NewRows(),
	}
}

func (r *run) flush() {
	var u footfall.Upserts
	r.state.Flush(&u)
	require.Zero(r.tb, r.state.Dirty())
	r.rows.Upsert(&u)
}

func (r *run) snapshot() []byte {
	in := r.state.Snapshot()
	data, err := io.ReadAll(in)
	require.NoError(r.tb, err)
	require.NoError(r.tb, in.Close())
	return data
}

func (r *run) restore(data []byte) {
	s, err := fold.Restore(0, 0, r.limits, bytes.NewReader(data))
	require.NoError(r.tb, err)
	r.state = s
}

func (r *run) compare(want *foldtest.Result) {
	r.flush()
	require.Len(r.tb, r.out.Events, len(want.Events))
	for i := range want.Events {
		if want.Events[i] != r.out.Events[i] {
			require.Equal(r.tb, want.Events[i], r.out.Events[i])
		}
	}
	require.Empty(r.tb, foldtest.Diff(want.Rows, r.rows))
	totals := map[tenant.ID]foldtest.Counts{}
	for _, n := range r.state.Totals() {
		if c := (foldtest.Counts{Stored: n.Stored, Duplicate: n.Duplicate, Quarantined: n.Quarantined}); c != (foldtest.Counts{}) {
			totals[n.Tenant] = c
		}
	}
	require.Equal(r.tb, want.Totals, totals)
	require.Equal(r.tb, want.Evictions, r.state.EarlyEvictions())
}

// TestFoldEqualsOracle folds generated logs in many ways, each of which must
// say what the obvious fold says.
func TestFoldEqualsOracle(t *testing.T) {
	t.Parallel()
	var evictions uint64
	for seed := range uint64(12) {
		records := foldtest.Generate(seed, 1200)
		limits, options := fold.Limits{}, foldtest.Options{}
		if seed%4 == 1 {
			limits, options = fold.Limits{SoftIDs: 60, MaxIDs: 400}, foldtest.Options{SoftIDs: 60, MaxIDs: 400}
		} else if seed%4 == 2 {
			limits, options = fold.Limits{SoftIDs: 1, MaxIDs: 20}, foldtest.Options{SoftIDs: 1, MaxIDs: 20}
		}
		want, err := foldtest.Fold(records, options)
		require.NoError(t, err)
		evictions += want.Evictions
		for try := range uint64(3) {
			r := newRun(t, seed*10+try, limits)
			for i := range records {
				require.NoError(t, r.state.Apply(&records[i], &r.out))
				if r.rand.IntN(20) == 0 {
					r.flush()
				}
				if try > 0 && r.rand.IntN(100) == 0 {
					r.flush()
					r.restore(r.snapshot())
				}
			}
			r.compare(want)
		}
	}
	require.NotZero(t, evictions)
}

// TestReplay goes back to an old snapshot and repeats: events of the replay are
// the same again, and rows written twice change nothing.
func TestReplay(t *testing.T) {
	t.Parallel()
	for seed := range uint64(10) {
		records := foldtest.Generate(100+seed, 1000)
		want, err := foldtest.Fold(records, foldtest.Options{})
		require.NoError(t, err)
		r := newRun(t, seed, fold.Limits{})
		r.saved = r.snapshot()
		emitted := []int{0}
		for i := range records {
			require.NoError(t, r.state.Apply(&records[i], &r.out))
			emitted = append(emitted, len(r.out.Events))
			switch r.rand.IntN(150) {
			case 0:
				r.flush()
				r.saved, r.at = r.snapshot(), i+1
			case 1:
				if r.rand.IntN(2) == 0 {
					r.flush() // else these rows are lost with the process
				}
				before := r.out.Events[emitted[r.at]:]
				r.out.Events = append([]footfall.Event(nil), r.out.Events[:emitted[r.at]]...)
				r.restore(r.saved)
				for j := r.at; j <= i; j++ {
					require.NoError(t, r.state.Apply(&records[j], &r.out))
				}
				require.Equal(t, before, r.out.Events[emitted[r.at]:])
			}
		}
		r.compare(want)
	}
}

// TestQuarantine refuses some events, after they were folded or before a
// replay; both give the same account.
func TestQuarantine(t *testing.T) {
	t.Parallel()
	for seed := range uint64(10) {
		records := foldtest.Generate(200+seed, 800)
		all, err := foldtest.Fold(records, foldtest.Options{})
		require.NoError(t, err)
		refused := map[footfall.Coordinate]bool{}
		var list []footfall.Coordinate
		rnd := rand.New(rand.NewPCG(seed, 2))
		for _, ev := range all.Events {
			if rnd.IntN(10) == 0 {
				at := footfall.Coordinate{Offset: ev.Position.Offset, Index: ev.Position.Index}
				list = append(list, at)
				refused[at] = true
			}
		}
		want, err := foldtest.Fold(records, foldtest.Options{Rejected: list})
		require.NoError(t, err)

		told := newRun(t, seed, fold.Limits{})
		told.state.Rejected(list)
		later := newRun(t, seed, fold.Limits{})
		for i := range records {
			require.NoError(t, told.state.Apply(&records[i], &told.out))

			n := len(later.out.Events)
			require.NoError(t, later.state.Apply(&records[i], &later.out))
			if later.rand.IntN(3) == 0 {
				later.flush() // so that the row comes after the minute was written
			}
			kept := later.out.Events[:n]
			for _, ev := range later.out.Events[n:] {
				if refused[footfall.Coordinate{Offset: ev.Position.Offset, Index: ev.Position.Index}] {
					later.state.Quarantine(&ev, records[i].Time)
				} else {
					kept = append(kept, ev)
				}
			}
			later.out.Events = kept
			if later.rand.IntN(100) == 0 {
				later.flush()
				later.restore(later.snapshot())
			}
		}
		told.compare(want)
		later.compare(want)
	}
}
