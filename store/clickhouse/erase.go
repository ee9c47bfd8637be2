package clickhouse

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
)

// deleteSettings make a DELETE end when the rows are gone from all parts.
var deleteSettings = map[string]string{
	"lightweight_deletes_sync": "2",
	"lightweight_delete_mode":  "alter_update",
	// The sub-query for sessions gives the same on every replica: it asks for
	// what no later insert changes.
	"allow_nondeterministic_mutations": "1",
}

// updateSettings make an UPDATE end when all parts are written anew.
var updateSettings = map[string]string{"mutations_sync": "2"}

// eraseIDs bounds the ids of one statement.
const eraseIDs = 1000

// erase deletes what an erasure names and then notes it. In the other order a
// crash between the two would leave a note of something that never happened.
func (s *Store) erase(ctx context.Context, e *footfall.Erasure) error {
	if len(e.IDs) == 0 {
		if err := s.eraseWhere(ctx, e, nil); err != nil {
			return err
		}
	}
	for ids := range slices.Chunk(e.IDs, eraseIDs) {
		if err := s.eraseWhere(ctx, e, ids); err != nil {
			return err
		}
	}
	return upsert(ctx, s, &erasureRows, []footfall.Erasure{*e})
}

// eraseWhere deletes the rows of some ids, of the whole tenant if there are
// none, that stand before the erasure.
func (s *Store) eraseWhere(ctx context.Context, e *footfall.Erasure, ids []footfall.ID) error {
	owner := "tenant = " + quote(e.Tenant.String())
	// of returns the condition that one of some columns names one of the ids.
	of := func(columns ...string) string {
		if ids == nil {
			return owner
		}
		condition := ""
		for i, column := range columns {
			if i > 0 {
				condition += " OR "
			}
			condition += column + " IN (" + quoteIDs(ids) + ")"
		}
		return owner + " AND (" + condition + ")"
	}
	p := e.Before
	before := fmt.Sprintf(" AND (_epoch < %d OR _epoch = %d AND _p = %d AND (_o < %d OR _o = %d AND _i < %d))",
		p.Epoch, p.Epoch, p.Partition, p.Offset, p.Offset, p.Index)
	// The same in the column that the events table has for it.
	beforeEvent := fmt.Sprintf(" AND (_epoch < %d OR _epoch = %d AND _p = %d AND (_first > %d OR _first = %d AND _i < %d))",
		p.Epoch, p.Epoch, p.Partition, ^uint64(p.Offset), ^uint64(p.Offset), p.Index)
	beforeTrait := strings.NewReplacer("_o ", "best._o ", "_i ", "best._i ").Replace(before)
	sessions := fmt.Sprintf(" AND version < %d AND (visitor, session) NOT IN (SELECT visitor, session FROM %s WHERE %s)",
		footfall.Version(p.Epoch, p.Offset), schema.Events, of("visitor"))
	for _, d := range []struct{ table, where string }{
		{schema.Events, of("visitor", "user") + beforeEvent},
		{schema.Sessions, of("visitor") + sessions},
		{schema.Identities, of("visitor", "user") + before},
		{schema.IDs, of("id")},
		{schema.Traits, of("id") + beforeTrait},
	} {
		if err := s.client.exec(ctx, "DELETE FROM "+d.table+" WHERE "+d.where, deleteSettings); err != nil {
			return fmt.Errorf("delete from %s: %w", d.table, err)
		}
	}
	// That an event is in quarantine stays known, or the ledger of a replay
	// would count it as stored; what it said goes.
	where := of(payloadID('v', "anonymousId"), payloadID('v', "previousId"), payloadID('u', "userId")) + before
	err := s.client.exec(ctx, "ALTER TABLE "+schema.Rejected+" UPDATE payload = '', reason = 'erased' WHERE "+where, updateSettings)
	if err != nil {
		return fmt.Errorf("erase what %s says: %w", schema.Rejected, err)
	}
	return nil
}

// payloadID computes an id from a text in a quarantined event, whose row has
// no columns for ids.
func payloadID(kind byte, field string) string {
	return schema.IDExpr("tenant", kind, "JSONExtractString(payload, '"+field+"')")
}
