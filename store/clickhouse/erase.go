package clickhouse

import (
	"context"
	"fmt"
	"slices"

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
func (s *Store) erase(ctx context.Context, c *client, e *footfall.Erasure) error {
	if len(e.IDs) == 0 {
		if err := s.eraseOnce(ctx, c, e); err != nil {
			return err
		}
		if err := s.eraseWhere(ctx, c, e, nil); err != nil {
			return err
		}
	}
	for ids := range slices.Chunk(e.IDs, eraseIDs) {
		if err := s.eraseWhere(ctx, c, e, ids); err != nil {
			return err
		}
	}
	return upsert(ctx, c, &erasureRows, []footfall.Erasure{*e})
}

// scope is a table and the condition for the rows of it that an erasure
// concerns.
type scope struct{ table, where string }

// scopes returns what is concerned of each table by an erasure of some ids, of
// the whole tenant if there are none: the rows that stand before a position,
// or all of them.
func scopes(e *footfall.Erasure, ids []footfall.ID, before *footfall.Position) []scope {
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
	// An event with a user is that user's alone.
	rows := owner
	if ids != nil {
		rows += " AND (user IN (" + quoteIDs(ids) + ") OR user = 0 AND visitor IN (" + quoteIDs(ids) + "))"
	}
	var event, row, trait, session, minute string
	if p := before; p != nil {
		place := func(later string) string {
			return fmt.Sprintf(" AND (_epoch < %d OR _epoch = %d AND _p = %d AND %s)", p.Epoch, p.Epoch, p.Partition, later)
		}
		row = place(fmt.Sprintf("(_o < %d OR _o = %d AND _i < %d)", p.Offset, p.Offset, p.Index))
		// The same in the column that the events table has for it.
		event = place(fmt.Sprintf("(_first > %d OR _first = %d AND _i < %d)", ^uint64(p.Offset), ^uint64(p.Offset), p.Index))
		trait = place(fmt.Sprintf("(best._o < %d OR best._o = %d AND best._i < %d)", p.Offset, p.Offset, p.Index))
		session = fmt.Sprintf(" AND version < %d", footfall.Version(p.Epoch, p.Offset))
		if ids == nil {
			// A version does not tell the partition, so one with events left stays.
			// Those of a visitor are of one partition, and go even where another
			// user shared it: the processor drops what it has not written yet of
			// them, and cannot know whose the events were.
			session += fmt.Sprintf(" AND (visitor, session) NOT IN (SELECT visitor, session FROM %s WHERE %s)", schema.Events, owner)
		}
		minute = place(fmt.Sprintf("bitShiftRight(version, 16) <= %d", p.Offset))
	}
	if before == nil && ids != nil {
		// Nor is one concerned in which another took part: it is the other's.
		session = fmt.Sprintf(" AND (visitor, session) NOT IN (SELECT visitor, session FROM %s WHERE %s AND NOT (%s))", schema.Events, of("visitor"), rows)
	}
	all := []scope{
		{schema.Events, rows + event},
		{schema.Sessions, of("visitor") + session},
		{schema.Identities, of("visitor", "user") + row},
		{schema.IDs, of("id")},
		{schema.Traits, of("id") + trait},
		{schema.Rejected, of(payloadID('v', "anonymousId"), payloadID('v', "previousId"), payloadID('u', "userId")) + row},
	}
	if ids != nil { // those of a tenant have no position: see eraseOnce
		all = append(all, scope{schema.Members, of("person")})
	}
	if ids == nil { // counts name nobody: they go with the tenant only
		all = append(all, scope{schema.Ledger, owner + minute})
	}
	return all
}

// eraseWhere deletes the rows of some ids, of the whole tenant if there are
// none, that stand before the erasure.
func (s *Store) eraseWhere(ctx context.Context, c *client, e *footfall.Erasure, ids []footfall.ID) error {
	for _, d := range scopes(e, ids, &e.Before) {
		statement, settings := "DELETE FROM "+d.table+" WHERE "+d.where, deleteSettings
		if d.table == schema.Rejected {
			// That an event is in quarantine stays known, or the ledger of a replay
			// would count it as stored; what it said goes.
			statement = "ALTER TABLE " + d.table + " UPDATE payload = '', reason = 'erased' WHERE payload != '' AND " + d.where
			settings = updateSettings
		}
		at := c
		if d.table == schema.Members {
			at = s.common()
		}
		if err := at.exec(ctx, statement, settings); err != nil {
			return fmt.Errorf("erase from %s: %w", d.table, err)
		}
	}
	return nil
}

// payloadID computes an id from a text in a quarantined event, whose row has
// no columns for ids.
func payloadID(kind byte, field string) string {
	return schema.IDExpr("tenant", kind, "JSONExtractString(payload, '"+field+"')")
}
