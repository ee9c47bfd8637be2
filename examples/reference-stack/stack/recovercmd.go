package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/footfall-go/footfall/store/clickhouse"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/kafka"
)

// roleRecover has the flags of where log and store are, and serves nothing.
var roleRecover = role{name: "recover"}

// newRecoverFlags are those of a role, without what only a server has.
func newRecoverFlags() *serverFlags {
	f := &serverFlags{flags: newFlags("recover", ""), role: roleRecover, drain: defaultDrain}
	f.common()
	f.beside.add(f.flags)
	return f
}

// Recovered is what the command recover prints.
type Recovered struct {
	Partitions []RecoveredPartition `json:"partitions"` // those whose plan was lost
}

// RecoveredPartition is one that was brought in line with the log again.
type RecoveredPartition struct {
	Partition uint16 `json:"partition"`
	From      int64  `json:"from"` // the first record that the log still held
	To        int64  `json:"to"`   // the store has all before it
}

// recoverPlans is the command recover: it brings the store in line with the log
// where the group's offsets are gone, and commits them anew.
func recoverPlans(ctx context.Context, p *Process, args []string) error {
	settings, err := newRecoverFlags().settings(p, args)
	if err != nil {
		return err
	}
	if err := settings.Beside.check(); err != nil {
		return err
	}
	logger := settings.logger(p)
	store, err := clickhouse.New(settings.Beside.ClickHouse.store())
	if err != nil {
		return usagef("%w", err)
	}
	config := settings.Beside.Kafka
	config.Snapshots, config.Logger = store, logger
	log, err := kafka.New(config)
	if err != nil {
		return usagef("%w", err)
	}
	out, err := recoverLog(ctx, log, store, settings, logger)
	if err = errors.Join(err, log.Close()); err != nil {
		return err
	}
	return json.NewEncoder(p.Stdout).Encode(out)
}

func recoverLog(ctx context.Context, log *kafka.Log, store *clickhouse.Store, settings *Settings, logger *slog.Logger) (*Recovered, error) {
	if err := log.CheckTopic(ctx); err != nil {
		return nil, err
	}
	if err := store.Migrate(ctx); err != nil { // finds out whether the schema is ours, too
		return nil, err
	}
	n, err := log.Members(ctx)
	if err != nil {
		return nil, err
	}
	if n > 0 {
		return nil, fmt.Errorf("%d processors of the group %s are running: stop them first", n, settings.Beside.Kafka.Group)
	}
	positions, err := log.Positions(ctx)
	if err != nil {
		return nil, err
	}
	out := &Recovered{Partitions: []RecoveredPartition{}}
	for i := range positions {
		if at := &positions[i]; at.End > 0 && (!at.Planned || at.Plan.From < at.First) {
			out.Partitions = append(out.Partitions, RecoveredPartition{Partition: at.Partition, From: at.First, To: at.End})
		}
	}
	if len(out.Partitions) == 0 {
		return out, nil
	}
	runner, err := stream.New(stream.Config{Log: log, Store: store, Logger: logger, DrainTimeout: settings.Drain, Recover: true})
	if err != nil {
		return nil, err
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- runner.Run(running) }()
	settled := make(chan error, 1)
	go func() { settled <- log.NewWatcher().Settle(running) }()
	select {
	case err = <-settled:
		stop()
		return out, errors.Join(err, <-done)
	case err = <-done:
		if err == nil {
			err = ctx.Err()
		}
		return nil, err
	}
}
