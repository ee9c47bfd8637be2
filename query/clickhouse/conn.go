package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/query"
)

// Conn is a [query.Conn] on a connection of clickhouse-go, whose database holds
// the tables.
type Conn struct {
	conn     driver.Conn
	settings clickhouse.Settings // beside those of every statement
	close    func() error
}

// New returns a Conn on a connection that stays the caller's to close.
func New(conn driver.Conn) *Conn { return &Conn{conn: conn} }

var _ query.Conn = (*Conn)(nil)

// Query implements [query.Conn].
func (c *Conn) Query(ctx context.Context, s query.Statement) (query.Rows, error) {
	params := make(clickhouse.Parameters, len(s.Params))
	for name, value := range s.Params {
		text, err := encode(value)
		if err != nil {
			return nil, fmt.Errorf("encode parameter %s: %w", name, err)
		}
		params[name] = text
	}
	r := &rows{ctx: ctx, read: new(counter)}
	ctx = clickhouse.Context(context.WithValue(ctx, counterKey{}, r.read),
		clickhouse.WithParameters(params),
		clickhouse.WithProgress(func(p *clickhouse.Progress) { r.read.add(p.Rows, p.Bytes) }),
		clickhouse.WithSettings(c.all()))
	var err error
	if r.Rows, err = c.conn.Query(ctx, s.SQL); err != nil {
		return nil, classify(ctx, err)
	}
	return r, nil
}

// settings are those that a statement's own SETTINGS clause comes too late
// for. The first makes a server stop a statement whose asker has gone.
var settings = clickhouse.Settings{"cancel_http_readonly_queries_on_client_close": 1}

func (c *Conn) all() clickhouse.Settings {
	if c.settings == nil {
		return settings
	}
	all := maps.Clone(c.settings)
	maps.Copy(all, settings)
	return all
}

// rows adds to the driver's rows what it does not do.
type rows struct {
	driver.Rows
	ctx  context.Context //nolint:containedctx // the rows' own, to tell why they ended
	read *counter
}

// Scan implements [query.Rows].
func (r *rows) Scan(dest ...any) error { return r.Rows.Scan(dest...) }

// Err implements [query.Rows].
func (r *rows) Err() error { return classify(r.ctx, r.Rows.Err()) }

// Close implements [query.Rows].
func (r *rows) Close() error { return classify(r.ctx, r.Rows.Close()) }

// Read implements [query.Rows].
func (r *rows) Read() (rows, bytes uint64) { return r.read.rows.Load(), r.read.bytes.Load() }

// counter is what a statement has read.
type counter struct{ rows, bytes atomic.Uint64 }

type counterKey struct{}

func (c *counter) add(rows, bytes uint64) {
	c.rows.Add(rows)
	c.bytes.Add(bytes)
}

// escapes are those of the TabSeparated format, in which the engine reads the
// value of a parameter.
var escapes = strings.NewReplacer("\\", `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`, "\x00", `\0`, "\b", `\b`, "\f", `\f`, "'", `\'`)

// encode writes a value as the text of a parameter.
func encode(value any) (string, error) {
	switch v := value.(type) {
	case string:
		return escapes.Replace(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), nil
	case footfall.ID:
		return decimal(v), nil
	case []footfall.ID:
		return list(v, decimal), nil
	case []string:
		return list(v, func(s string) string { return "'" + escapes.Replace(s) + "'" }), nil
	case []int64:
		return list(v, func(n int64) string { return strconv.FormatInt(n, 10) }), nil
	case []float64:
		return list(v, func(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }), nil
	}
	return "", fmt.Errorf("no parameter is a %T", value)
}

// decimal writes an id as the number it is to the engine, lowest byte first.
func decimal(id footfall.ID) string {
	slices.Reverse(id[:])
	return new(big.Int).SetBytes(id[:]).String()
}

func list[T any](items []T, text func(T) string) string {
	var b strings.Builder
	b.WriteByte('[')
	for i, item := range items {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(text(item))
	}
	b.WriteByte(']')
	return b.String()
}

// The codes of ClickHouse's errors that are nobody's outage.
var (
	outOfTime = map[int32]bool{159: true, 160: true}
	overLimit = map[int32]bool{
		158: true, // TOO_MANY_ROWS
		191: true, // SET_SIZE_LIMIT_EXCEEDED
		241: true, // MEMORY_LIMIT_EXCEEDED
		307: true, // TOO_MANY_BYTES
		396: true, // TOO_MANY_ROWS_OR_BYTES
	}
	noServer = map[int32]bool{
		202: true, // TOO_MANY_SIMULTANEOUS_QUERIES
		209: true, // SOCKET_TIMEOUT
		210: true, // NETWORK_ERROR
		279: true, // ALL_CONNECTION_TRIES_FAILED
	}
)

// classify marks an error for package query.
func classify(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		// What a cancelled statement says of itself is of no use.
		return fmt.Errorf("run the statement: %w", context.Cause(ctx))
	}
	var failed *clickhouse.Exception
	if !errors.As(err, &failed) {
		return fmt.Errorf("%w: %w", query.ErrUnavailable, err)
	}
	switch {
	case outOfTime[failed.Code]:
		return fmt.Errorf("%w: %w", query.ErrTimeout, err)
	case overLimit[failed.Code]:
		return fmt.Errorf("%w: %w", query.ErrLimit, err)
	case noServer[failed.Code]:
		return fmt.Errorf("%w: %w", query.ErrUnavailable, err)
	}
	return fmt.Errorf("run the statement: %w", err)
}
