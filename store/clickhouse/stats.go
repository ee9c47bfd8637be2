package clickhouse

import (
	"context"
	"fmt"

	"github.com/footfall-go/footfall/internal/schema"
)

// Stats is what a status page says of a store.
type Stats struct {
	Kind    string            `json:"kind"`
	Version string            `json:"version"` // of ClickHouse
	Schema  int               `json:"schema"`
	Bytes   uint64            `json:"bytes"` // on disk, of all tables
	Rows    map[string]uint64 `json:"rows"`  // by table, as queries see them
}

// countExactly is up to how many rows of a table are counted as queries see
// them, copies and old versions collapsed. Beyond, a status page would cost
// more than it is worth, and gets the rows of the parts.
const countExactly = 50_000_000

// counted are the tables whose rows Stats has.
var counted = []string{schema.Events, schema.Sessions, schema.Identities, schema.IDs, schema.Traits, schema.Rejected, schema.Erasures}

// Stats asks the server what it is and what it holds.
func (s *Store) Stats(ctx context.Context) (Stats, error) {
	stats, err := s.stats(ctx)
	if err != nil {
		return Stats{}, fmt.Errorf("read the store's statistics: %w", err)
	}
	return stats, nil
}

func (s *Store) stats(ctx context.Context) (Stats, error) {
	stats := Stats{Kind: s.config.Kind, Rows: map[string]uint64{}}
	var err error
	if stats.Schema, err = s.schemaVersion(ctx); err != nil {
		return stats, err
	}
	for _, c := range s.shards {
		if err := c.addStats(ctx, &stats); err != nil {
			return stats, err
		}
	}
	return stats, nil
}

// addStats adds what the servers of a shard hold.
func (c *client) addStats(ctx context.Context, stats *Stats) error {
	result, err := c.query(ctx, "SELECT version(), '', toUInt64(0), toUInt64(0) UNION ALL SELECT '', table, sum(rows), sum(bytes_on_disk) "+
		"FROM system.parts WHERE active AND database = currentDatabase() GROUP BY table FORMAT RowBinary", nil)
	if err != nil {
		return err
	}
	rows := map[string]uint64{}
	r := rowBinary{rest: result}
	for r.more() {
		version, table, count, bytes := r.text(), r.text(), r.u64(), r.u64()
		if table == "" {
			stats.Version = version
			continue
		}
		rows[table] = count
		stats.Bytes += bytes
	}
	if r.bad {
		return errTorn
	}
	for _, table := range counted {
		n := rows[table]
		if n > 0 && n <= countExactly {
			result, err := c.query(ctx, "SELECT count() FROM "+table+" FINAL FORMAT RowBinary",
				map[string]string{"do_not_merge_across_partitions_select_final": "1"})
			if err != nil {
				return err
			}
			r := rowBinary{rest: result}
			if n = r.u64(); r.bad {
				return errTorn
			}
		}
		stats.Rows[table] += n
	}
	return nil
}
