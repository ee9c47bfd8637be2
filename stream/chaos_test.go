package stream_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/store"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/streamtest"
)

// seeds is how many schedules of faults are tried; FOOTFALL_CHAOS_SEEDS sets
// another number.
func seeds(t *testing.T) uint64 {
	text := os.Getenv("FOOTFALL_CHAOS_SEEDS")
	if text == "" {
		return 12
	}
	n, err := strconv.ParseUint(text, 10, 32)
	require.NoError(t, err)
	return n
}

// TestChaos runs two processes over a log and a store that fail at random, with
// partitions changing hands at random, zombies among them. Afterwards every
// event is there once, and all else is what one thread makes of the log.
func TestChaos(t *testing.T) {
	t.Parallel()
	for seed := range seeds(t) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			inBubble(t, 2, func(w *world) {
				c := newChaos(w, seed)
				c.run(nil)
				w.requireExact(2)
				p := w.begin(w.config(), nil)
				p.visible()
				w.requireExact(2)
				w.requireLedger(p)
				c.replayAll(p)
				w.requireExact(2)
				w.requireLedger(p)
				require.NoError(t, p.end())
			})
		})
	}
}

// TestChaosControl takes the read-back away and must lose rows: a test that
// cannot fail proves nothing.
func TestChaosControl(t *testing.T) {
	t.Parallel()
	lost := 0
	for seed := range uint64(3) {
		inBubble(t, 2, func(w *world) {
			c := newChaos(w, seed)
			c.run((*stream.Runner).BelieveTheStore)
			want, have := positions(w.reference(2).Rows()), positions(w.store.Rows())
			for p := range want {
				if have[p] == 0 {
					lost++
				}
			}
		})
	}
	require.Positive(t, lost)
	t.Logf("%d events lost without read-back", lost)
}

// chaos is one schedule of faults, drawn from a seed.
type chaos struct {
	w      *world
	mu     sync.Mutex
	rand   *rand.Rand
	mended bool
	// zombies go on writing sessions until they learn that they are dead, and
	// may so bring back what was erased in the meantime: one or the other.
	zombies   bool
	ids       []string
	processes []*process

	backupAt int // before that record is appended, backups of store and log are made
	backup   *store.Memory
	older    *streamtest.Memory
}

func newChaos(w *world, seed uint64) *chaos {
	return &chaos{w: w, rand: rand.New(rand.NewPCG(seed, 7)), zombies: seed%2 == 1}
}

// chance is true once in n draws, and never after the end of all faults.
func (c *chaos) chance(n int) bool { return c.draw(n) == 0 }

func (c *chaos) draw(n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mended {
		return -1
	}
	return c.rand.IntN(n)
}

// run produces and processes under faults, and ends with a drain.
func (c *chaos) run(change func(*stream.Runner)) {
	c.faults()
	cfg := c.w.config()
	cfg.MaxRows = 40 + c.draw(200)
	cfg.MaxParts = 3 + c.draw(10)
	cfg.SnapshotEvery = time.Duration(1+c.draw(10)) * time.Second
	cfg.CallTimeout = 10 * time.Second
	a, b := c.w.begin(cfg, change), c.w.begin(cfg, change)
	ctx, stop := context.WithCancel(c.w.t.Context())
	c.processes = []*process{a, b}
	go c.change(ctx)
	for i := range 150 {
		if i == c.backupAt && i > 0 {
			c.backup, c.older = c.w.store.Backup(), c.w.log.Backup()
		}
		c.produce(uint16(c.draw(2)))
		time.Sleep(time.Duration(c.draw(400)) * time.Millisecond)
	}
	stop()
	c.mu.Lock()
	c.mended = true
	c.mu.Unlock()
	time.Sleep(time.Minute) // what is late arrives
	require.NoError(c.w.t, a.end())
	require.NoError(c.w.t, b.end())
	last := c.w.begin(c.w.config(), change)
	require.NoError(c.w.t, last.end())
}

// change moves partitions between the processes.
func (c *chaos) change(ctx context.Context) {
	for ctx.Err() == nil {
		time.Sleep(time.Duration(c.draw(4000)) * time.Millisecond)
		switch p := uint16(c.draw(2) & 1); c.draw(3) {
		case 0:
			c.w.log.Fence(p)
		case 1:
			if c.zombies {
				c.w.log.FenceSilently(p)
			}
		}
	}
}

