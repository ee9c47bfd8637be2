package stream

import (
	"context"
	"errors"
	"io"

	"github.com/footfall-go/footfall"
)

// Errors of a [Log] that callers tell apart.
var (
	// ErrUnavailable says that the log cannot take or give records now: its
	// disk is full or read-only, its broker is away. Nothing of the call was
	// accepted for certain; trying later is right.
	ErrUnavailable = errors.New("stream: log unavailable")
	// ErrFenced says that another process owns the partition now. What is in
	// hand must be dropped: the new owner does it again.
	ErrFenced = errors.New("stream: partition is owned by another")
	// ErrPlanLost says that a log has no plan although it was processed before.
	ErrPlanLost = errors.New("stream: the plan is lost")
	// ErrRaised says that a partition is in a later epoch than the log was opened
	// under, since a recovery with Config.NextEpoch.
	ErrRaised = errors.New("stream: a recovery has begun another epoch")
	// ErrTrimmed says that retention has removed the records asked for.
	ErrTrimmed = errors.New("stream: records were removed by retention")
)

// Log is a durable, ordered sequence of records in one or more partitions.
// Implementations are safe for concurrent use; streamtest.Run is the suite
// that each must pass.
type Log interface {
	// Append makes the records durable, all or none in each partition, and
	// returns only then. It gives them their offsets and times; the slices in
	// them belong to the log from the call on. After an error the records may
	// or may not be in the log, and the caller may append them again: events
	// carry the ids that make that harmless.
	Append(ctx context.Context, records []footfall.Record) error

	// Own calls fn, in a goroutine of its own, for each partition that this
	// process owns, and again when ownership comes back; it returns when ctx
	// ends and all calls have returned. The context given to fn ends when the
	// partition is lost or ctx does. An error of fn other than ErrFenced ends
	// Own with that error.
	Own(ctx context.Context, fn func(context.Context, Partition) error) error
}

// Plan is the one mutable truth of a partition: everything before From is in
// the store for certain, the records [From, To) are claimed and may be.
type Plan struct {
	From, To int64
	// Written tells others how far the store has also all else that follows
	// from the records: sessions, links, erasures. It is at most From, and the
	// processor itself relies on it for nothing.
	Written int64
	Fold    uint16 // version of the fold that made the claim
}

// Partition is an owned partition. Its methods may be called at the same time
// by several goroutines, but each of Read and Commit by one at a time.
type Partition interface {
	// ID returns the epoch and the number of the partition.
	ID() (epoch, partition uint16)
	// Plan returns the committed plan; ok is false if there never was one.
	Plan(ctx context.Context) (p Plan, ok bool, err error)
	// Commit makes a plan durable, or fails with [ErrFenced].
	Commit(ctx context.Context, p Plan) error
	// Raise ends the partition's epoch: it keeps a snapshot of the state at the
	// plan's offset for the next epoch, as [Snapshots.Save] does, and then makes
	// the plan durable, which bears that epoch from then on; or it fails with
	// [ErrFenced]. Records keep their offsets. The partition is not used after it.
	Raise(ctx context.Context, p Plan, state io.Reader) error
	// Bounds returns the first offset still held and the next to be written.
	Bounds(ctx context.Context) (first, end int64, err error)
	// Read returns records from the offset on, at least one and about
	// maxBytes of them. It waits until there is one or ctx ends; then it
	// returns ctx's error. It fails with [ErrTrimmed] if the offset is before
	// the first held. Offsets need not be contiguous. The records are the
	// caller's; their Values are never changed.
	Read(ctx context.Context, from int64, maxBytes int) ([]footfall.Record, error)
	// Pending counts the events per tenant of the records at or after an
	// offset, and returns the time of the first of them, 0 if there is none.
	Pending(ctx context.Context, from int64) (map[string]uint64, footfall.Millis, error)
	// Snapshots returns the place for snapshots of this partition's state.
	Snapshots() Snapshots
	// Follower returns the reader of that name, which is new if nobody used it
	// before.
	Follower(name string) Follower
	// Followers returns the places of all followers that have one.
	Followers(ctx context.Context) (map[string]int64, error)
}

// Follower reads an owned partition a second time, at its own pace, and has a
// durable place of its own. It holds back neither the plan nor retention. Each
// is used by one goroutine at a time.
type Follower interface {
	// Cursor returns the place; ok is false if there never was one.
	Cursor(ctx context.Context) (offset int64, ok bool, err error)
	// Move makes a place durable, or fails with [ErrFenced].
	Move(ctx context.Context, offset int64) error
	// Drop forgets the place durably, and nothing is kept for it any more, or
	// fails with [ErrFenced]. Whoever takes the name again is new.
	Drop(ctx context.Context) error
	// Read is like that of [Partition], and independent of it.
	Read(ctx context.Context, from int64, maxBytes int) ([]footfall.Record, error)
}

// Snapshots keeps states of one partition's fold. What a snapshot holds depends
// only on (partition, offset, fold version), so writing one needs no fencing.
type Snapshots interface {
	// Load returns the newest snapshot of a fold version at or before max;
	// data is nil if there is none. The caller closes it.
	Load(ctx context.Context, fold uint16, max int64) (offset int64, data io.ReadCloser, err error)
	// Save keeps a snapshot durably, whole or not at all, and drops all of its
	// fold version but the newest three and, for each [Follower], the newest
	// at or before its cursor, unless retention has removed the records that
	// follow it. It reads data to its end.
	Save(ctx context.Context, fold uint16, offset int64, data io.Reader) error
}
