package clickhouse

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/footfall-go/footfall"
)

// Upsert implements [footfall.Store]. The erasures come first: what stands
// beside them came later. Each table gets one INSERT; where one fails all may
// be written again, which is harmless. The ledger is last: its rows tell that the
// others are there.
func (s *Store) Upsert(ctx context.Context, u *footfall.Upserts) error {
	c := s.shard(u.Partition)
	for i := range u.Erasures {
		if err := s.erase(ctx, c, &u.Erasures[i]); err != nil {
			return fmt.Errorf("erase: %w", err)
		}
	}
	// Each waits for the disk more than for anything else, and no table for
	// another: one behind the other they would keep sessions back.
	var wg sync.WaitGroup
	var errs [5]error
	for i, write := range [...]func() error{
		func() error { return upsert(ctx, c, &sessionRows, u.Sessions) },
		func() error { return upsert(ctx, c, &linkRows, u.Links) },
		func() error { return upsert(ctx, c, &idRows, u.IDs) },
		func() error { return upsert(ctx, c, &traitRows, u.Traits) },
		func() error { return upsert(ctx, c, &rejectedRows, u.Rejected) },
	} {
		wg.Go(func() { errs[i] = write() })
	}
	wg.Wait()
	if err := cmp.Or(errs[:]...); err != nil {
		return err
	}
	return upsert(ctx, c, &ledgerRows, u.Ledger)
}

// rowsOf says how rows of a type become a block of their table.
type rowsOf[T any] struct {
	table   string
	columns []column
	// partition returns what decides on a row's partition.
	partition func(*T) partition
	// add appends a row. The columns are in the order above.
	add func(c []column, row *T) error
	// raw leaves rows of equal key to the merges.
	raw bool
}

// partition names a partition of a table: all have the silo in their key, and
// one has the month of some time.
type partition struct {
	silo  string
	month int
}

func monthOf(at footfall.Millis) int {
	year, month, _ := at.Time().Date()
	return 12*year + int(month)
}

// maxPartitions is how many partitions one INSERT may touch; the server's
// limit, which we set, is a hundred.
const maxPartitions = 64

// upsert writes rows to a table that is not events.
func upsert[T any](ctx context.Context, c *client, t *rowsOf[T], rows []T) error {
	for _, part := range split(rows, t.partition) {
		if err := insertRows(ctx, c, t, part); err != nil {
			return fmt.Errorf("upsert %s: %w", t.table, err)
		}
	}
	return nil
}

func insertRows[T any](ctx context.Context, c *client, t *rowsOf[T], rows []T) error {
	b := newBlock(t.table, t.columns...)
	for i := range rows {
		if err := t.add(b.columns, &rows[i]); err != nil {
			return err
		}
	}
	b.rows = len(rows)
	settings, err := c.known(ctx, c.durable(upsertSettings()))
	if err != nil {
		return err
	}
	if t.raw {
		settings["optimize_on_insert"] = "0"
	}
	_, err = c.insert(ctx, b, settings)
	return err
}

// split cuts rows where one INSERT would touch too many partitions. They need
// not stay together: each row stands for itself.
func split[T any](rows []T, of func(*T) partition) [][]T {
	if len(rows) == 0 {
		return nil
	}
	seen := map[partition]struct{}{}
	for i := range rows {
		seen[of(&rows[i])] = struct{}{}
	}
	if len(seen) <= maxPartitions {
		return [][]T{rows}
	}
	sorted := slices.Clone(rows)
	slices.SortStableFunc(sorted, func(a, b T) int {
		x, y := of(&a), of(&b)
		return cmp.Or(cmp.Compare(x.silo, y.silo), cmp.Compare(x.month, y.month))
	})
	var parts [][]T
	start, count := 0, 0
	for i := range sorted {
		if i > 0 && of(&sorted[i]) == of(&sorted[i-1]) {
			continue
		}
		if count++; count > maxPartitions {
			parts = append(parts, sorted[start:i])
			start, count = i, 1
		}
	}
	return append(parts, sorted[start:])
}
