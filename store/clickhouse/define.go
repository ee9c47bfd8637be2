package clickhouse

import (
	"context"
	"fmt"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

var definitionRows = rowsOf[footfall.Definition]{
	table: schema.Definitions,
	columns: []column{
		low("tenant"), low("kind"), plain("id", "String"), plain("body", "String"), plain("deleted", "UInt8"), plain("version", "UInt64"),
	},
	partition: func(*footfall.Definition) partition { return partition{} },
	add: func(c []column, r *footfall.Definition) error {
		c[0].low(r.Tenant.String())
		c[1].low(r.Kind)
		c[2].text(r.ID)
		c[3].text(r.Body)
		c[4].flag(r.Deleted)
		c[5].u64(r.Version)
		return nil
	},
}

// Define writes definitions, which replace older versions of theirs.
func (s *Store) Define(ctx context.Context, d ...footfall.Definition) error {
	return upsert(ctx, s.common(), &definitionRows, d)
}

// DefinedBy is [Store.Defined] for one tenant.
func (s *Store) DefinedBy(ctx context.Context, id tenant.ID, kind string) ([]footfall.Definition, error) {
	return s.defined(ctx, kind, " AND tenant = "+quote(id.String()))
}

// Defined returns the newest versions of the definitions of a kind, of all
// tenants, without those deleted.
func (s *Store) Defined(ctx context.Context, kind string) ([]footfall.Definition, error) {
	return s.defined(ctx, kind, "")
}

func (s *Store) defined(ctx context.Context, kind, where string) ([]footfall.Definition, error) {
	result, err := s.common().read(ctx, "SELECT tenant, id, body, version FROM "+schema.Definitions+" FINAL WHERE kind = "+quote(kind)+where+
		" AND deleted = 0 ORDER BY tenant, id FORMAT RowBinary", schema.Definitions)
	if err != nil {
		return nil, fmt.Errorf("read the definitions of kind %s: %w", kind, err)
	}
	var all []footfall.Definition
	r := rowBinary{rest: result}
	for r.more() {
		all = append(all, footfall.Definition{Tenant: r.tenant(), Kind: kind, ID: r.text(), Body: r.text(), Version: r.u64()})
	}
	if r.bad {
		return nil, fmt.Errorf("read the definitions of kind %s: %w", kind, errTorn)
	}
	return all, nil
}
