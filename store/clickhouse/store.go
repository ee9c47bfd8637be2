package clickhouse

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"sync"

	"github.com/footfall-go/footfall"
)

var _ footfall.Store = (*Store)(nil)

// Config says where the record is. The zero value is a server on this machine.
type Config struct {
	// URL is that of the server's HTTP interface. Defaults to
	// "http://127.0.0.1:8123".
	URL string
	// Transport carries the requests. For the embedded engine it is that of
	// chdb.Engine. Defaults to http.DefaultTransport.
	Transport http.RoundTripper
	// Database holds the tables. Defaults to "footfall".
	Database string
	// User and Password are those of the server's user. Default to none.
	User, Password string
	// Compress sends blocks compressed with zstd, for networks that are slower
	// than a core. The embedded engine refuses it. Defaults to false.
	Compress bool
	// StoragePolicy is that of events and sessions, by a name that the server
	// knows. Defaults to leaving them where they are.
	StoragePolicy string
	// Tiers say when parts of the two move to which volume of the policy; the
	// last one keeps them for good. Defaults to none: parts stay.
	Tiers []Tier
	// Kind is what [Store.Stats] calls this store. Defaults to "clickhouse".
	Kind string
}

var databaseName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`)

func (c Config) withDefaults() (Config, *url.URL, error) {
	c.URL = cmp.Or(c.URL, "http://127.0.0.1:8123")
	c.Database = cmp.Or(c.Database, "footfall")
	c.Kind = cmp.Or(c.Kind, "clickhouse")
	if c.Transport == nil {
		c.Transport = http.DefaultTransport
	}
	var wrong error
	address, err := url.Parse(c.URL)
	if err == nil && (address.Scheme != "http" && address.Scheme != "https" || address.Host == "") {
		err = errors.New("it is no http or https address")
	}
	if err != nil {
		wrong = errors.Join(wrong, fmt.Errorf("clickhouse: Config.URL: %w", err))
	}
	if !databaseName.MatchString(c.Database) {
		wrong = errors.Join(wrong, fmt.Errorf("clickhouse: Config.Database: %q is no plain name", c.Database))
	}
	return c, address, errors.Join(wrong, c.checkTiers())
}

// Store is the record in ClickHouse. It is safe for concurrent use. It opens
// nothing of its own and needs no closing.
type Store struct {
	config Config
	client client
	events pool[eventBlock]
	twins  twins

	mu       sync.Mutex
	settings map[string]bool // of the optional ones, those the server knows
}

// New returns a Store. It does not speak to the server yet.
func New(config Config) (*Store, error) {
	config, address, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Store{config: config, events: newPool(newEventBlock, func(b *eventBlock) int { return b.size() })}
	s.client = client{
		http:     http.Client{Transport: config.Transport},
		address:  address,
		database: config.Database,
		user:     config.User,
		password: config.Password,
		compress: config.Compress,
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
