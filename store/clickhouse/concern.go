package clickhouse

import (
	"context"
	"fmt"
	"slices"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

// ownKinds are the definitions that outlive their tenant: what says that it was
// dropped, and how far it was expired.
const ownKinds = "kind NOT IN ('" + schema.KindErasure + "', '" + schema.KindExpiry + "')"

// saved is what a tenant has saved, which has no place in the log.
func saved(id tenant.ID) []scope {
	owner := "tenant = " + quote(id.String())
	return []scope{{schema.Definitions, owner + " AND " + ownKinds}, {schema.Members, owner}}
}

// Count returns how many rows of each table an erasure of some ids, or of a
// whole tenant, concerns, wherever they stand: copies and old versions that no
// merge has collapsed yet are rows, too. Rows in quarantine count as long as
// they say something.
func (s *Store) Count(ctx context.Context, e *footfall.Erasure) (map[string]uint64, error) {
	counts := map[string]uint64{}
	count := func(ids []footfall.ID) error {
		all := scopes(e, ids, nil)
		if ids == nil {
			all = append(all, saved(e.Tenant)...)
		}
		for _, d := range all {
			if d.table == schema.Rejected {
				d.where += " AND payload != ''"
			}
			for _, c := range s.shards {
				n, err := c.number(ctx, "SELECT count() FROM "+d.table+" WHERE "+d.where, d.table)
				if err != nil {
					return fmt.Errorf("count the rows of %s: %w", d.table, err)
				}
				counts[d.table] += n
			}
		}
		return nil
	}
	if len(e.IDs) == 0 {
		return counts, count(nil)
	}
	for ids := range slices.Chunk(e.IDs, eraseIDs) {
		if err := count(ids); err != nil {
			return nil, err
		}
	}
	return counts, nil
}

// Partitions returns the partitions of the log whose rows name one of some ids
// of a tenant.
func (s *Store) Partitions(ctx context.Context, id tenant.ID, ids []footfall.ID) ([]uint16, error) {
	var found []uint16
	for some := range slices.Chunk(ids, eraseIDs) {
		for _, d := range scopes(&footfall.Erasure{Tenant: id}, some, nil) {
			if d.table == schema.Sessions || d.table == schema.IDs || d.table == schema.Members {
				continue // their rows do not tell; those beside them do
			}
			result, err := s.gather(ctx, "SELECT DISTINCT _p FROM "+d.table+" WHERE "+d.where+" FORMAT RowBinary", d.table)
			if err != nil {
				return nil, fmt.Errorf("find the partitions of %s: %w", d.table, err)
			}
			r := rowBinary{rest: result}
			for r.more() {
				found = append(found, r.u16())
			}
			if r.bad {
				return nil, errTorn
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

// Edges returns the identity edges of a tenant that begin or end at one of some
// ids.
func (s *Store) Edges(ctx context.Context, id tenant.ID, ids []footfall.ID) ([]footfall.Link, error) {
	var edges []footfall.Link
	for some := range slices.Chunk(ids, eraseIDs) {
		list := quoteIDs(some)
		result, err := s.gather(ctx, "SELECT toUInt8(kind), visitor, user, time, _epoch, _p, _o, _i FROM "+schema.Identities+" FINAL WHERE tenant = "+
			quote(id.String())+" AND (visitor IN ("+list+") OR user IN ("+list+")) FORMAT RowBinary", schema.Identities)
		if err != nil {
			return nil, fmt.Errorf("read identity edges: %w", err)
		}
		r := rowBinary{rest: result}
		for r.more() {
			edges = append(edges, footfall.Link{
				Tenant: id, Kind: footfall.LinkKind(r.take(1)[0]), From: r.id(), User: r.id(), Time: r.time(),
				Position: footfall.Position{Epoch: r.u16(), Partition: r.u16(), Offset: int64(r.u64()), Index: r.u32()},
			})
		}
		if r.bad {
			return nil, errTorn
		}
	}
	return edges, nil
}

// CarriedOut returns the places of the erasures of a name that are done.
func (s *Store) CarriedOut(ctx context.Context, id tenant.ID, name string) ([]footfall.Position, error) {
	result, err := s.gather(ctx, "SELECT DISTINCT _epoch, _p, _o, _i FROM "+schema.Erasures+" WHERE tenant = "+quote(id.String())+" AND name = "+quote(name)+" FORMAT RowBinary", schema.Erasures)
	if err != nil {
		return nil, fmt.Errorf("read the erasures carried out: %w", err)
	}
	var done []footfall.Position
	r := rowBinary{rest: result}
	for r.more() {
		done = append(done, footfall.Position{Epoch: r.u16(), Partition: r.u16(), Offset: int64(r.u64()), Index: r.u32()})
	}
	if r.bad {
		return nil, errTorn
	}
	return done, nil
}
