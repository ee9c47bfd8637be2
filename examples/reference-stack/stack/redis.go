package stack

import (
	"fmt"

	"github.com/redis/rueidis"

	"github.com/footfall-go/footfall/ingest"
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
	return nil
}

// limiter counts what tenants send, across processes where there is a Redis.
func (s *Server) limiter() (ingest.Limiter, error) {
	if s.redis == nil {
		return nil, nil //nolint:nilnil // the door counts by itself
	}
	return tenantredis.New(tenantredis.Config{Client: s.redis, Logger: s.log, MeterProvider: s.metrics.provider})
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
