package fold_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/stream/internal/fold"
)

// TestRaise takes a state into the next epoch, whose offsets go on or begin anew:
// sessions, links and ids are known there, what was counted is not counted again,
// and who was erased stays so.
func TestRaise(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]int64{"offsets go on": 5, "offsets begin anew": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLog(t, fold.Limits{})
			page := l.event(footfall.Page, 0, "v", "u")
			session := l.put(0, page)[0].Session
			gone := l.event(footfall.Page, 0, "w", "gone")
			l.put(0, gone)
			l.order(0, record.Order{Erase: &record.Erase{Users: []string{"gone"}}})
			l.put(0, l.track(0, "x"))
			l.flush()
			totals := l.state.Totals()
			l.state.Raise(7, next)
			l.offset, l.epoch = next, 7

			require.Empty(t, l.state.Witnesses(), "they are of an epoch that ended")
			require.Empty(t, l.state.Counted())
			require.Equal(t, totals[0].Accepted(), l.state.Totals()[0].Accepted())
			require.Zero(t, l.state.Dirty())
			data, err := io.ReadAll(l.state.Snapshot())
			require.NoError(t, err)
			l.state, err = fold.Restore(7, 0, fold.Limits{}, bytes.NewReader(data))
			require.NoError(t, err)

			require.Empty(t, l.put(minute, page), "a copy")
			again := l.put(minute, l.event(footfall.Page, minute, "v", "u"), l.event(footfall.Page, minute, "w", "gone"))
			require.Equal(t, session, again[0].Session)
			require.Equal(t, footfall.Position{Epoch: 7, Offset: next + 1}, again[0].Position)
			u := l.flush()
			require.Len(t, u.Links, 1, "of who was erased, and came back")
			require.Equal(t, l.visitor("w"), u.Links[0].From)
			require.EqualValues(t, 2, u.Sessions[0].Events)
			require.Equal(t, footfall.Version(7, next+1), u.Sessions[0].Version)
			require.Len(t, u.Ledger, 1)
			require.Equal(t, []uint64{2, 1}, []uint64{u.Ledger[0].Stored, u.Ledger[0].Duplicate})
			require.EqualValues(t, 7, u.Ledger[0].Epoch)

			l.order(minute, record.Order{Erase: &record.Erase{Users: []string{"u"}}})
			l.put(minute, l.event(footfall.Page, minute, "v", "u"))
			require.Len(t, l.flush().Links, 1, "erased in this epoch")
		})
	}
}
