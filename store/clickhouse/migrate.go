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

func migrations(known map[string]bool) []migration {
	var create []string
	for i := range schema.Tables {
		create = append(create, createTable(&schema.Tables[i], known))
	}
	return []migration{
		{version: 1, statements: create},
		// Nothing was ever written to the table that snapshots replaces.
		{version: 2, statements: append(create[len(create)-1:], "DROP TABLE IF EXISTS stream_snapshots")},
	}
}

// createTable returns the statement, with those of the optional settings that
// the server knows.
func createTable(t *schema.Table, known map[string]bool) string {
	var settings []string
	values := tableSettings(t)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if known[name] || !slices.Contains(optionalTable, name) {
			settings = append(settings, name+" = "+values[name])
		}
	}
	return "CREATE TABLE IF NOT EXISTS " + t.Name + " (" + t.Columns + "\n) ENGINE = " + t.Engine + "\nSETTINGS " + strings.Join(settings, ", ")
}

// journal is the table of the versions that were reached.
var journal = schema.Table{
	Name:    schema.Migrations,
	Columns: "\n    version UInt32,\n    at DateTime('UTC') DEFAULT now()",
	Engine:  "MergeTree ORDER BY version",
}

// Migrate brings the database to the version of this code, and creates it if
// it is not there. It may be repeated, and run by several processes at once.
// It fails with [ErrNewerSchema] where it would have to go back.
func (s *Store) Migrate(ctx context.Context) error {
	if err := s.migrate(ctx); err != nil {
		return fmt.Errorf("migrate database %s: %w", s.config.Database, err)
	}
	return nil
}

func (s *Store) migrate(ctx context.Context) error {
	name := s.config.Database
	found, err := s.client.queryIn(ctx, "SELECT count() FROM system.databases WHERE name = "+quote(name), nil, false)
	if err != nil {
		return err
	}
	// Asking first lets a user without the right to create it do the rest.
	if strings.TrimSpace(string(found)) == "0" {
		if _, err := s.client.queryIn(ctx, "CREATE DATABASE IF NOT EXISTS `"+name+"`", nil, false); err != nil {
			return err
		}
	}
	known, err := s.names(ctx, "system.merge_tree_settings", optionalTable)
	if err != nil {
		return err
	}
	if err := s.client.exec(ctx, createTable(&journal, known), nil); err != nil {
		return err
	}
	at, err := s.schemaVersion(ctx)
	if err != nil {
		return err
	}
	if at > schema.Version {
		return fmt.Errorf("%w: it has version %d, this code knows %d", ErrNewerSchema, at, schema.Version)
	}
	for _, m := range migrations(known) {
		if m.version <= at {
			continue
		}
		for _, statement := range m.statements {
			if err := s.client.exec(ctx, statement, nil); err != nil {
				return fmt.Errorf("version %d: %w", m.version, err)
			}
		}
		note := fmt.Sprintf("INSERT INTO %s (version) VALUES (%d)", schema.Migrations, m.version)
		settings, err := s.known(ctx, upsertSettings())
		if err != nil {
			return err
		}
		if err := s.client.exec(ctx, note, settings); err != nil {
			return fmt.Errorf("version %d: %w", m.version, err)
		}
	}
	return s.applyTiers(ctx)
}

func (s *Store) schemaVersion(ctx context.Context) (int, error) {
	result, err := s.client.query(ctx, "SELECT max(version) FROM "+schema.Migrations, nil)
	if err != nil {
		return 0, err
	}
	version, err := strconv.Atoi(strings.TrimSpace(string(result)))
	if err != nil {
		return 0, fmt.Errorf("read the schema's version: %w", err)
	}
	return version, nil
}
