package keep

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/tenant"
)

// Log is where orders to erase go. Append returns nil only when the records are
// durable, and fills in where they stand.
type Log interface {
	Append(ctx context.Context, records []footfall.Record) error
}

// Store is what is asked of the record; store/clickhouse and [store.Memory]
// have it, and storetest.RunKeeper says what it must do.
type Store interface {
	Define(ctx context.Context, d ...footfall.Definition) error
	Defined(ctx context.Context, kind string) ([]footfall.Definition, error)
	Edges(ctx context.Context, id tenant.ID, ids []footfall.ID) ([]footfall.Link, error)
	Partitions(ctx context.Context, id tenant.ID, ids []footfall.ID) ([]uint16, error)
	Count(ctx context.Context, e *footfall.Erasure) (map[string]uint64, error)
	CarriedOut(ctx context.Context, id tenant.ID, name string) ([]footfall.Position, error)
	Expire(ctx context.Context, x *footfall.Expiry) (map[string]uint64, error)
	Purge(ctx context.Context) ([]string, error)
}

// Forget says what the log is to forget.
type Forget struct {
	Before  []footfall.Position // records and states before them
	Dropped []tenant.ID         // and all that belongs to these tenants
}

// Config is what a [Keeper] works with.
type Config struct {
	// Log takes the orders. Required.
	Log Log
	// Store is the record. Required.
	Store Store
	// Tenants returns the tenants there are, with their settings of now.
	// Required.
	Tenants func() []*tenant.Tenant
	// Settle returns when the store has all that was in the log when it was
	// called, such as Runner.Settle of package stream. Required.
	Settle func(ctx context.Context) error
	// Partitions is how many partitions the log has. Defaults to 1.
	Partitions uint16
	// Forget makes the log forget records and states, beyond what its own
	// retention does. Defaults to leaving that to retention.
	Forget func(ctx context.Context, f Forget) error
	// At is when, after local midnight, the night's work begins. Defaults to
	// 3h.
	At time.Duration
	// Location is where it is night. Defaults to time.Local.
	Location *time.Location
	// WatchEvery is how often Watch looks for what other processes requested.
	// Defaults to 1s.
	WatchEvery time.Duration
	// Notice is how long the doors of other processes take to learn of a
	// request; it is carried out after that. A little more than their
	// WatchEvery is right. Defaults to 0: the doors share this keeper.
	Notice time.Duration
	// Logger is told what was erased and deleted, and what went wrong. Defaults
	// to none.
	Logger *slog.Logger
}

// Keeper erases, drops and expires. It is safe for concurrent use.
type Keeper struct {
	config Config
	work   chan struct{} // wakes Run
	bans   atomic.Pointer[bans]

	mu       sync.Mutex
	writing  int                       // calls of define under way
	writes   int                       // those that have ended
	wrote    time.Time                 // when requests changed last, here or elsewhere
	requests map[string]*Receipt       // by name; replaced, never changed
	changed  chan struct{}             // closed and replaced when one of them is
	making   map[subject]chan struct{} // requests being made; closed when they are
}

// New reads the requests that stand, so that the door refuses from the start,
// and returns a keeper.
func New(ctx context.Context, config Config) (*Keeper, error) {
	var errs []error
	for name, missing := range map[string]bool{
		"Log": config.Log == nil, "Store": config.Store == nil, "Tenants": config.Tenants == nil, "Settle": config.Settle == nil,
	} {
		if missing {
			errs = append(errs, errors.New("keep: Config."+name+" is required"))
		}
	}
	if config.WatchEvery < 0 || config.Notice < 0 {
		errs = append(errs, errors.New("keep: Config.WatchEvery and Config.Notice are not negative"))
	}
	if config.At < 0 || config.At >= 24*time.Hour {
		errs = append(errs, errors.New("keep: Config.At is not within a day"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	config.Partitions = cmp.Or(config.Partitions, 1)
	config.WatchEvery = cmp.Or(config.WatchEvery, time.Second)
	config.At = cmp.Or(config.At, 3*time.Hour)
	config.Location = cmp.Or(config.Location, time.Local)
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	k := &Keeper{config: config, work: make(chan struct{}, 1), requests: map[string]*Receipt{}, changed: make(chan struct{}), making: map[subject]chan struct{}{}}
	if err := k.load(ctx); err != nil {
		return nil, err
	}
	return k, nil
}

// tenant returns a tenant with its settings, nil if it is unknown.
func (k *Keeper) tenant(id tenant.ID) *tenant.Tenant {
	for _, t := range k.config.Tenants() {
		if t.ID == id {
			return t
		}
	}
	return nil
}
