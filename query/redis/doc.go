// Package redis is what processes that answer questions share, with a Redis (or
// Valkey) between them: answers, and the events of the last minutes. Both may be
// lost.
//
//	shared, err := redis.New(redis.Config{Client: client})
//	handler, err := query.New(query.Config{Answers: shared, Live: shared, …})
//	runner, err := stream.New(stream.Config{Taps: []stream.Tap{{Name: "live", Sink: shared}}, …})
//
// An answer is kept under a key that is never used for another one, compressed,
// for as long as it can be asked for. It is read once by each process, which then
// has it in its own memory: client-side caching would keep it there a second time.
//
// The events of a tenant are a stream, bounded in number and in age, which is
// written to while somebody looks at it, in any process. Whether somebody does,
// and whether there is anything new, a process knows from its own memory: these
// keys are cached in the client, and Redis tells it when they change. A stream that
// goes on in another process after Last-Event-ID misses nothing. Erasures take the
// events of the person out of it.
//
// When Redis is away, each process answers by itself, and there are no live
// events: those who look are told, when it is back, that some are missing. Redis
// 6.2 or later is needed.
package redis
