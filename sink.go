package footfall

import (
	"context"
	"errors"
)

// Sink takes events: a tap, an export, a user's own destination.
//
// Write returns nil only when the events are where they should be; it may
// block, and an error means that none of them counts as written, unless it is
// a [*BatchError]. The slice and its strings belong to the caller: others may
// read them at the same time, and they may be reused after Write returns. A Sink is called from one goroutine at a time
// for each partition, in the order of the log.
type Sink interface {
	Write(ctx context.Context, events []Event) error
}

// SinkFunc makes a function a [Sink].
type SinkFunc func(ctx context.Context, events []Event) error

// Write calls f.
func (f SinkFunc) Write(ctx context.Context, events []Event) error { return f(ctx, events) }

// Eraser is a [Sink] that hears of erasures, to delete what it has. The store
// and the state forget by themselves; what a sink gave away only it can delete.
type Eraser interface {
	// Erase is told in each partition that had to forget somebody, behind what
	// stands before [Erasure.Before] there: events of the partition before it
	// that [Erasure.Concerns] are to go. It may be told again, and nil says that
	// they are gone, or will be. The Erasure is the caller's.
	Erase(ctx context.Context, e *Erasure) error
}

// Store is the record of what happened. It can prove what it holds, which is
// what exactly-once delivery rests on; see package stream for the protocol.
// Implementations are safe for concurrent use.
type Store interface {
	// Insert writes the events of a batch as one block. It may be called again
	// with the same [Batch.Token], with all events or with those missing,
	// while the first call still runs: rows of one silo and month that one of
	// the calls has written the other must drop. Under another token they must
	// be written even if an earlier call was acknowledged. An error says
	// nothing about whether rows were written.
	Insert(ctx context.Context, b *Batch, attempt int) error

	// Present returns the coordinates of the events of [from, to) in one
	// partition that the store holds, in any order, each at least once. A store
	// that keeps one of several equal events is a [stream.Collapser] as well.
	// One that tells how far its ledger goes is a [stream.Accountant], and one that
	// tells which events it has a [stream.Surveyor].
	Present(ctx context.Context, epoch, partition uint16, from, to int64) ([]Coordinate, error)

	// Disposed returns what of [from, …) in one partition need not be present
	// although it was accepted: quarantined events, erasures, and what is older
	// than its tenant keeps.
	Disposed(ctx context.Context, epoch, partition uint16, from int64) (Disposed, error)

	// Upsert writes rows that carry their own version, and carries out and
	// remembers the erasures among them. It may be repeated.
	Upsert(ctx context.Context, u *Upserts) error
}

// Disposed is what a [Store] was told to do without.
type Disposed struct {
	Rejected []Coordinate
	Erasures []Erasure
	Expired  []Expiry
}

// Permanent marks an error that no retry will cure: the rows themselves are
// refused. It returns nil for nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanentError{err}
}

// IsPermanent reports whether err, or one it wraps, was marked by [Permanent].
func IsPermanent(err error) bool {
	var p *permanentError
	return errors.As(err, &p)
}

type permanentError struct{ err error }

func (e *permanentError) Error() string { return e.err.Error() }
func (e *permanentError) Unwrap() error { return e.err }

// BatchError tells which events of a [Sink.Write] failed; the others count as
// written.
type BatchError struct {
	Failed []int // indexes into the written slice, ascending
	Err    error
}

func (e *BatchError) Error() string { return e.Err.Error() }
func (e *BatchError) Unwrap() error { return e.Err }
