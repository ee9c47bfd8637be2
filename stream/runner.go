package stream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/footfall-go/footfall"
)

// Config is what a [Runner] is made of.
type Config struct {
	// Log is where records come from. Required.
	Log Log
	// Store is where rows go. Required.
	Store footfall.Store

	// FlushAge is how long the first record of a batch waits at most before
	// the batch is cut, if the store is not busy with the one before.
	// Defaults to 200ms, or to 50ms for each partition that this process owns
	// at the time where that is more: at low rates it is inserts that cost the
	// store, and a process makes no more than twenty a second then.
	FlushAge time.Duration
	// UpsertEvery is how often sessions, links and the ledger are written
	// under load; when the log is drained they are written at once.
	// Defaults to 500ms.
	UpsertEvery time.Duration
	// SnapshotEvery is how often the state is saved while records come.
	// Defaults to 1m.
	SnapshotEvery time.Duration
	// SnapshotEvents is after how many events it is saved even before that,
	// which bounds the replay after a crash. Defaults to 10 million.
	SnapshotEvents int

	// MaxRows bounds the events of a batch. Defaults to 100,000.
	MaxRows int
	// MaxBytes bounds a batch's records in the log's form; up to three batches
	// are held for each partition owned. Defaults to 64 MB.
	MaxBytes int
	// MaxSpan bounds a batch in log time. Defaults to 10m.
	MaxSpan time.Duration
	// MaxParts bounds the (silo, month of event time) pairs of a batch: the
	// partitions of the table that one insert touches. Defaults to 64.
	MaxParts int

	// Attempts is how many acknowledged inserts may leave rows missing before
	// the partition stops. Defaults to 5.
	Attempts int
	// CallTimeout bounds each call of the store and each commit.
	// Defaults to 1m.
	CallTimeout time.Duration
	// DrainTimeout bounds what Run does after its context ended.
	// Defaults to 30s.
	DrainTimeout time.Duration
	// Recover brings a store in line with the log that it is not in line with:
	// the plan is lost, or an older store was restored. No plan is believed: each
	// partition begins at the newest snapshot that the store bears out, or at the
	// log's start, and every batch is read back up to what the log holds at that
	// moment. Defaults to false: such a partition is refused.
	Recover bool
	// AcceptLoss lets a recovery go on where the log lacks records between that
	// snapshot and its start. Defaults to false: such a partition is refused
	// with a [LossError].
	AcceptLoss bool

	// NextEpoch lets a recovery end the epoch where it has read back all that the
	// log has of what it was: the way out where the log lacks what the store has
	// ([ErrLogLacks]) and no better one is left. What the store has stays under its
	// coordinates; what was appended since, and all that comes, gets those of the
	// next epoch, under which the log is to be opened from then on. It demands
	// Recover, and such a Runner does nothing else. Defaults to false: such a
	// partition is refused.
	NextEpoch bool

	// Taps are given the events that the store has confirmed. Defaults to none.
	Taps []Tap

	// Logger is told what an operator must know. Defaults to silence.
	Logger *slog.Logger
	// MeterProvider and TracerProvider default to OpenTelemetry's globals.
	MeterProvider  metric.MeterProvider
	TracerProvider trace.TracerProvider
}

// Runner is the processor: it folds the records of a [Log] into rows of a
// [footfall.Store], exactly once. Its methods are safe for concurrent use.
type Runner struct {
	cfg    Config
	log    *slog.Logger
	inst   *instruments
	tracer trace.Tracer

	// Unexported so that only tests of this package change them.
	readBack   bool          // false believes the store's OK, which loses rows
	settle     time.Duration // how long missing rows must stay missing
	backoffMin time.Duration
	backoffMax time.Duration

	mu         sync.Mutex
	running    bool
	owned      map[partitionKey]*owned
	recoveries map[partitionKey]*recovery
	taps       map[tapKey]*tapper

	// Of live taps.
	feeds   context.Context // ends when what waits must be dropped
	feeding sync.WaitGroup
	spare   chan []footfall.Event // memory they gave back
}

type partitionKey struct{ epoch, partition uint16 }

