package analyticstest

import (
	"context"
	"sync"
	"time"

	"github.com/footfall-go/footfall/ingest"
	"github.com/footfall-go/footfall/tenant"
)

// The keys of the tenant. Requests to the door carry the first; [ReadKey] is what
// /v1/unlink takes.
const (
	WriteKey = "wk_test"
	ReadKey  = "rk_test"
)

// T is the part of testing.TB that is used, so that examples can have one.
type T interface {
	Helper()
	Fatalf(format string, args ...any)
}

// Config says what a test's analytics are like. The zero Config is usable.
type Config struct {
	// Settings are those of the tenant. Default to those of every tenant.
	Settings tenant.Settings
	// Start is when the clock begins. Defaults to noon UTC of Monday,
	// 1 January 2024.
	Start time.Time
	// Ingest is what the door works with, such as a UserAgent and a Plan; its
	// Log, Auth, Partitions and Now are set here. Defaults to nothing else.
	Ingest ingest.Config
}

// Analytics has what one test sent. It is safe for concurrent use, as far as T
// is.
type Analytics struct {
	t      T
	tenant *tenant.Tenant
	door   *ingest.Handler
	log    *memory

	mu  sync.Mutex
	now time.Time
}

// New returns analytics without events, which fail t when they are used wrongly.
func New(t T, config Config) *Analytics {
	t.Helper()
	a := &Analytics{t: t, now: config.Start}
	if a.now.IsZero() {
		a.now = time.Date(2024, 1, 1, 12, 0, 0, 0, time.UTC)
	}
	a.log = &memory{now: a.Now}
	id, _ := tenant.ParseID("test") // a legal one
	keys, err := tenant.NewKeys(tenant.Registration{
		Tenant:    tenant.Tenant{ID: id, Settings: config.Settings},
		WriteKeys: []string{WriteKey}, ReadKeys: []string{ReadKey},
	})
	if err != nil {
		t.Fatalf("analyticstest: %v", err)
		return a
	}
	a.tenant = keys.Tenant(id)
	door := config.Ingest
	door.Log, door.Auth, door.Partitions, door.Now = a.log, keys, 1, a.Now
	if door.Tenants == nil {
		door.Tenants = keys.Tenant
	}
	if a.door, err = ingest.New(door); err != nil {
		t.Fatalf("analyticstest: %v", err)
	}
	return a
}

// Door returns what takes events, to be mounted where the product's own would
// be, or to be given to what calls its Track.
func (a *Analytics) Door() *ingest.Handler { return a.door }

// Tenant returns whom the events belong to. It must not be changed.
func (a *Analytics) Tenant() *tenant.Tenant { return a.tenant }

// Track sends messages, of which the door must not refuse any. Those without a
// Timestamp happen now.
func (a *Analytics) Track(messages ...ingest.Message) {
	a.t.Helper()
	if err := a.door.Track(context.Background(), a.tenant, messages...); err != nil {
		a.t.Fatalf("analyticstest: track: %v", err)
	}
}

// Now returns the time by the clock.
func (a *Analytics) Now() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.now
}

// Advance moves the clock on.
func (a *Analytics) Advance(d time.Duration) {
	a.t.Helper()
	if d < 0 {
		a.t.Fatalf("analyticstest: the clock cannot go back by %v; give late messages a Timestamp", -d)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.now = a.now.Add(d)
}

// At moves the clock on to a time.
func (a *Analytics) At(to time.Time) {
	a.t.Helper()
	a.mu.Lock()
	now := a.now
	if to.After(now) {
		a.now = to
	}
	a.mu.Unlock()
	if to.Before(now) {
		a.t.Fatalf("analyticstest: the clock cannot go back from %v to %v; give late messages a Timestamp", now, to)
	}
}
