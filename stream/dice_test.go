package stream_test

import (
	"math/rand/v2"
	"sync"
)

// dice may be thrown by several goroutines.
type dice struct {
	mu   sync.Mutex
	rand *rand.Rand
}

// newDice returns dice that fall alike each time; each test has its own.
func newDice(seed, test uint64) *dice { return &dice{rand: rand.New(rand.NewPCG(seed, test))} }

// pick returns one of n.
func (d *dice) pick(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rand.IntN(n)
}

// chance is true one time in n.
func (d *dice) chance(n int) bool { return d.pick(n) == 0 }
