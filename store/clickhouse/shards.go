package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/footfall-go/footfall/internal/schema"
)

// ErrShards says that the shards are not those that the data were written to.
var ErrShards = errors.New("clickhouse: the shards are not those of the data")

// places is the table in which each shard has which one it is, of how many. With
// others a partition of the log would go on elsewhere than where it began: its
// rows would be read back from where they are not, and written again.
var places = schema.Table{
	Name:    schema.Places,
	Columns: "\n    shard UInt16,\n    shards UInt16,\n    at DateTime('UTC') DEFAULT now()",
	Engine:  "MergeTree ORDER BY (shards, shard)",
}

// checkEngine refuses tables of a cluster where there is none, and the other way
// round: they have the same names.
func (s *Store) checkEngine(ctx context.Context) error {
	result, err := s.common().queryIn(ctx, "", "SELECT engine FROM system.tables WHERE database = "+quote(s.config.Database)+" AND name = "+quote(schema.Events), nil)
	if err != nil {
		return err
	}
	engine := strings.TrimSpace(string(result))
	rows := strings.HasSuffix(engine, "MergeTree")
	switch {
	case engine == "" || rows == (s.config.Cluster == nil):
		return nil
	case rows:
		return fmt.Errorf("%w: the database was begun on one server, without a cluster", ErrShards)
	default:
		return fmt.Errorf("%w: the database was begun on a cluster", ErrShards)
	}
}

// checkPlaces refuses shards whose number or order is another than that of the
// data, and notes it where there is no note yet.
func (s *Store) checkPlaces(ctx context.Context) error {
	var wrong []error
	for i, c := range s.shards {
		here := fmt.Sprintf("%d\t%d", i, len(s.shards))
		found, err := c.places(ctx)
		if err == nil && found == "" {
			if err = c.notePlace(ctx, i, len(s.shards)); err == nil {
				found, err = c.places(ctx) // somebody else may have noted another
			}
		}
		if err != nil {
			return fmt.Errorf("shard %d: %w", i, err)
		}
		if found != here {
			was := strings.NewReplacer("\n", " and ", "\t", " of ").Replace(found)
			wrong = append(wrong, fmt.Errorf("what is shard %d of %d here (counted from 0) was %s", i, len(s.shards), was))
		}
	}
	if err := errors.Join(wrong...); err != nil {
		return fmt.Errorf("%w: their number and order are fixed as long as there are data: %w", ErrShards, err)
	}
	return nil
}

func (c *client) places(ctx context.Context) (string, error) {
	found, err := c.read(ctx, "SELECT DISTINCT shard, shards FROM "+schema.Places+" ORDER BY shards, shard FORMAT TabSeparated", schema.Places)
	return strings.TrimSpace(string(found)), err
}

func (c *client) notePlace(ctx context.Context, shard, shards int) error {
	settings, err := c.known(ctx, c.durable(upsertSettings()))
	if err != nil {
		return err
	}
	return c.exec(ctx, fmt.Sprintf("INSERT INTO %s (shard, shards) VALUES (%d, %d)", schema.Places, shard, shards), settings)
}
