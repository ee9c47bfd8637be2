package stream_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/store"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/internal/fold"
	"github.com/footfall-go/footfall/stream/streamtest"
	"github.com/footfall-go/footfall/tenant"
)

// world is a log, a store and whoever works between them, in a bubble of time.
type world struct {
	t     *testing.T
	log   *streamtest.Memory
	store *clerk
	sent  map[string]int // events appended, per tenant
	rand  *rand.Rand
}

// inBubble runs a test where hours take no time.
func inBubble(t *testing.T, partitions int, f func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f(&world{
			t: t, log: streamtest.NewMemory(partitions), store: newClerk(), sent: map[string]int{},
			rand: rand.New(rand.NewPCG(1, 2)),
		})
	})
}

func (w *world) config() stream.Config { return stream.Config{Log: w.log, Store: w.store} }

// process is a Runner at work.
type process struct {
	*stream.Runner
	t    *testing.T
	stop context.CancelFunc
	done chan error
}

// begin starts a Runner; change may be nil.
func (w *world) begin(cfg stream.Config, change func(*stream.Runner)) *process {
	r, err := stream.New(cfg)
	require.NoError(w.t, err)
	if change != nil {
		change(r)
	}
	ctx, stop := context.WithCancel(w.t.Context())
	p := &process{Runner: r, t: w.t, stop: stop, done: make(chan error, 1)}
	go func() { p.done <- r.Run(ctx) }()
	synctest.Wait()
	return p
}

// end stops a Runner, which drains.
func (p *process) end() error {
	p.stop()
	return <-p.done
}

// visible waits until the status says that all is visible.
func (p *process) visible() {
	p.t.Helper()
	begun, pause := time.Now(), 10*time.Millisecond
	for time.Since(begun) < 2*time.Hour {
		s, err := p.Status(p.t.Context())
		require.NoError(p.t, err)
		if s.Lag.Events == 0 {
			require.True(p.t, s.Ready, s.Reason)
			return
		}
		time.Sleep(pause) // of the bubble
		pause = min(2*pause, time.Second)
	}
	s, err := p.Status(p.t.Context())
	require.NoError(p.t, err)
	require.FailNow(p.t, "not visible after two hours", "%+v", s)
}

// message is one event to be appended.
type message struct {
	visitor, user, id, name string
	kind                    footfall.Type
	traits                  string // or properties, a JSON object; {"n":1} if empty
	group                   string // id, of a group event
	time                    time.Time
}

func shop(tb testing.TB, name string) tenant.ID {
	tb.Helper()
	id, err := tenant.ParseID(name)
	require.NoError(tb, err)
	return id
}

// header is that of a tenant, which is dedicated if its name says so.
func header(tb testing.TB, name string) record.Header {
	settings := tenant.Settings{Version: 1, Dedicated: strings.HasPrefix(name, "own-")}
	t := tenant.Tenant{ID: shop(tb, name), Settings: settings.WithDefaults()}
	return record.HeaderOf(&t, record.Events, time.Now())
}

// encode makes one record of messages.
func encode(tb testing.TB, partition uint16, name string, messages ...message) footfall.Record {
	return encodeAs(header(tb, name), partition, messages...)
}

func encodeAs(h record.Header, partition uint16, messages ...message) footfall.Record {
	var e record.Encoder
	e.Reset(h)
	for _, m := range messages {
		if m.time.IsZero() {
			m.time = time.Now()
		}
		if m.kind == 0 {
			m.kind = footfall.Track
		}
		if m.name == "" {
			m.name = "click"
		}
		ev := record.Event{
			Type: m.kind, Name: []byte(m.name), MessageID: []byte(m.id), Anonymous: []byte(m.visitor), User: []byte(m.user),
			Time: footfall.MillisOf(m.time), Properties: []byte(cmp.Or(m.traits, `{"n":1}`)),
		}
		if m.group != "" {
			ev.Derived = []byte(`{"$group_id":"` + m.group + `"}`)
		}
		e.Add(&ev)
	}
	return e.Record(partition)
}

// append puts one record of a tenant's messages into the log.
func (w *world) append(partition uint16, name string, messages ...message) {
	w.t.Helper()
	w.sent[name] += len(messages)
	require.NoError(w.t, w.log.Append(w.t.Context(), []footfall.Record{encode(w.t, partition, name, messages...)}))
}

