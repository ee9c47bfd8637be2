package clickhouse

import (
	"context"
	"fmt"
	"strings"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
)

// eraseOnce takes what has no position in the log, and what goes faster as a
// whole. A replay must not do it again: by then the tenant may have begun anew.
func (s *Store) eraseOnce(ctx context.Context, c *client, e *footfall.Erasure) error {
	again, err := carriedOut(ctx, c, e)
	if again || err != nil {
		return err
	}
	for _, d := range saved(e.Tenant) {
		if err := s.common().exec(ctx, "DELETE FROM "+d.table+" WHERE "+d.where, deleteSettings); err != nil {
			return fmt.Errorf("erase from %s: %w", d.table, err)
		}
	}
	return dropSilo(ctx, c, e)
}

// dropSilo drops the partitions of a tenant that has its own, which takes no
// longer for many rows than for few. It does so only where all that is in them
// stands before the erasure. What is not dropped is deleted row by row after this.
func dropSilo(ctx context.Context, c *client, e *footfall.Erasure) error {
	if e.Silo == "" {
		return nil
	}
	silo := "silo = " + quote(e.Silo)
	drops := scopes(e, nil, &e.Before)
	for _, d := range drops {
		where := "NOT (" + d.where + ")"
		switch d.table {
		case schema.IDs: // without positions, they stand beside what has them
			where = "tenant != " + quote(e.Tenant.String())
		case schema.Sessions:
			where = fmt.Sprintf("(tenant != %s OR version >= %d)", quote(e.Tenant.String()), footfall.Version(e.Before.Epoch, e.Before.Offset))
		}
		later, err := c.number(ctx, "SELECT count() FROM "+d.table+" WHERE "+silo+" AND "+where, d.table)
		if later > 0 || err != nil {
			return err
		}
	}
	for _, d := range drops {
		if d.table == schema.Rejected {
			continue // its rows stay, empty: see eraseWhere
		}
		if err := c.dropPartitions(ctx, d.table, e.Silo, ""); err != nil {
			return err
		}
	}
	return nil
}

// carriedOut reports whether an erasure was noted before.
func carriedOut(ctx context.Context, c *client, e *footfall.Erasure) (bool, error) {
	n, err := c.number(ctx, fmt.Sprintf("SELECT count() FROM %s WHERE tenant = %s AND name = %s AND _epoch = %d AND _p = %d AND _o = %d AND _i = %d",
		schema.Erasures, quote(e.Tenant.String()), quote(e.Name), e.Before.Epoch, e.Before.Partition, e.Before.Offset, e.Before.Index), schema.Erasures)
	return n > 0, err
}

// dropPartitions drops a silo's partitions of a table: those of the months up to
// one that is written like 202401, all of them if it is not given. A silo is a
// tenant's id, which needs no quoting.
func (c *client) dropPartitions(ctx context.Context, table, silo, until string) error {
	where := "partition = " + quote(silo)
	if table == schema.Events || table == schema.Sessions {
		where = "startsWith(partition, " + quote("('"+silo+"',") + ")"
		if until != "" {
			where += " AND toUInt32OrZero(extract(partition, '([0-9]+)\\\\)$')) <= " + until
		}
	}
	result, err := c.query(ctx, "SELECT DISTINCT partition_id FROM system.parts WHERE active AND database = currentDatabase() AND table = "+
		quote(table)+" AND "+where+" FORMAT TabSeparatedRaw", nil)
	if err != nil {
		return fmt.Errorf("find the partitions of %s: %w", table, err)
	}
	var drops []string
	for id := range strings.FieldsSeq(string(result)) {
		drops = append(drops, "DROP PARTITION ID "+quote(id))
	}
	if len(drops) == 0 {
		return nil
	}
	if err := c.exec(ctx, "ALTER TABLE "+table+" "+strings.Join(drops, ", "), updateSettings); err != nil {
		return fmt.Errorf("drop partitions of %s: %w", table, err)
	}
	return nil
}
