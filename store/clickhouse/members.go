package clickhouse

import (
	"context"
	"fmt"
	"strconv"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

var memberRows = rowsOf[footfall.Member]{
	table: schema.Members,
	columns: []column{
		low("tenant"), low("silo"), low("segment"), plain("version", "UInt64"), plain("person", "UInt128"),
	},
	partition: func(r *footfall.Member) partition { return partition{silo: r.Silo} },
	add: func(c []column, r *footfall.Member) error {
		c[0].low(r.Tenant.String())
		c[1].low(r.Silo)
		c[2].low(r.Segment)
		c[3].u64(r.Version)
		c[4].id(r.Person)
		return nil
	},
}

// Freeze writes members of segments. It may be repeated.
func (s *Store) Freeze(ctx context.Context, m ...footfall.Member) error {
	return upsert(ctx, s.common(), &memberRows, m)
}

// Thaw deletes the members of a segment that are of versions before one.
func (s *Store) Thaw(ctx context.Context, id tenant.ID, segment string, before uint64) error {
	where := "tenant = " + quote(id.String()) + " AND segment = " + quote(segment) + " AND version < " + strconv.FormatUint(before, 10)
	c := s.common()
	n, err := c.number(ctx, "SELECT count() FROM "+schema.Members+" WHERE "+where, schema.Members)
	if err == nil && n > 0 { // even with none a mutation would look at every part
		err = c.exec(ctx, "DELETE FROM "+schema.Members+" WHERE "+where, deleteSettings)
	}
	if err != nil {
		return fmt.Errorf("delete the members of a segment: %w", err)
	}
	return nil
}
