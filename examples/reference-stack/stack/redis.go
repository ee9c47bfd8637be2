package stack

import (
	"fmt"

	"github.com/redis/rueidis"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/ingest"
	"github.com/footfall-go/footfall/query"
	queryredis "github.com/footfall-go/footfall/query/redis"
	tenantredis "github.com/footfall-go/footfall/tenant/redis"
)

// openRedis opens what processes share and may lose, if there is to be any. That
// Redis is not there is no reason not to start: what uses it goes on without.
func (s *Server) openRedis() error {
	options := s.settings.Beside.Redis
	if options == nil {
		return nil
	}
	client, err := rueidis.NewClient(*options)
	if client == nil {
		return fmt.Errorf("open Redis: %w", err)
	}
	if s.redis = client; err != nil {
		s.log.Warn("going on without Redis until it is there", "error", err)
	}
	shared, err := queryredis.New(queryredis.Config{Client: client, Prefix: s.settings.Beside.prefix(), Logger: s.log, MeterProvider: s.metrics.provider})
	if err != nil {
		return err
	}
	s.live, s.shared = shared, shared
	return nil
}

// live is what events become visible through, from the processors to the answers.
type live interface {
	query.Live
	footfall.Sink
}

// prefix keeps deployments apart that share a Redis.
func (b *Beside) prefix() string {
	return "footfall:" + b.ClickHouse.Database + ":" + b.Kafka.Topic + ":"
}

// limiter counts what tenants send, across processes where there is a Redis.
func (s *Server) limiter() (ingest.Limiter, error) {
	if s.redis == nil {
		return nil, nil //nolint:nilnil // the door counts by itself
	}
	return tenantredis.New(tenantredis.Config{Client: s.redis, Prefix: s.settings.Beside.prefix(), Logger: s.log, MeterProvider: s.metrics.provider})
}

// settings turns the flags into the library's terms, nil where there is none.
func (r *redisFlags) settings() (*rueidis.ClientOption, error) {
	if r.url == "" {
		return nil, nil //nolint:nilnil // nil is no Redis
	}
	options, err := rueidis.ParseURL(r.url)
	if err != nil {
		return nil, usagef("--redis: %q is no redis:// or rediss:// address", r.url)
	}
	if options.Username != "" || options.Password != "" {
		return nil, usagef("--redis names a user: use --redis-user, and FOOTFALL_REDIS_PASSWORD or the file")
	}
	options.Username, options.Password = r.user, r.password
	options.ForceSingleClient = true // one that can be used although Redis is not there yet
	return &options, nil
}
