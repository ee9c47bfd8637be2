package importer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/footfall-go/footfall/tenant"
)

// Format is how rows are written.
type Format string

// The formats.
const (
	NDJSON   Format = "ndjson"
	CSV      Format = "csv"
	Combined Format = "combined"
)

// FormatOf guesses the format from a file's name, "" if it tells nothing.
func FormatOf(name string) Format {
	name = strings.TrimSuffix(strings.ToLower(name), ".gz")
	switch {
	case strings.HasSuffix(name, ".csv"):
		return CSV
	case strings.HasSuffix(name, ".ndjson"), strings.HasSuffix(name, ".jsonl"):
		return NDJSON
	case strings.HasSuffix(name, ".log"):
		return Combined
	default:
		return ""
	}
}

// Config says what to import, and where to.
type Config struct {
	// URL is the server's address, such as http://127.0.0.1:8080. Required,
	// unless Locate is given.
	URL string
	// AdminKey is the server's admin key. Required, unless Locate is given.
	AdminKey string
	// Locate returns the address and the admin key. It is called at the start
	// and whenever the server did not answer or did not know the key: one that
	// was restarted may have new ones. Defaults to URL and AdminKey.
	Locate func() (url, adminKey string, err error)
	// Tenant is whose rows these are. Required.
	Tenant tenant.ID
	// Name names the import: rows are counted and remembered under it.
	// Required.
	Name string
	// Format is how the rows are written. Required.
	Format Format
	// Map has a template for each message field that is not simply a column
	// of the same name. Besides the fields of the package documentation it
	// takes properties.NAME, traits.NAME and context.NAME, where dots in
	// NAME lead into nested objects. Defaults to no templates.
	Map map[string]string
	// Zone is the time zone of timestamps that name none. Defaults to UTC.
	Zone *time.Location
	// Client makes the requests. Defaults to a client of its own with a
	// time-out of one minute.
	Client *http.Client
	// Patience is how long one request is retried while the server is away
	// or asks to wait. Defaults to 2 minutes.
	Patience time.Duration
	// OnReject is called for each row that was refused. Defaults to nothing.
	OnReject func(Rejection)
}

// Rejection is a row that was refused, and why.
type Rejection struct {
	Row       int64
	MessageID string
	Code      string
	Message   string
}

// Result is the outcome of one Run.
type Result struct {
	Import string `json:"import"`
	// Rows is how many rows this run handled: Accepted plus Rejected. Rows
	// before the position at the start are passed over and not counted.
	Rows     int64 `json:"rows"`
	Accepted int64 `json:"accepted"`
	// Duplicate counts accepted rows known to be copies. A copy is found
	// after the door, by the processor, so that none is known here: the
	// server's ledger has the number.
	Duplicate int64 `json:"duplicate"`
	Rejected  int64 `json:"rejected"`
	// Position is how many rows of the import have been handled, in this run
	// and before.
	Position int64 `json:"position"`
}

// Run imports the rows of the inputs, read one after the other. It returns
// when the server has made all of them durable, with what was done so far if
// it fails.
func Run(ctx context.Context, cfg Config, inputs ...io.Reader) (Result, error) {
	res := Result{Import: cfg.Name}
	cfg.Zone = cmp.Or(cfg.Zone, time.UTC)
	cfg.Patience = cmp.Or(cfg.Patience, 2*time.Minute)
	cfg.Client = cmp.Or(cfg.Client, &http.Client{Timeout: time.Minute})
	if cfg.OnReject == nil {
		cfg.OnReject = func(Rejection) {}
	}
	mapping, err := cfg.compile()
	if err != nil {
		return res, err
	}
	door := newDoor(&cfg)
	if res.Position, err = door.position(ctx); err != nil {
		return res, fmt.Errorf("ask for the position: %w", err)
	}

	// One goroutine reads ahead while this one waits for the server. It ends
	// with ctx, at the latest when Run returns.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	chunks := make(chan *chunk, 1)
	var readErr error
	go func() {
		defer close(chunks)
		readErr = readAll(ctx, &cfg, mapping, res.Position, inputs, chunks)
	}()
	for c := range chunks {
		if err := door.send(ctx, c, &res); err != nil {
			return res, fmt.Errorf("send the rows %d to %d: %w", c.first, c.last, err)
		}
	}
	if err := ctx.Err(); err != nil {
		return res, err
	}
	return res, readErr
}

// Validate returns every mistake that Run would refuse before it reads a row,
// or nil.
func (c *Config) Validate() error {
	_, err := c.compile()
	return err
}

func (c *Config) compile() (*mapping, error) {
	var errs []error
	require := func(name string, ok bool) {
		if !ok {
			errs = append(errs, fmt.Errorf("importer: Config.%s is required", name))
		}
	}
	require("URL", c.URL != "" || c.Locate != nil)
	require("AdminKey", c.AdminKey != "" || c.Locate != nil)
	require("Tenant", !c.Tenant.IsZero())
	require("Name", c.Name != "")
	switch c.Format {
	case NDJSON, CSV, Combined:
	case "":
		require("Format", false)
	default:
		errs = append(errs, fmt.Errorf("importer: Config.Format is %q, not ndjson, csv or combined", c.Format))
	}
	m, err := newMapping(c)
	return m, errors.Join(append(errs, err)...)
}
