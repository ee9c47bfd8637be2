package storetest

import (
	"context"
	"testing"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/store"
)

// Reader shows what a store holds, which the seam itself does not. The lists
// are what queries see, in any order. Events come back without AnonymousID,
// UserID, PreviousID and Derived: stores keep what follows from those.
type Reader interface {
	// Rows counts the events that were written, copies included.
	Rows(ctx context.Context) (int, error)
	Events(ctx context.Context) ([]footfall.Event, error)
	Sessions(ctx context.Context) ([]footfall.Session, error)
	Links(ctx context.Context) ([]footfall.Link, error)
	IDs(ctx context.Context) ([]footfall.IDText, error)
	// Traits are those that count, whatever partition they came by.
	Traits(ctx context.Context) ([]footfall.Trait, error)
	Ledger(ctx context.Context) ([]footfall.LedgerRow, error)
	Rejected(ctx context.Context) ([]footfall.Rejected, error)
	Erasures(ctx context.Context) ([]footfall.Erasure, error)
	// Lose takes away the events of records [from, to) behind the store's
	// back, as a crash might that comes after the acknowledgement.
	Lose(ctx context.Context, epoch, partition uint16, from, to int64) error
	// Settle makes the store do now what it does in the background, such as
	// collapsing copies.
	Settle(ctx context.Context) error
}

// Run checks the stores that open returns: each empty, and nobody else's
// until the test ends.
func Run(t *testing.T, open func(tb testing.TB) (footfall.Store, Reader)) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, s *subject)
	}{
		{"inserted events are present", testPresent},
		{"which events there are", testSurvey},
		{"an empty batch is nothing", testEmpty},
		{"the same attempt does not double", testSameAttempt},
		{"a token writes each month once", testToken},
		{"another attempt is written after a loss", testLoss},
		{"missing rows go under the next attempt", testMissing},
		{"partitions and epochs are apart", testPartitions},
		{"copies collapse to the first", testCopies},
		{"a collapsed copy is not missing for ever", testCollapsed},
		{"events come back as they went in", testRoundTrip},
		{"odd texts", testOddTexts},
		{"extreme times", testExtremeTimes},
		{"impossible times are refused for good", testImpossibleTimes},
		{"100,000 events in a batch", testLarge},
		{"64 months in a batch", testMonths},
		{"the newest version of a row stays", testVersions},
		{"links, ids and rejected rows are kept once", testAppendOnly},
		{"of the traits of a key one counts", testTraits},
		{"odd traits", testOddTraits},
		{"erasure", testErasure},
		{"erasure of traits", testErasureTraits},
		{"erasure of a tenant", testErasureTenant},
		{"erasure of a tenant with partitions of its own", testErasureSilo},
		{"what was disposed of", testDisposed},
		{"concurrent use", testConcurrent},
		{"a call that is over", testCancelled},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, r := open(t)
			test.run(t, &subject{s, r})
		})
	}
}

type subject struct {
	footfall.Store
	Reader
}

// Memory returns the [Reader] of an in-memory store.
func Memory(m *store.Memory) Reader { return memory{m} }

type memory struct{ m *store.Memory }

func (r memory) Rows(context.Context) (int, error) { return len(r.m.Rows()), nil }

func (r memory) Events(context.Context) ([]footfall.Event, error) {
	events := r.m.Events()
	for i := range events {
		e := &events[i]
		e.AnonymousID, e.UserID, e.PreviousID, e.Derived = "", "", "", ""
	}
	return events, nil
}

func (r memory) Sessions(context.Context) ([]footfall.Session, error)  { return r.m.Sessions(), nil }
func (r memory) Links(context.Context) ([]footfall.Link, error)        { return r.m.Links(), nil }
func (r memory) IDs(context.Context) ([]footfall.IDText, error)        { return r.m.IDs(), nil }
func (r memory) Traits(context.Context) ([]footfall.Trait, error)      { return r.m.Traits(), nil }
func (r memory) Ledger(context.Context) ([]footfall.LedgerRow, error)  { return r.m.Ledger(), nil }
func (r memory) Rejected(context.Context) ([]footfall.Rejected, error) { return r.m.Rejected(), nil }

func (r memory) Erasures(context.Context) ([]footfall.Erasure, error) { return r.m.Erasures(), nil }

func (r memory) Lose(_ context.Context, epoch, partition uint16, from, to int64) error {
	r.m.Lose(func(p footfall.Position) bool {
		return p.Epoch == epoch && p.Partition == partition && p.Offset >= from && p.Offset < to
	})
	return nil
}

func (memory) Settle(context.Context) error { return nil }