// clicks returns n messages of one visitor with new ids.
func (w *world) clicks(n int) []message {
	messages := make([]message, n)
	for i := range messages {
		messages[i] = message{visitor: "v", id: fmt.Sprintf("m%d", w.rand.Uint64())}
	}
	return messages
}

// order puts a command into the log.
func (w *world) order(partition uint16, name string, o record.Order) {
	w.t.Helper()
	rec, err := record.NewOrder(header(w.t, name), partition, o)
	require.NoError(w.t, err)
	require.NoError(w.t, w.log.Append(w.t.Context(), []footfall.Record{rec}))
}

// requireExact compares the store with a single-threaded fold of the log that
// inserts each event once, knowing which were rejected.
func (w *world) requireExact(partitions int) {
	w.t.Helper()
	want := w.reference(partitions)
	require.Empty(w.t, wrong(want.Rows(), w.store.Rows()), "every event once")
	assert.Equal(w.t, want.Events(), w.store.Events())
	assert.Equal(w.t, want.Sessions(), w.store.Sessions())
	assert.Equal(w.t, want.Links(), w.store.Links())
	assert.Equal(w.t, want.IDs(), w.store.IDs())
	assert.Equal(w.t, want.Traits(), w.store.Traits())
	assert.Equal(w.t, want.Erasures(), w.store.Erasures())
	assert.Equal(w.t, want.Rejected(), foldedRows(want, w.store.Memory))
	assert.Equal(w.t, unversioned(want.Ledger()), unversioned(w.store.Ledger()))
}

// foldedRows are the rows of quarantine that the fold writes, which are those
// that the reference has; the others are the store's own refusals.
func foldedRows(want, have *store.Memory) (rows []footfall.Rejected) {
	folded := map[footfall.Position]bool{}
	for _, r := range want.Rejected() {
		folded[r.Position] = true
	}
	for _, r := range have.Rejected() {
		if folded[r.Position] {
			rows = append(rows, r)
		}
	}
	return rows
}

func (w *world) reference(partitions int) *store.Memory {
	ctx, want := context.Background(), store.NewMemory()
	for p := range uint16(partitions) {
		s := fold.New(0, p, fold.Limits{})
		gone, err := w.store.Disposed(ctx, 0, p, 0)
		require.NoError(w.t, err)
		s.Rejected(gone.Rejected)
		b := footfall.Batch{Partition: p}
		for _, rec := range w.log.Records(p) {
			require.NoError(w.t, s.Apply(&rec, &b))
		}
		require.NoError(w.t, want.Insert(ctx, &b, 0))
		var u footfall.Upserts
		s.Flush(&u)
		require.NoError(w.t, want.Upsert(ctx, &u))
	}
	return want
}

// positions counts the rows of each position.
func positions(events []footfall.Event) map[footfall.Position]int {
	counts := map[footfall.Position]int{}
	for i := range events {
		counts[events[i].Position]++
	}
	return counts
}

// wrong names the first few positions that are not there as often as they
// should be.
func wrong(want, have []footfall.Event) (names []string) {
	w, h := positions(want), positions(have)
	for p := range h {
		w[p] += 0
	}
	for p, n := range w {
		if h[p] != n && len(names) < 10 {
			names = append(names, fmt.Sprintf("%d/%d.%d: %d times, not %d", p.Partition, p.Offset, p.Index, h[p], n))
		}
	}
	slices.Sort(names)
	return names
}

// unversioned drops what depends on when a row was refused.
func unversioned(rows []footfall.LedgerRow) []footfall.LedgerRow {
	for i := range rows {
		rows[i].Version = 0
	}
	return rows
}

// requireLedger checks that the status accounts for all that was appended.
func (w *world) requireLedger(p *process) {
	w.t.Helper()
	s, err := p.Status(w.t.Context())
	require.NoError(w.t, err)
	accepted := map[string]int{}
	for name, l := range s.Ledger {
		require.Equal(w.t, l.Accepted, l.Stored+l.Duplicate+l.Quarantined+l.Pending)
		accepted[name] = int(l.Accepted)
	}
	require.Equal(w.t, w.sent, accepted)
}
