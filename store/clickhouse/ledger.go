package clickhouse

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

// LedgerTotal is what the ledger says became of a tenant's events in one
// partition: of those in the records before To, and of none after it.
type LedgerTotal struct {
	Tenant                         tenant.ID
	Partition                      uint16
	Stored, Duplicate, Quarantined uint64
	To                             int64
}

// LedgerTotals sums the ledger up, over all epochs. To is that of the given one.
func (s *Store) LedgerTotals(ctx context.Context, epoch uint16) ([]LedgerTotal, error) {
	// All rows that follow from the log up to some record are written at once,
	// so that the latest version of a partition's rows tells how far they go.
	result, err := s.gather(ctx, "SELECT tenant, _p, sum(stored), sum(duplicate), sum(quarantined), "+
		"max(max(if(_epoch = "+strconv.Itoa(int(epoch))+", bitShiftRight(version, 16), 0))) OVER (PARTITION BY _p) "+
		"FROM "+schema.Ledger+" FINAL GROUP BY tenant, _p FORMAT RowBinary", schema.Ledger)
	if err != nil {
		return nil, fmt.Errorf("sum the ledger up: %w", err)
	}
	var all []LedgerTotal
	r := rowBinary{rest: result}
	for r.more() {
		all = append(all, LedgerTotal{Tenant: r.tenant(), Partition: r.u16(), Stored: r.u64(), Duplicate: r.u64(), Quarantined: r.u64(), To: int64(r.u64())})
	}
	if r.bad {
		return nil, fmt.Errorf("sum the ledger up: %w", errTorn)
	}
	return all, nil
}

// Counted reports whether the ledger has a row, of its version or a later one.
func (s *Store) Counted(ctx context.Context, row *footfall.LedgerRow) (bool, error) {
	n, err := s.shard(row.Partition).number(ctx, fmt.Sprintf("SELECT count() FROM %s WHERE tenant = %s AND minute = toDateTime(%d, 'UTC') AND _epoch = %d AND _p = %d AND version >= %d",
		schema.Ledger, quote(row.Tenant.String()), int64(row.Minute)/1000, row.Epoch, row.Partition, row.Version), schema.Ledger)
	if err != nil {
		return false, fmt.Errorf("look for a row of the ledger: %w", err)
	}
	return n > 0, nil
}

// SnapshotPlace is the newest whole snapshot of a partition.
type SnapshotPlace struct {
	Partition uint16
	Offset    int64
	Saved     time.Time // zero if this server does not say
}

// NewestSnapshots returns the newest whole snapshot of each partition that has
// one, of whatever version of the fold.
func (s *Store) NewestSnapshots(ctx context.Context, epoch uint16) ([]SnapshotPlace, error) {
	result, err := s.gather(ctx, "SELECT p, o, toUnixTimestamp(max(modification_time)) FROM (SELECT _p AS p, max(_o) AS o, argMax(fold, _o) AS f FROM "+
		"(SELECT _p, fold, _o FROM "+schema.Snapshots+" WHERE _epoch = "+strconv.Itoa(int(epoch))+" GROUP BY _p, fold, _o, writer HAVING "+whole+") GROUP BY _p) AS newest "+
		"LEFT JOIN (SELECT partition, modification_time FROM system.parts WHERE database = currentDatabase() AND table = "+quote(schema.Snapshots)+" AND active) AS parts "+
		"ON parts.partition = concat('("+strconv.Itoa(int(epoch))+",', toString(p), ',', toString(f), ',', toString(o), ')') GROUP BY p, o FORMAT RowBinary", schema.Snapshots)
	if err != nil {
		return nil, fmt.Errorf("list the newest snapshots: %w", err)
	}
	var all []SnapshotPlace
	r := rowBinary{rest: result}
	for r.more() {
		at := SnapshotPlace{Partition: r.u16(), Offset: int64(r.u64())}
		if saved := r.u32(); saved > 0 {
			at.Saved = time.Unix(int64(saved), 0)
		}
		all = append(all, at)
	}
	if r.bad {
		return nil, fmt.Errorf("list the newest snapshots: %w", errTorn)
	}
	return all, nil
}
