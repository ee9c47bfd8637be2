package stack

import (
	"context"
	"errors"

	"github.com/footfall-go/footfall"
	queryclickhouse "github.com/footfall-go/footfall/query/clickhouse"
	"github.com/footfall-go/footfall/store/clickhouse"
	"github.com/footfall-go/footfall/stream/kafka"
)

// openBeside finds the log and the store that are elsewhere, and makes topic and
// tables where there are none. It waits for both: processes of one deployment
// start in any order.
func (s *Server) openBeside(ctx context.Context) (err error) {
	beside := &s.settings.Beside
	if err := s.listen(ctx); err != nil {
		return err
	}
	if s.settings.AdminKey == "" {
		s.log.Warn("nobody can read the status or import: there is no --admin-key")
	}
	if s.store, err = clickhouse.New(beside.ClickHouse.store()); err != nil {
		return usagef("%w", err)
	}
	config := beside.Kafka
	config.Snapshots, config.Logger, config.MeterProvider = s.store, s.log, s.metrics.provider
	log, err := kafka.New(config)
	if err != nil {
		return usagef("%w", err)
	}
	waiting := log.NewWaiting()
	s.records = kafkaLog{log, s.store, waiting}
	s.progress = &groupProgress{Watcher: log.NewWatcher(), log: log, waiting: waiting, store: s.store}
	err = s.patiently(ctx, "log", func(ctx context.Context) error {
		err := log.CreateTopic(ctx)
		if errors.Is(err, kafka.ErrTopic) {
			return footfall.Permanent(err)
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := s.patiently(ctx, "store", s.store.Migrate); err != nil {
		return err
	}
	if err := s.openRedis(); err != nil {
		return err
	}
	if s.role.answers {
		s.conn, err = queryclickhouse.Open(beside.ClickHouse.questions())
	}
	return err
}
