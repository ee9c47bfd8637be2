// Package redis keeps tenants to their limits across processes, with a Redis
// (or Valkey) between them:
//
//	limiter, err := redis.New(redis.Config{Client: client})
//	door, err := ingest.New(ingest.Config{Limiter: limiter, …})
//
// What is counted, and when a request passes, is exactly what [tenant.Buckets]
// says within one process; a tenant has one bucket and one day for all doors, by
// the clock of Redis. One script decides and counts, so that no two doors take
// the same events, and what it keeps, one small key for each tenant, expires when
// it says no more than that the bucket is full.
//
// A limit may be lost, and an event may not: when Redis is away, or slower than
// Config.Timeout, each door goes on with Buckets of its own, full ones, and asks
// again after Config.Pause. While that lasts a tenant may send as much through
// each door as it otherwise may through all. A call that came too late for its
// answer may count in both places.
package redis
