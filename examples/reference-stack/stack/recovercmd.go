package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/footfall-go/footfall/store/clickhouse"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/kafka"
)

// roleRecover has the flags of where log and store are, and serves nothing.
var roleRecover = role{name: "recover"}

// recoverFlags are those of a role, without what only a server has.
type recoverFlags struct {
	*serverFlags
	acceptLoss bool
	nextEpoch  bool
}

func newRecoverFlags() *recoverFlags {
	f := &recoverFlags{serverFlags: &serverFlags{flags: newFlags("recover", ""), role: roleRecover, drain: defaultDrain}}
	f.common()
	f.StringVar(&f.data, "data", "", "`folder` of a server that has everything in it; without it log and store are elsewhere")
	f.BoolVar(&f.acceptLoss, "accept-loss", false, "go on where neither the log nor the store has what came in between")
	f.BoolVar(&f.nextEpoch, "next-epoch", false, "where the log lacks what the store has: go on with what it has, under the next epoch")
	f.beside.add(f.flags)
	return f
}

// settings reports whether log and store are in a folder. One file may be for
// all: what it says of the folder is for who has no log elsewhere.
func (f *recoverFlags) settings(p *Process, args []string) (s *Settings, embedded bool, err error) {
	if s, err = f.serverFlags.settings(p, args); err != nil {
		return nil, false, err
	}
	if f.data != "" && (f.typed["data"] || len(s.Beside.Kafka.Brokers) == 0) {
		s.Data = f.data
		if _, err := os.Stat(s.Data); err != nil { // else an empty one would be made, and found in order
			return nil, false, usagef("recover what is in a folder: %w", err)
		}
		return s, true, nil
	}
	return s, false, s.Beside.check()
}

// Recovered is what the command recover prints.
type Recovered struct {
	Partitions []RecoveredPartition `json:"partitions"`
}

// RecoveredPartition is one that was brought in line with the log again.
type RecoveredPartition struct {
	Partition uint16 `json:"partition"`
	From      int64  `json:"from"` // what is before it was believed, because the store has it or nobody has
	To        int64  `json:"to"`   // the store has all before it
	Sent      int64  `json:"sent"` // events that the store did not have
	Lost      int64  `json:"lost"` // records before from that are gone from the log, and of which the store has nothing
	// Epoch is that of the records from to on, where that is another now.
	Epoch uint16 `json:"epoch,omitempty"`
}

// recoverStore is the command recover: it brings the store in line with the log,
// where the group's offsets are gone or an older backup of the store was restored.
func recoverStore(ctx context.Context, p *Process, args []string) (err error) {
	flags := newRecoverFlags()
	settings, embedded, err := flags.settings(p, args)
	if err != nil {
		return err
	}
	s := &Server{settings: settings, role: roleRecover, log: settings.logger(p)}
	defer func() { err = errors.Join(err, s.close()) }()
	if embedded {
		if s.records, err = openLocalLog(settings.Data, s.log); err == nil {
			err = s.openEngine(ctx)
		}
	} else {
		err = s.openStopped(ctx)
	}
	if err != nil {
		return err
	}
	runner, err := stream.New(stream.Config{
		Log: s.records, Store: s.store, Logger: s.log, DrainTimeout: settings.Drain,
		Recover: true, AcceptLoss: flags.acceptLoss, NextEpoch: flags.nextEpoch,
	})
	if err != nil {
		return err
	}
	done := runner.Settle
	if flags.nextEpoch {
		done = func(ctx context.Context) error { return raised(ctx, runner) }
	}
	if err := recoverWith(ctx, runner, int(s.records.Partitions()), done); err != nil {
		if errors.Is(err, stream.ErrLogLacks) {
			return fmt.Errorf("%w: restore the log that belongs to the store; if there is none, --next-epoch goes on with what this one has", err)
		}
		return err
	}
	out := Recovered{Partitions: []RecoveredPartition{}}
	for _, r := range runner.Recoveries() {
		if r.To > 0 || r.Raised {
			p := RecoveredPartition{Partition: r.Partition, From: r.From, To: r.To, Sent: r.Sent, Lost: r.Lost}
			if r.Raised {
				p.Epoch = r.Epoch + 1
			}
			out.Partitions = append(out.Partitions, p)
		}
	}
	if flags.nextEpoch && !embedded {
		s.log.Warn("all roles are to be started with the next epoch", "epoch", settings.Beside.Kafka.Epoch+1)
	}
	return json.NewEncoder(p.Stdout).Encode(out)
}

// openStopped opens a log and a store that are elsewhere, if nobody works on them.
func (s *Server) openStopped(ctx context.Context) (err error) {
	beside := &s.settings.Beside
	if s.store, err = clickhouse.New(beside.ClickHouse.store()); err != nil {
		return usagef("%w", err)
	}
	config := beside.Kafka
	config.Snapshots, config.Logger = s.store, s.log
	log, err := kafka.New(config)
	if err != nil {
		return usagef("%w", err)
	}
	s.records = kafkaLog{log, s.store, log.NewWaiting()}
	if err := log.CheckTopic(ctx); err != nil {
		return err
	}
	if err := s.store.Migrate(ctx); err != nil { // finds out whether the schema is ours, too
		return err
	}
	n, err := log.Members(ctx)
	if err == nil && n > 0 {
		err = fmt.Errorf("%d processors of the group %s are running: stop them first", n, beside.Kafka.Group)
	}
	return err
}

// recoverWith runs until all partitions are in line with the log.
func recoverWith(ctx context.Context, runner *stream.Runner, partitions int, finished func(context.Context) error) error {
	running, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- runner.Run(running) }()
	settled := make(chan error, 1)
	go func() {
		err := until(running, func() bool { return len(runner.Recoveries()) >= partitions })
		if err == nil {
			err = finished(running)
		}
		settled <- err
	}()
	select {
	case err := <-settled:
		stop()
		return errors.Join(err, <-done)
	case err := <-done:
		if err == nil {
			err = ctx.Err()
		}
		if loss := losses(runner); loss != nil {
			return loss
		}
		return err
	}
}

// raised waits until all partitions that have begun are in the next epoch.
func raised(ctx context.Context, runner *stream.Runner) error {
	return until(ctx, func() bool {
		return !slices.ContainsFunc(runner.Recoveries(), func(r stream.Recovery) bool { return !r.Raised })
	})
}

// until waits until something is true.
func until(ctx context.Context, is func() bool) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// losses says what a recovery would lose, nil for nothing.
func losses(runner *stream.Runner) error {
	var partitions []string
	records := int64(0)
	for _, r := range runner.Recoveries() {
		if r.Gap > 0 {
			records += r.Lost
			partitions = append(partitions, fmt.Sprintf("%d lacks %d records before offset %d", r.Partition, r.Lost, r.From))
		}
	}
	if len(partitions) == 0 {
		return nil
	}
	return fmt.Errorf("%d records are gone from the log, and the store has nothing of them (partition %s): "+
		"--accept-loss goes on without them, and with sessions and windows of ids that begin anew there", records, strings.Join(partitions, ", "))
}
