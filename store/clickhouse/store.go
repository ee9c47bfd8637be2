package clickhouse

import (
	"github.com/footfall-go/footfall"
)

var _ footfall.Store = (*Store)(nil)

// Store is the record in ClickHouse. It is safe for concurrent use. It opens
// nothing of its own and needs no closing.
type Store struct {
	config Config
	shards []*client // one where there is no cluster
	events pool[eventBlock]
	twins  twins
}

// shard returns the servers that hold what follows from a partition of the log:
// all of it is with its events, so that reading back, old versions and what an
// erasure names are a matter of one shard.
func (s *Store) shard(partition uint16) *client { return s.shards[int(partition)%len(s.shards)] }

// common returns the servers that hold what follows from no partition:
// definitions and the members of segments.
func (s *Store) common() *client { return s.shards[0] }

// New returns a Store. It does not speak to the server yet.
func New(config Config) (*Store, error) {
	config, shards, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Store{config: config, events: newPool(newEventBlock, func(b *eventBlock) int { return b.size() })}
	for _, replicas := range shards {
		s.shards = append(s.shards, newClient(config, replicas))
	}
	return s, nil
}

// pool keeps a few values with large buffers. A sync.Pool would give them to
// the garbage collector between two batches, which is when it runs.
type pool[T any] struct {
	free  chan *T
	fresh func() *T
	size  func(*T) int
}

// What a pool keeps: as many as a processor has in flight, and nothing so
// large that it is better made anew.
const (
	poolLength = 2
	poolSize   = 192 << 20
)

func newPool[T any](fresh func() *T, size func(*T) int) pool[T] {
	return pool[T]{free: make(chan *T, poolLength), fresh: fresh, size: size}
}

func (p *pool[T]) get() *T {
	select {
	case v := <-p.free:
		return v
	default:
		return p.fresh()
	}
}

func (p *pool[T]) put(v *T) {
	if p.size(v) > poolSize {
		return
	}
	select {
	case p.free <- v:
	default:
	}
}