// New checks the configuration, reports all mistakes in it at once, and
// returns a Runner that does nothing until [Runner.Run].
func New(cfg Config) (*Runner, error) {
	cfg.UpsertEvery = cmp.Or(cfg.UpsertEvery, 500*time.Millisecond)
	cfg.SnapshotEvery = cmp.Or(cfg.SnapshotEvery, time.Minute)
	cfg.SnapshotEvents = cmp.Or(cfg.SnapshotEvents, 10_000_000)
	cfg.MaxRows = cmp.Or(cfg.MaxRows, 100_000)
	cfg.MaxBytes = cmp.Or(cfg.MaxBytes, 64<<20)
	cfg.MaxSpan = cmp.Or(cfg.MaxSpan, 10*time.Minute)
	cfg.MaxParts = cmp.Or(cfg.MaxParts, 64)
	cfg.Attempts = cmp.Or(cfg.Attempts, 5)
	cfg.CallTimeout = cmp.Or(cfg.CallTimeout, time.Minute)
	cfg.DrainTimeout = cmp.Or(cfg.DrainTimeout, 30*time.Second)
	cfg.Taps = slices.Clone(cfg.Taps)
	for i, t := range cfg.Taps {
		cfg.Taps[i] = t.withDefaults()
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	r := &Runner{
		cfg: cfg, log: cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler)),
		readBack: true, settle: time.Second, backoffMin: 100 * time.Millisecond, backoffMax: 5 * time.Second,
		owned: map[partitionKey]*owned{}, recoveries: map[partitionKey]*recovery{}, taps: map[tapKey]*tapper{}, spare: make(chan []footfall.Event, 2),
	}
	var err error
	if r.inst, err = newInstruments(cfg.MeterProvider); err != nil {
		return nil, fmt.Errorf("stream: make instruments: %w", err)
	}
	r.tracer = newTracer(cfg.TracerProvider)
	return r, nil
}

func (c *Config) check() error {
	var errs []error
	if c.Log == nil {
		errs = append(errs, errors.New("stream: Config.Log is required"))
	}
	if c.Store == nil {
		errs = append(errs, errors.New("stream: Config.Store is required"))
	}
	for name, v := range map[string]int64{
		"FlushAge": int64(c.FlushAge), "UpsertEvery": int64(c.UpsertEvery), "SnapshotEvery": int64(c.SnapshotEvery),
		"SnapshotEvents": int64(c.SnapshotEvents), "MaxRows": int64(c.MaxRows), "MaxBytes": int64(c.MaxBytes),
		"MaxSpan": int64(c.MaxSpan), "MaxParts": int64(c.MaxParts), "Attempts": int64(c.Attempts),
		"CallTimeout": int64(c.CallTimeout), "DrainTimeout": int64(c.DrainTimeout),
	} {
		if v < 0 {
			errs = append(errs, fmt.Errorf("stream: Config.%s is negative", name))
		}
	}
	if c.NextEpoch && !c.Recover {
		errs = append(errs, errors.New("stream: Config.NextEpoch demands Config.Recover"))
	}
	errs = append(errs, checkTaps(c.Taps)...)
	slices.SortFunc(errs, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// Run processes the partitions that the log gives it until ctx ends. Then it
// finishes what is in the log at that moment, within Config.DrainTimeout, and
// returns nil. A partition that cannot be started without risk, such as one
// whose claim another version of the fold made, ends Run with an error; one
// that gets into trouble later stops, shows in [Runner.Status], and leaves the
// others running. A Runner runs once at a time.
func (r *Runner) Run(ctx context.Context) error {
	if err := r.begin(); err != nil {
		return err
	}
	defer r.end()
	unregister, err := r.inst.observe(r)
	if err != nil {
		return fmt.Errorf("stream: register instruments: %w", err)
	}
	defer unregister()
	defer r.feed(ctx)()
	err = r.cfg.Log.Own(ctx, func(part context.Context, p Partition) error { return r.own(ctx, part, p) })
	if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

func (r *Runner) begin() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running {
		return errors.New("stream: the runner is running already")
	}
	r.running = true
	return nil
}

func (r *Runner) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running = false
}

// own works on one partition for as long as it is this process's. run ends
// when the whole Runner is to stop, part when this partition is lost as well.
func (r *Runner) own(run, part context.Context, p Partition) error {
	o := newOwned(run, part, r, p)
	r.mu.Lock()
	r.owned[o.key] = o
	r.mu.Unlock()
	defer func() {
		o.close()
		r.mu.Lock()
		if r.owned[o.key] == o { // the next owner may be this very process
			delete(r.owned, o.key)
		}
		r.mu.Unlock()
	}()

	err := o.run()
	if stopped := (*stopError)(nil); errors.As(err, &stopped) {
		o.halt(err)
		<-part.Done() // still ours: nobody else would fare better
		if run.Err() == nil {
			return ErrFenced
		}
	}
	if err != nil && !errors.Is(err, ErrFenced) {
		return fmt.Errorf("stream: partition %d: %w", o.key.partition, err)
	}
	return err
}

// stopError stops one partition until an operator has looked at it.
type stopError struct{ err error }

func (e *stopError) Error() string { return e.err.Error() }
func (e *stopError) Unwrap() error { return e.err }

func stopf(format string, args ...any) error {
	return &stopError{fmt.Errorf(format, args...)}
}
