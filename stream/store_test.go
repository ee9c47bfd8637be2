package stream_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/store"
)

var (
	errStore  = errors.New("store: connection reset")
	errRow    = footfall.Permanent(errors.New("store: value out of range"))
	errBroken = errors.New("store: read-only")
)

// fate is what befalls one insert.
type fate int

const (
	fine       fate = iota
	unheard         // error, nothing written
	unanswered      // written, the answer lost
	swallowed       // the token is remembered, the rows are not: error now, OK later
	halved          // the first parts are written, then error
	torn            // the first parts now, the others soon after the error
	late            // error now, written later
)

// clerk is a store with the habits of ClickHouse: a block is split by month,
// each part is written whole under the block's token or dropped if the token
// is known, and everything may fail at any step. What is kept is kept in a
// [store.Memory], which here never drops anything itself.
type clerk struct {
	*store.Memory
	insert  func(b *footfall.Batch, attempt int) fate
	present func() error
	upsert  func(u *footfall.Upserts) error
	refuses func(ev *footfall.Event) bool

	mu      sync.Mutex
	tokens  map[token]bool
	serial  int
	inserts []call
}

type token struct {
	text  string
	month time.Time
}

// call is an insert as it was asked for.
type call struct {
	from, to int64
	rows     int
	attempt  int
}

func newClerk() *clerk { return &clerk{Memory: store.NewMemory(), tokens: map[token]bool{}} }

// set changes the clerk's habits while it is at work.
func (c *clerk) set(f func(*clerk)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(c)
}

func (c *clerk) calls() []call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.inserts)
}

// Insert implements [footfall.Store].
func (c *clerk) Insert(ctx context.Context, b *footfall.Batch, attempt int) error {
	c.mu.Lock()
	decide, refuses := c.insert, c.refuses
	c.inserts = append(c.inserts, call{b.From, b.To, len(b.Events), attempt})
	c.mu.Unlock()
	if refuses != nil && slices.ContainsFunc(b.Events, func(ev footfall.Event) bool { return refuses(&ev) }) {
		return errRow
	}
	f := fine
	if decide != nil {
		f = decide(b, attempt)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	key := b.Token(attempt)
	months := map[time.Time][]footfall.Event{}
	for i := range b.Events {
		y, m, _ := b.Events[i].Time.Time().Date()
		month := time.Date(y, m, 1, 0, 0, 0, 0, time.UTC)
		months[month] = append(months[month], b.Events[i])
	}
	order := slices.SortedFunc(maps.Keys(months), time.Time.Compare)
	write := func(months map[time.Time][]footfall.Event, order []time.Time, keep bool) {
		for _, month := range order {
			c.part(token{key, month}, months[month], keep)
		}
	}
	switch f {
	case unheard:
		return errStore
	case unanswered:
		write(months, order, true)
		return errStore
	case swallowed:
		write(months, order, false)
		return errStore
	case halved:
		write(months, order[:len(order)/2], true)
		return errStore
	case torn, late:
		for month := range months { // the batch's memory is not ours later
			months[month] = clone(months[month])
		}
		first, delay := 0, 20*time.Second
		if f == torn {
			first, delay = len(order)/2, 300*time.Millisecond
		}
		write(months, order[:first], true)
		time.AfterFunc(delay, func() { write(months, order[first:], true) })
		return errStore
	}
	write(months, order, true)
	return nil
}

// part writes the rows of one month, or only remembers that it did.
func (c *clerk) part(key token, events []footfall.Event, keep bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tokens[key] {
		return
	}
	c.tokens[key] = true
	if !keep {
		return
	}
	c.serial++
	b := footfall.Batch{Events: events} // with a name of its own: it dropped nothing yet
	if err := c.Memory.Insert(context.Background(), &b, c.serial); err != nil {
		panic(err)
	}
}

func clone(events []footfall.Event) []footfall.Event {
	m := store.NewMemory()
	if err := m.Insert(context.Background(), &footfall.Batch{Events: events}, 0); err != nil {
		panic(err)
	}
	return m.Rows()
}

// Present implements [footfall.Store].
func (c *clerk) Present(ctx context.Context, epoch, partition uint16, from, to int64) ([]footfall.Coordinate, error) {
	c.mu.Lock()
	check := c.present
	c.mu.Unlock()
	if check != nil {
		if err := check(); err != nil {
			return nil, err
		}
	}
	return c.Memory.Present(ctx, epoch, partition, from, to)
}

// Survey implements [stream.Surveyor], and fails as Present does.
func (c *clerk) Survey(ctx context.Context, epoch, partition uint16, from, to int64, most int) ([]footfall.Event, error) {
	c.mu.Lock()
	check := c.present
	c.mu.Unlock()
	if check != nil {
		if err := check(); err != nil {
			return nil, err
		}
	}
	return c.Memory.Survey(ctx, epoch, partition, from, to, most)
}

// Upsert implements [footfall.Store].
func (c *clerk) Upsert(ctx context.Context, u *footfall.Upserts) error {
	c.mu.Lock()
	check := c.upsert
	c.mu.Unlock()
	if check != nil {
		if err := check(u); err != nil {
			return err
		}
	}
	return c.Memory.Upsert(ctx, u)
}
