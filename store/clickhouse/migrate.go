package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/footfall-go/footfall/internal/schema"
)

// ErrNewerSchema says that the database was written by a newer Footfall.
var ErrNewerSchema = errors.New("clickhouse: the schema is newer than this code")

// migration is a step from one version of the schema to the next. Each of its
// statements may be repeated: one that was killed half-way starts again.
type migration struct {
	version    int
	statements []string
}

func migrations(c *Config, known map[string]bool) []migration {
	var create []string
	for i := range schema.Tables {
		create = append(create, createTable(c.Cluster, &schema.Tables[i], known))
	}
	return []migration{
		{version: 1, statements: slices.Concat(create, c.Cluster.distributed(c.Database))},
		// Nothing was ever written to the table that snapshots replaces.
		{version: 2, statements: []string{create[len(create)-1], "DROP TABLE IF EXISTS stream_snapshots" + c.Cluster.on()}},
		// The sessions of before have no key events: nobody had marked any.
		{version: 3, statements: c.Cluster.alter(c.Database, schema.Sessions, "ADD COLUMN IF NOT EXISTS key_event UInt8 AFTER views")},
	}
}

// createTable returns the statement, with those of the optional settings that
// the server knows.
func createTable(c *Cluster, t *schema.Table, known map[string]bool) string {
	var settings []string
	values := tableSettings(t)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if known[name] || !slices.Contains(optionalTable, name) {
			settings = append(settings, name+" = "+values[name])
		}
	}
	return "CREATE TABLE IF NOT EXISTS " + t.Name + c.on() + " (" + t.Columns + "\n) ENGINE = " + c.engine(t) + "\nSETTINGS " + strings.Join(settings, ", ")
}

// journal is the table of the versions that were reached.
var journal = schema.Table{
	Name:    schema.Migrations,
	Columns: "\n    version UInt32,\n    at DateTime('UTC') DEFAULT now()",
	Engine:  "MergeTree ORDER BY version",
}

// Migrate brings the database to the version of this code, and creates it if
// it is not there. It may be repeated, and run by several processes at once.
// It fails with [ErrNewerSchema] where it would have to go back, and with
// [ErrShards] where the shards are not those of the data.
func (s *Store) Migrate(ctx context.Context) error {
	if err := s.migrate(ctx); err != nil {
		return fmt.Errorf("migrate database %s: %w", s.config.Database, err)
	}
	return nil
}

func (s *Store) migrate(ctx context.Context) error {
	c := s.common()
	if err := s.checkEngine(ctx); err != nil {
		return err
	}
	for _, name := range slices.Compact([]string{s.config.Database, s.config.tables()}) {
		if err := s.makeDatabase(ctx, c, name); err != nil {
			return err
		}
	}
	known, err := c.names(ctx, "system.merge_tree_settings", optionalTable)
	if err != nil {
		return err
	}
	for _, t := range []*schema.Table{&journal, &places} {
		if err := c.exec(ctx, createTable(s.config.Cluster, t, known), nil); err != nil {
			return err
		}
	}
	if err := s.checkPlaces(ctx); err != nil {
		return err
	}
	at, err := s.schemaVersion(ctx)
	if err != nil {
		return err
	}
	if at > schema.Version {
		return fmt.Errorf("%w: it has version %d, this code knows %d", ErrNewerSchema, at, schema.Version)
	}
	for _, m := range migrations(&s.config, known) {
		if m.version <= at {
			continue
		}
		for _, statement := range m.statements {
			if err := c.exec(ctx, statement, nil); err != nil {
				return fmt.Errorf("version %d: %w", m.version, err)
			}
		}
		note := fmt.Sprintf("INSERT INTO %s (version) VALUES (%d)", schema.Migrations, m.version)
		settings, err := c.known(ctx, c.durable(upsertSettings()))
		if err != nil {
			return err
		}
		if err := c.exec(ctx, note, settings); err != nil {
			return fmt.Errorf("version %d: %w", m.version, err)
		}
	}
	return s.applyTiers(ctx)
}

// makeDatabase creates a database that is not there. Asking one server first lets
// a user without the right to create it do the rest.
func (s *Store) makeDatabase(ctx context.Context, c *client, name string) error {
	if s.config.Cluster == nil {
		found, err := c.queryIn(ctx, "", "SELECT count() FROM system.databases WHERE name = "+quote(name), nil)
		if err != nil || strings.TrimSpace(string(found)) != "0" {
			return err
		}
	}
	_, err := c.queryIn(ctx, "", "CREATE DATABASE IF NOT EXISTS `"+name+"`"+s.config.Cluster.on(), nil)
	return err
}

func (s *Store) schemaVersion(ctx context.Context) (int, error) {
	result, err := s.common().read(ctx, "SELECT max(version) FROM "+schema.Migrations, schema.Migrations)
	if err != nil {
		return 0, err
	}
	version, err := strconv.Atoi(strings.TrimSpace(string(result)))
	if err != nil {
		return 0, fmt.Errorf("read the schema's version: %w", err)
	}
	return version, nil
}
