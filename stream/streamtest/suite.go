package streamtest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
)

// Option tells [Run] more about the log under test.
type Option func(*suite)

// Partitions says how many partitions a log has, numbered from 0. Defaults to 1.
func Partitions(n int) Option { return func(s *suite) { s.partitions = n } }

// Reopen gives a function that closes a log and opens it again on what it
// kept. Without it the suite does not look at persistence.
func Reopen(f func(testing.TB, stream.Log) stream.Log) Option {
	return func(s *suite) { s.reopen = f }
}

// Second gives a function that opens a second log on what an open one keeps,
// or fails to because only one may be open.
func Second(f func(testing.TB, stream.Log) (stream.Log, error)) Option {
	return func(s *suite) { s.second = f }
}

// Trim gives a function that makes a log remove the records of partition 0
// before an offset, or at least some of them. Without it the suite does not
// look at retention.
func Trim(f func(tb testing.TB, log stream.Log, before int64)) Option {
	return func(s *suite) { s.trim = f }
}

// SnapshotBytes is the size of the large snapshot the suite keeps. Defaults to
// 8 MB.
func SnapshotBytes(n int64) Option { return func(s *suite) { s.snapshotBytes = n } }

// patience bounds what the suite waits for; only a broken log takes that long.
const patience = time.Minute

type suite struct {
	open          func(testing.TB) stream.Log
	partitions    int
	reopen        func(testing.TB, stream.Log) stream.Log
	second        func(testing.TB, stream.Log) (stream.Log, error)
	trim          func(testing.TB, stream.Log, int64)
	nextEpoch     func(testing.TB, stream.Log) stream.Log
	snapshotBytes int64
}

// Run shows that logs keep the contract of [stream.Log]. open returns a new,
// empty log and registers its end with the test.
func Run(t *testing.T, open func(tb testing.TB) stream.Log, opts ...Option) {
	t.Helper()
	s := &suite{open: open, partitions: 1, snapshotBytes: 8 << 20}
	for _, opt := range opts {
		opt(s)
	}
	for _, test := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"AppendRead", s.appendRead},
		{"AppendAllOrNone", s.appendAllOrNone},
		{"AppendConcurrent", s.appendConcurrent},
		{"ReadSizes", s.readSizes},
		{"ReadWaits", s.readWaits},
		{"ReadTrimmed", s.readTrimmed},
		{"PlanCommit", s.planCommit},
		{"Raise", s.raises},
		{"OwnExclusive", s.ownExclusive},
		{"OwnError", s.ownError},
		{"OwnSecondLog", s.ownSecondLog},
		{"FollowerCursor", s.followerCursor},
		{"FollowerFenced", s.followerFenced},
		{"FollowerReads", s.followerReads},
		{"FollowerDropped", s.followerDropped},
		{"Pending", s.pending},
		{"Reopen", s.reopens},
		{"SnapshotNewest", s.snapshotNewest},
		{"SnapshotKeepsThree", s.snapshotKeepsThree},
		{"SnapshotKeptForFollower", s.snapshotKeptForFollower},
		{"SnapshotFails", s.snapshotFails},
		{"SnapshotLarge", s.snapshotLarge},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t)
		})
	}
}

// own calls fn with partition 0 of a log and returns when Own has.
func own(t *testing.T, log stream.Log, fn func(context.Context, stream.Partition)) {
	t.Helper()
	ownNumber(t, log, 0, fn)
}

func ownNumber(t *testing.T, log stream.Log, number uint16, fn func(context.Context, stream.Partition)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	called := false
	err := log.Own(ctx, func(ctx context.Context, p stream.Partition) error {
		if _, n := p.ID(); n != number {
			return nil
		}
		defer cancel()
		called = true
		fn(ctx, p)
		return nil
	})
	require.NoError(t, err)
	require.True(t, called, "partition %d was never owned", number)
}

// check fails the test from within fn, where only the test's goroutine may
// use require.
func check(t *testing.T, err error) bool {
	t.Helper()
	if err != nil {
		t.Errorf("unexpected error: %v", err)
	}
	return err == nil
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error is %v, want %v", err, want)
	}
}

func rec(partition uint16, tenant, value string) footfall.Record {
	return footfall.Record{
		Partition: partition, Events: 1, Tenant: tenant,
		Header: []byte("header of " + value), Value: []byte(value),
	}
}

// readAll reads [from, to) of a partition.
func readAll(ctx context.Context, p stream.Partition, from, to int64) ([]footfall.Record, error) {
	var all []footfall.Record
	for from < to {
		records, err := p.Read(ctx, from, 1<<20)
		if err != nil {
			return all, err
		}
		all = append(all, records...)
		from = all[len(all)-1].Offset + 1
	}
	return all, nil
}