// faults makes every step fail now and then.
func (c *chaos) faults() {
	fail := func(n int, err error) error {
		if c.chance(n) {
			return err
		}
		return nil
	}
	c.w.log.SetFaults(streamtest.Faults{
		Commit:    func(uint16, stream.Plan) error { return fail(15, errLog) },
		Committed: func(p uint16, _ stream.Plan) error { c.crash(20, p); return fail(15, errLog) },
		Read:      func(uint16, int64) error { return fail(30, errLog) },
		Load:      func(uint16, int64) error { return fail(5, errLog) },
		Save:      func(uint16, int64) error { return fail(5, errLog) },
	})
	c.w.store.insert = func(b *footfall.Batch, attempt int) fate {
		c.crash(20, b.Partition)
		if c.chance(10) {
			time.Sleep(time.Duration(max(c.draw(12000), 0)) * time.Millisecond)
		}
		if !c.chance(2) {
			return fine
		}
		f := fate(1 + max(c.draw(6), 0))
		if f == swallowed && attempt == 4 {
			return unheard // a store that swallows five attempts stops the partition
		}
		return f
	}
	c.w.store.present = func() error { return fail(10, errStore) }
	c.w.store.upsert = func(*footfall.Upserts) error { return fail(4, errStore) }
	c.w.store.refuses = func(ev *footfall.Event) bool { return ev.Name == "poison" }
}

// crash drops everything that the owner of a partition has in hand.
func (c *chaos) crash(n int, partition uint16) {
	if c.chance(n) {
		c.w.log.Fence(partition)
	}
}

// produce appends one record: events of a few visitors over many months, some
// of them sent before, or a command.
func (c *chaos) produce(partition uint16) {
	name := []string{"shop", "club"}[c.draw(2)]
	if c.chance(12) {
		// What is written may be known to a process that is dead already.
		seen := c.w.written(c.processes[c.draw(2)], partition)
		c.w.replay(partition, name, c.rand.Uint64(), seen)
		return
	}
	visitor := func() string { return fmt.Sprint("v", partition, c.draw(8)) }
	user := func(n int) string { return fmt.Sprint("u", partition, n) } // partitions share nothing that is erased
	switch c.draw(30) {
	case 0:
		c.w.order(partition, "shop", record.Order{Unlink: &record.Unlink{AnonymousID: visitor(), UserID: user(1)}})
		return
	case 1:
		if !c.zombies {
			erase := &record.Erase{Name: fmt.Sprint("e", len(c.ids)), Visitors: []string{visitor()}}
			if c.chance(2) {
				erase.Users = []string{user(1)}
			}
			c.w.order(partition, "shop", record.Order{Erase: erase})
			return
		}
	}
	var messages []message
	for range 1 + c.draw(20) {
		m := message{
			visitor: visitor(), id: fmt.Sprint("m", len(c.ids)), kind: footfall.Type(1 + c.draw(5)),
			time: time.Now().AddDate(0, -c.draw(5), 0).Add(-time.Duration(c.draw(4000)) * time.Second),
		}
		if c.chance(4) {
			m.user = user(c.draw(3))
		}
		if c.chance(6) && len(c.ids) > 0 {
			m.id = c.ids[c.draw(len(c.ids))]
		}
		if m.kind == footfall.Group {
			m.group = fmt.Sprint("g", c.draw(3)) // that both partitions tell of
		}
		m.traits = fmt.Sprintf(`{"plan":%d,"k%d":"x","$set_once":{"first":%d}}`, c.draw(9), c.draw(3), c.draw(9))
		if c.chance(150) {
			m.name = "poison"
		}
		c.ids = append(c.ids, m.id)
		messages = append(messages, m)
	}
	if c.chance(6) {
		c.w.park(partition, name, messages...)
		return
	}
	c.w.append(partition, name, messages...)
}

// replayAll brings all back that waits in quarantine, when the store refuses
// nothing any more.
func (c *chaos) replayAll(p *process) {
	c.w.store.set(func(k *clerk) { k.refuses = nil })
	for partition := range uint16(2) {
		for job, name := range []string{"shop", "club"} {
			c.w.replay(partition, name, uint64(job+1), c.w.written(p, partition))
			p.visible()
			require.Empty(c.w.t, c.w.open(partition, name))
		}
	}
	c.w.requireOnce()
}
