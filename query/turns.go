package query

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// ErrBusy says that too many questions of the tenant wait already, or that none
// of its turns came in the time that a question has.
var ErrBusy = errors.New("query: too many questions at once")

var errNoTurn = fmt.Errorf("%w: its turn did not come in time", ErrBusy)

// turns decides which question is answered next, when more are asked than may be
// answered at once. Those of a tenant are answered in the order they came, and
// tenants with questions that wait take turns, so that one with many does not
// keep another with one from its answer.
type turns struct {
	mu      sync.Mutex
	free    int // how many more may be answered now
	waiting int // how many of one tenant may wait
	tenants map[string]*desk
	next    []*desk // those where somebody waits, the one whose turn it is first
}

// desk is where the questions of a tenant are.
type desk struct {
	tenant  string
	running int
	line    []*ticket
}

// ticket is a question that waits.
type ticket struct {
	most int // how many of its tenant may be answered at once
	turn chan struct{}
}

func newTurns(atOnce, waiting int) *turns {
	return &turns{free: atOnce, waiting: waiting, tenants: map[string]*desk{}}
}

// take waits for a turn and returns what gives it back. Of the tenant at most so
// many are answered at once, or any number by 0.
func (t *turns) take(ctx context.Context, tenant string, most int) (done func(), err error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	t.mu.Lock()
	d := t.tenants[tenant]
	if d == nil {
		d = &desk{tenant: tenant}
		t.tenants[tenant] = d
	}
	if len(d.line) >= t.waiting {
		t.mu.Unlock()
		return nil, fmt.Errorf("%w: %d wait already", ErrBusy, t.waiting)
	}
	k := &ticket{most, make(chan struct{})}
	d.line = append(d.line, k)
	if len(d.line) == 1 {
		t.next = append(t.next, d)
	}
	t.call()
	t.mu.Unlock()

	done = sync.OnceFunc(func() { t.give(d) })
	select {
	case <-k.turn:
		return done, nil
	case <-ctx.Done():
	}
	if t.leave(d, k) {
		return done, nil // its turn came in the same moment: it is not the others that kept it
	}
	if err := context.Cause(ctx); !errors.Is(err, ErrTimeout) {
		return nil, err
	}
	return nil, errNoTurn
}

// leave takes a ticket out of its line, and reports whether its turn has come.
func (t *turns) leave(d *desk, k *ticket) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.Index(d.line, k)
	if i < 0 {
		return true
	}
	d.line = slices.Delete(d.line, i, i+1)
	t.tidy(d)
	t.call() // who stood behind it may be allowed more
	return false
}

func (t *turns) give(d *desk) {
	t.mu.Lock()
	defer t.mu.Unlock()
	d.running--
	t.free++
	t.tidy(d)
	t.call()
}

// call gives free turns away.
func (t *turns) call() {
	for t.free > 0 {
		i := slices.IndexFunc(t.next, func(d *desk) bool {
			most := d.line[0].most
			return most == 0 || d.running < most
		})
		if i < 0 {
			return
		}
		d := t.next[i]
		close(d.line[0].turn)
		d.line = d.line[1:]
		d.running++
		t.free--
		// The tenant's next turn is after those of the others.
		t.next = slices.Delete(t.next, i, i+1)
		if len(d.line) > 0 {
			t.next = append(t.next, d)
		}
	}
}

// tidy forgets a desk where nobody waits or is served.
func (t *turns) tidy(d *desk) {
	if len(d.line) > 0 {
		return
	}
	t.next = slices.DeleteFunc(t.next, func(other *desk) bool { return other == d })
	if d.running == 0 {
		delete(t.tenants, d.tenant)
	}
}
