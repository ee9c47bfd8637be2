package stream

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/footfall-go/footfall"
)

// Tap gives the events that the store has confirmed to a [footfall.Sink] as
// well, partition by partition and in the order of the log, as they were
// stored: with their sessions, without duplicates and what is in quarantine.
//
// A live tap is for what may be missed: an event is given to it at most once.
// A tap that is slow or stuck drops events, which are counted, and holds
// nobody up.
//
// A durable tap misses nothing: it has a place of its own in the log, which
// moves when Sink.Write returned nil, and folds the log again from there. An
// event is given to it at least once; after a crash those of the last Write
// come again, under the same [footfall.Position] and perhaps in batches cut
// elsewhere. It retries for ever and may lag as far as the log's retention
// reaches. If that overtakes it, it stops and says so; it never skips. For
// each partition it needs the memory and the processor time of a second fold,
// and its reads compete with nothing but the disk.
//
// An erasure takes back what is in the store and the state. Once [Runner.Settle]
// has returned for it, no Write begins that has an event in it that was erased,
// however long that waited. A sink that is a [footfall.Eraser] is told, to
// delete what it already has: that of a durable tap, and its dead letter, at
// least once and before any later event of the partition, retried like Write;
// that of a live tap once, if it is there to hear it, and perhaps behind some
// later events.
type Tap struct {
	// Name tells the tap apart in its place in the log, metrics and status: 1
	// to 64 of a-z, 0-9, '-' and '_'. A durable tap must keep it. Required.
	Name string
	// Sink takes the events. It must not change them. One that ignores the end
	// of its context is left behind. Required.
	Sink footfall.Sink
	// Durable makes it a durable tap. Defaults to a live one.
	Durable bool

	// MaxRows bounds the events of one Write; a record of the log is never
	// divided for a durable tap. Defaults to 10,000.
	MaxRows int
	// MaxBytes bounds what a durable tap gathers for one Write in the log's
	// form, and what waits for a live tap. Defaults to 16 MB.
	MaxBytes int
	// MaxAge is how long an event waits for others to fill a durable tap's
	// Write. Defaults to 1s.
	MaxAge time.Duration
	// Queue is how many events may wait for a live tap, the ones being written
	// included; a batch goes in whole or not at all, and always if nothing
	// waits. Defaults to 100,000.
	Queue int

	// FromNow starts a durable tap that has no place yet behind what is stored
	// already. Defaults to false: it starts with the oldest records that the
	// log holds and the state is known for.
	FromNow bool
	// Recover lets a durable tap that retention has overtaken go on behind the
	// gap, at the oldest snapshot. Defaults to false: it stops.
	Recover bool
	// DeadLetter takes what the sink of a durable tap refuses with a
	// [footfall.Permanent] error; the place moves when it has it. Defaults to
	// nil: the tap stops at such an event.
	DeadLetter footfall.Sink
}

func (t Tap) withDefaults() Tap {
	t.MaxRows = cmp.Or(t.MaxRows, 10_000)
	t.MaxBytes = cmp.Or(t.MaxBytes, 16<<20)
	t.MaxAge = cmp.Or(t.MaxAge, time.Second)
	t.Queue = cmp.Or(t.Queue, 100_000)
	return t
}

// checkTaps returns the mistakes in all of them.
func checkTaps(taps []Tap) (errs []error) {
	seen := map[string]bool{}
	for i := range taps {
		t := &taps[i]
		mistake := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("stream: Config.Taps[%d]: "+format, append([]any{i}, args...)...))
		}
		switch {
		case len(t.Name) < 1 || len(t.Name) > 64 || strings.Trim(t.Name, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "":
			mistake("Name %q is not 1 to 64 of a-z, 0-9, '-' and '_'", t.Name)
		case seen[t.Name]:
			mistake("Name %q is taken", t.Name)
		}
		seen[t.Name] = true
		if t.Sink == nil {
			mistake("Sink is required")
		}
		if min(t.MaxRows, t.MaxBytes, t.Queue) < 0 || t.MaxAge < 0 {
			mistake("a bound is negative")
		}
		if !t.Durable && (t.FromNow || t.Recover || t.DeadLetter != nil) {
			mistake("FromNow, Recover and DeadLetter are for durable taps")
		}
	}
	return errs
}
