package query

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/tenant"
)

// FeedConfig is what a [Feed] may have. The zero value is usable.
type FeedConfig struct {
	// Events is how many events of a tenant are kept. Defaults to 1000.
	Events int
	// Bytes bounds the events of all tenants. Defaults to 32 MiB.
	Bytes int64
	// Keep is how long an event is kept, and events of a tenant are after somebody
	// looked at them. Defaults to 5m.
	Keep time.Duration
}

// Feed is the [Live] of one process: as the Sink of a live tap it is given what
// the store has confirmed.
//
//	feed, err := query.NewFeed(query.FeedConfig{})
//	runner, err := stream.New(stream.Config{Taps: []stream.Tap{{Name: "live", Sink: feed}}, …})
//	handler, err := query.New(query.Config{Live: feed, …})
//
// It keeps events of tenants that somebody looks at, or has looked at a moment
// ago, and nothing of others. It is safe for concurrent use, and neither side
// waits for the other.
type Feed struct {
	config FeedConfig

	mu       sync.Mutex
	channels map[tenant.ID]*channel
	bytes    int64
}

// channel is what a tenant has. Its events are numbered without gaps, those that
// were never kept and those that were erased included.
type channel struct {
	series string // tells its numbers from those of another channel
	kept   []kept
	last   int64         // the number of the last event
	news   chan struct{} // closed when there is more, nil if nobody waits
	bytes  int64
	wait   int       // how many wait
	looked time.Time // when somebody last did
}

type kept struct {
	number int64
	event  Event
	bytes  int64
	at     time.Time
}

// NewFeed returns an empty Feed.
func NewFeed(config FeedConfig) (*Feed, error) {
	config.Events = cmp.Or(config.Events, 1000)
	config.Bytes = cmp.Or(config.Bytes, 32<<20)
	config.Keep = cmp.Or(config.Keep, 5*time.Minute)
	if min(int64(config.Events), config.Bytes, int64(config.Keep)) < 0 {
		return nil, errors.New("query: limits in FeedConfig are not negative")
	}
	return &Feed{config: config, channels: map[tenant.ID]*channel{}}, nil
}

// Write takes events of any tenants. It never fails or waits.
func (f *Feed) Write(_ context.Context, events []footfall.Event) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	f.forget(now)
	if len(f.channels) == 0 {
		return nil
	}
	of := map[*channel][]int{}
	for i := range events {
		if c := f.channels[events[i].Tenant]; c != nil {
			of[c] = append(of[c], i)
		}
	}
	for c, list := range of {
		skip := max(0, len(list)-f.config.Events)
		c.last += int64(skip)
		for _, i := range list[skip:] {
			f.keep(c, &events[i], now)
		}
		f.trim(c, now)
		if c.news != nil {
			close(c.news)
			c.news = nil
		}
	}
	for f.bytes > f.config.Bytes {
		f.halve()
	}
	return nil
}

// overhead is what an event takes beside its texts.
const overhead = 500

func (f *Feed) keep(c *channel, ev *footfall.Event, now time.Time) {
	c.last++
	size := int64(overhead + len(ev.Properties) + len(ev.Context))
	c.kept = append(c.kept, kept{c.last, EventOf(ev), size, now})
	c.bytes, f.bytes = c.bytes+size, f.bytes+size
}

// trim lets go of what is too old, or too much for one tenant.
func (f *Feed) trim(c *channel, now time.Time) {
	n := max(0, len(c.kept)-f.config.Events)
	for n < len(c.kept) && now.Sub(c.kept[n].at) > f.config.Keep {
		n++
	}
	f.drop(c, n)
}

func (f *Feed) drop(c *channel, n int) {
	for i := range c.kept[:n] {
		c.bytes, f.bytes = c.bytes-c.kept[i].bytes, f.bytes-c.kept[i].bytes
	}
	clear(c.kept[:n]) // the texts would stay as long as the memory behind them
	c.kept = c.kept[n:]
}

// Erase implements [footfall.Eraser]: events of who is erased are not kept any
// longer.
func (f *Feed) Erase(_ context.Context, e *footfall.Erasure) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.channels[e.Tenant]
	if c == nil {
		return nil
	}
	c.kept = slices.DeleteFunc(c.kept, func(k kept) bool {
		gone := k.event.ErasedBy(e)
		if gone {
			c.bytes, f.bytes = c.bytes-k.bytes, f.bytes-k.bytes
		}
		return gone
	})
	return nil
}

// halve makes room at the cost of who takes most.
func (f *Feed) halve() {
	var most *channel
	for _, c := range f.channels {
		if most == nil || c.bytes > most.bytes {
			most = c
		}
	}
	f.drop(most, (len(most.kept)+1)/2)
}

// forget lets go of tenants that nobody looks at any more.
func (f *Feed) forget(now time.Time) {
	for id, c := range f.channels {
		if c.wait == 0 && now.Sub(c.looked) > f.config.Keep {
			f.drop(c, len(c.kept))
			delete(f.channels, id)
		}
	}
}

// Read implements [Live]. It fails when ctx ends.
func (f *Feed) Read(ctx context.Context, t tenant.ID, after string, limit int) (LivePage, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	c := f.channels[t]
	if c == nil {
		f.forget(now)
		c = &channel{series: strconv.FormatInt(now.UnixNano(), 36)}
		f.channels[t] = c
	}
	c.looked = now
	if after == "" {
		return LivePage{Next: c.cursor(c.last)}, nil
	}
	number, known := c.number(after)
	for {
		f.trim(c, time.Now())
		if page, ok := c.after(number, known, limit); ok {
			return page, nil
		}
		if err := f.wait(ctx, c); err != nil {
			return LivePage{}, err
		}
	}
}

// wait waits for more events, without the lock.
func (f *Feed) wait(ctx context.Context, c *channel) error {
	if c.news == nil {
		c.news = make(chan struct{})
	}
	news := c.news
	c.wait++
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		c.wait--
		c.looked = time.Now()
	}()
	select {
	case <-news:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// after returns what came after a number, and whether that is anything.
func (c *channel) after(number int64, known bool, limit int) (LivePage, bool) {
	page := LivePage{Next: c.cursor(c.last)}
	i := 0
	if known {
		for i < len(c.kept) && c.kept[i].number <= number {
			i++
		}
		next := c.last + 1
		if i < len(c.kept) {
			next = c.kept[i].number
		}
		page.Missed = next - number - 1
	} else {
		page.Missed = -1
	}
	for ; i < len(c.kept) && len(page.Events) < limit; i++ {
		page.Next = c.cursor(c.kept[i].number)
		page.Events = append(page.Events, LiveEvent{page.Next, c.kept[i].event})
	}
	return page, len(page.Events) > 0 || page.Missed != 0
}

func (c *channel) cursor(number int64) string {
	return c.series + "." + strconv.FormatInt(number, 36)
}

// number reads a cursor, and reports whether it is one of this channel.
func (c *channel) number(cursor string) (int64, bool) {
	series, digits, _ := strings.Cut(cursor, ".")
	n, err := strconv.ParseInt(digits, 36, 64)
	return n, series == c.series && err == nil && n >= 0 && n <= c.last
}
