package ingest

import (
	"hash/maphash"
	"strings"
	"sync"
)

// recent remembers what was worked out for texts that were seen lately. It is
// bounded and roughly the least recently used go first: each shard has a young
// and an old half, what is found in the old half moves to the young one, and a
// full young half becomes the old one. So a hit costs no more than a read lock
// and needs no list. It is safe for concurrent use.
type recent[V any] struct {
	seed   maphash.Seed
	half   int // texts in one half of a shard
	shards [16]recentShard[V]
}

type recentShard[V any] struct {
	mu         sync.RWMutex
	young, old map[string]V
}

// newRecent remembers at least the last so many texts, and at most four times
// as many, for texts fall into shards unevenly.
func newRecent[V any](texts int) *recent[V] {
	c := &recent[V]{seed: maphash.MakeSeed()}
	c.half = max(1, 2*texts/len(c.shards))
	for i := range c.shards {
		c.shards[i].young = map[string]V{}
	}
	return c
}

func (c *recent[V]) shard(text string) *recentShard[V] {
	return &c.shards[maphash.String(c.seed, text)%uint64(len(c.shards))]
}

// get does not keep the text.
func (c *recent[V]) get(text string) (v V, ok bool) {
	s := c.shard(text)
	s.mu.RLock()
	if v, ok = s.young[text]; ok {
		s.mu.RUnlock()
		return v, true
	}
	v, ok = s.old[text]
	s.mu.RUnlock()
	if ok {
		c.put(strings.Clone(text), v)
	}
	return v, ok
}

// put keeps the text and what belongs to it.
func (c *recent[V]) put(text string, v V) {
	s := c.shard(text)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.young) >= c.half {
		s.young, s.old = make(map[string]V, c.half), s.young
	}
	s.young[text] = v
}
