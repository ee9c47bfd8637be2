package stack

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	ch "github.com/ClickHouse/clickhouse-go/v2"

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
	if s.store, err = clickhouse.New(beside.store()); err != nil {
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
	return s.connect()
}

// connect opens what questions go through.
func (s *Server) connect() (err error) {
	if !s.role.answers {
		return nil
	}
	at := &s.settings.Beside.ClickHouse
	address, err := url.Parse(at.URL)
	if err != nil {
		return fmt.Errorf("address of the store: %w", err)
	}
	options := &ch.Options{
		Protocol: ch.HTTP, Addr: []string{address.Host}, Auth: ch.Auth{Database: at.Database, Username: at.User, Password: at.Password},
		TransportFunc: func(t *http.Transport) (http.RoundTripper, error) { return queryclickhouse.CountReads(t), nil },
	}
	if address.Scheme == "https" {
		options.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	s.conn, err = ch.Open(options)
	return err
}
