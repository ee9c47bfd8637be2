package clickhouse

import (
	"context"
	"fmt"
	"maps"

	"github.com/footfall-go/footfall/internal/servers"
)

// read runs a SELECT that must see what was acknowledged, and returns its whole
// result. On a cluster an acknowledgement may be another replica's: whoever
// answers first takes in what the others have of the tables that are read.
func (c *client) read(ctx context.Context, sql string, tables ...string) (result []byte, err error) {
	settings, err := c.known(ctx, maps.Clone(readSettings))
	if err != nil {
		return nil, err
	}
	err = c.attempt(ctx, true, func(ctx context.Context, s *servers.Server) error {
		if c.replicated {
			for _, table := range tables {
				if _, err := c.queryAt(ctx, s, c.database, syncReplica(table), nil); err != nil {
					return fmt.Errorf("take in what other replicas have: %w", err)
				}
			}
		}
		result, err = c.queryAt(ctx, s, c.database, sql, settings)
		return err
	})
	return result, err
}

// gather runs a SELECT on every shard and returns the rows of all, which are in
// RowBinary: no row is on two.
func (s *Store) gather(ctx context.Context, sql string, tables ...string) ([]byte, error) {
	var all []byte
	for _, c := range s.shards {
		rows, err := c.read(ctx, sql, tables...)
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
	}
	return all, nil
}

// asked runs a SELECT over the rows of all shards, as questions do.
func (s *Store) asked(ctx context.Context, sql string) ([]byte, error) {
	c := s.common()
	settings, err := c.known(ctx, maps.Clone(readSettings))
	if err != nil {
		return nil, err
	}
	return c.queryIn(ctx, s.config.Database, sql, settings)
}

// number runs a statement whose result is one number.
func (c *client) number(ctx context.Context, sql string, tables ...string) (uint64, error) {
	result, err := c.read(ctx, sql+" FORMAT RowBinary", tables...)
	if err != nil {
		return 0, err
	}
	r := rowBinary{rest: result}
	n := r.u64()
	if r.bad {
		return 0, errTorn
	}
	return n, nil
}

// known leaves out the settings that the server does not have.
func (c *client) known(ctx context.Context, settings map[string]string) (map[string]string, error) {
	known, err := c.optionalSettings(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range optional {
		if !known[name] {
			delete(settings, name)
		}
	}
	return settings, nil
}

// optionalSettings asks the server once which of the optional settings it has.
func (c *client) optionalSettings(ctx context.Context) (map[string]bool, error) {
	c.mu.Lock()
	known := c.settings
	c.mu.Unlock()
	if known != nil {
		return known, nil
	}
	known, err := c.names(ctx, "system.settings", optional)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.settings = known
	c.mu.Unlock()
	return known, nil
}

// names returns which of some names a system table has.
func (c *client) names(ctx context.Context, table string, names []string) (map[string]bool, error) {
	result, err := c.query(ctx, "SELECT name FROM "+table+" WHERE name IN ("+quoteAll(names)+") FORMAT RowBinary", nil)
	if err != nil {
		return nil, fmt.Errorf("ask which settings there are: %w", err)
	}
	found := map[string]bool{}
	r := rowBinary{rest: result}
	for r.more() {
		found[r.text()] = true
	}
	if r.bad {
		return nil, errTorn
	}
	return found, nil
}
