package stack

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"

	ch "github.com/ClickHouse/clickhouse-go/v2"

	queryclickhouse "github.com/footfall-go/footfall/query/clickhouse"
	"github.com/footfall-go/footfall/store/chdb"
	"github.com/footfall-go/footfall/store/clickhouse"
)

// database is where the tables are, in the embedded engine.
const database = "footfall"

// openEngine opens the store in the data folder.
func (s *Server) openEngine(ctx context.Context) (err error) {
	volumes, tables := s.settings.tiers()
	volumes.Dir = filepath.Join(s.settings.Data, "store")
	if s.engine, err = chdb.Open(ctx, volumes); err != nil {
		return fmt.Errorf("open the store: %w", err)
	}
	tables.Transport, tables.Database, tables.Kind = s.engine.Transport(), database, "chdb"
	if s.store, err = clickhouse.New(tables); err != nil {
		return err
	}
	if err := s.store.Migrate(ctx); err != nil {
		return fmt.Errorf("migrate the store: %w", err)
	}
	s.embedded, err = ch.Open(&ch.Options{
		Protocol: ch.HTTP, Addr: []string{"embedded"}, Auth: ch.Auth{Database: database},
		TransportFunc: func(*http.Transport) (http.RoundTripper, error) {
			return queryclickhouse.CountReads(s.engine.Transport()), nil
		},
	})
	if err != nil {
		return err
	}
	s.conn = queryclickhouse.New(s.embedded)
	return nil
}
