package stack

import (
	"context"
	"sync"
	"time"

	"github.com/footfall-go/footfall/keep"
	"github.com/footfall-go/footfall/store/chdb"
	"github.com/footfall-go/footfall/store/clickhouse"
)

// openKeeper opens what erases and expires. It comes before the doors, which
// refuse who was erased from their first request on.
func (s *Server) openKeeper(ctx context.Context) (err error) {
	s.keeper, err = keep.New(ctx, keep.Config{
		Log: s.records, Store: s.store, Tenants: s.keys.Tenants, Settle: s.runner.Settle, Forget: s.forget, At: s.settings.Night, Logger: s.log,
	})
	return err
}

// keep runs the keeper until the function it returns is called.
func (s *Server) keep(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { _ = s.keeper.Run(ctx) }) // it has no error
	return func() {
		cancel()
		running.Wait()
	}
}

// forget makes the log forget what stands before an order to erase: as soon as
// there is a snapshot after it, nothing needs what came before.
func (s *Server) forget(ctx context.Context, f keep.Forget) error {
	for _, id := range f.Dropped {
		s.door.Forget(id)
		if err := s.records.ForgetImports(ctx, id); err != nil {
			return err
		}
	}
	if err := s.runner.Checkpoint(ctx); err != nil {
		return err
	}
	before := int64(0)
	for _, at := range f.Before {
		before = max(before, at.Offset)
	}
	return s.records.Forget(ctx, before)
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
