package stack

import (
	"context"
	"sync"
	"time"

	"github.com/footfall-go/footfall/keep"
	"github.com/footfall-go/footfall/store/chdb"
	"github.com/footfall-go/footfall/store/clickhouse"
	"github.com/footfall-go/footfall/stream"
)

// notice is how long the doors of other processes take to learn of a request to
// erase: they look every second.
const notice = 1500 * time.Millisecond

func (s *Server) openKeeper(ctx context.Context) error {
	config := keep.Config{
		Log: s.records, Store: s.store, Tenants: s.keys.Tenants, Settle: s.progress.Settle, Partitions: s.records.Partitions(), Forget: s.forget,
		At: s.settings.Night, Logger: s.log,
	}
	if s.role.beside() {
		config.Notice = notice
	}
	return s.patiently(ctx, "store", func(ctx context.Context) (err error) {
		s.keeper, err = keep.New(ctx, config)
		return err
	})
}

// watch looks for what other processes changed until the function it returns is
// called.
func (s *Server) watch(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	if s.role.beside() {
		running.Go(func() { _ = s.keeper.Watch(ctx) }) // it has no error
	}
	if group, ok := s.progress.(*groupProgress); ok && s.role.answers {
		running.Go(func() { _ = group.Run(ctx) }) // it has no error
	}
	return func() {
		cancel()
		running.Wait()
	}
}

// keptLog has the keeper work where partition 0 is owned, and as long as it is:
// that is one process of all.
type keptLog struct {
	records
	s *Server
}

// Own implements [stream.Log].
func (l keptLog) Own(ctx context.Context, fn func(context.Context, stream.Partition) error) error {
	return l.records.Own(ctx, func(ctx context.Context, p stream.Partition) error {
		if _, number := p.ID(); number != 0 {
			return fn(ctx, p)
		}
		ctx, cancel := context.WithCancel(ctx)
		var keeping sync.WaitGroup
		keeping.Go(func() { _ = l.s.keeper.Run(ctx) }) // it has no error
		defer keeping.Wait()
		defer cancel()
		return fn(ctx, p)
	})
}

// forget makes the log forget what stands before an order to erase: as soon as
// there is a snapshot after it, nothing needs what came before.
func (s *Server) forget(ctx context.Context, f keep.Forget) error {
	for _, id := range f.Dropped {
		if s.door != nil {
			s.door.Forget(id)
		}
		if err := s.records.ForgetImports(ctx, id); err != nil {
			return err
		}
	}
	return s.records.forget(ctx, f.Before, func(ctx context.Context) error {
		if s.runner == nil {
			return nil
		}
		return s.runner.Checkpoint(ctx)
	})
}

// tiers returns what engine and tables must know of the tiers.
func (s *Settings) tiers() (volumes chdb.Config, tables clickhouse.Config) {
	for _, t := range s.Tiers {
		volumes.Volumes = append(volumes.Volumes, chdb.Volume{Name: t.Name, Dir: t.Path})
		tables.Tiers = append(tables.Tiers, clickhouse.Tier{Volume: t.Name, After: time.Duration(t.After)})
		tables.StoragePolicy = chdb.Policy
	}
	return volumes, tables
}
