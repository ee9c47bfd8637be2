package clickhouse

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
)

// Expire deletes what a tenant keeps no longer, and returns how many rows of
// each table that were: events, sessions that ended before, and rows in
// quarantine; and of persons who have no event left, their traits, texts and
// links. Aliases stay, since chains of them lead others on, and so does the
// ledger. It is noted first, so that nobody takes the rows for lost.
func (s *Store) Expire(ctx context.Context, x *footfall.Expiry) (map[string]uint64, error) {
	gone, err := s.expire(ctx, x)
	if err != nil {
		return nil, fmt.Errorf("expire %s: %w", x.Tenant, err)
	}
	return gone, nil
}

func (s *Store) expire(ctx context.Context, x *footfall.Expiry) (map[string]uint64, error) {
	owner := "tenant = " + quote(x.Tenant.String())
	old := fmt.Sprintf("time < %s AND %s < %s", at(x.Before), receivedExpr, at(x.Received))
	events := scope{schema.Events, owner + " AND " + old}
	sessions := scope{schema.Sessions, owner + " AND last < " + at(x.Before)}
	rejected := scope{schema.Rejected, owner + " AND time < " + at(min(x.Before, x.Received))}
	gone := map[string]uint64{}
	count := func(c *client, d scope) (uint64, error) {
		n, err := c.number(ctx, "SELECT count() FROM "+d.table+" WHERE "+d.where, d.table)
		gone[d.table] += n
		return n, err
	}
	found := make([]map[string]uint64, len(s.shards))
	for i, c := range s.shards {
		found[i] = map[string]uint64{}
		for _, d := range []scope{events, sessions, rejected} {
			n, err := count(c, d)
			if err != nil {
				return nil, err
			}
			found[i][d.table] = n
		}
	}
	if gone[schema.Events]+gone[schema.Sessions]+gone[schema.Rejected] == 0 {
		return gone, nil
	}
	if err := s.noteExpiry(ctx, x); err != nil {
		return nil, err
	}
	// First those on all shards who have no event left, and before the events
	// go: who is left is told by those that stay, wherever they are.
	if gone[schema.Events] > 0 {
		for _, c := range s.shards {
			for _, d := range orphans(s.everywhere(schema.Events), owner, old) {
				n, err := count(c, d)
				if err == nil && n > 0 { // even with none a mutation would look at every part
					err = c.remove(ctx, d)
				}
				if err != nil {
					return nil, err
				}
			}
		}
	}
	for i, c := range s.shards {
		for _, d := range []scope{events, sessions, rejected} {
			if found[i][d.table] == 0 {
				continue
			}
			if err := c.dropMonths(ctx, d.table, x); err != nil {
				return nil, err
			}
			if err := c.remove(ctx, d); err != nil {
				return nil, err
			}
		}
	}
	return gone, nil
}

// remove deletes rows.
func (c *client) remove(ctx context.Context, d scope) error {
	if err := c.exec(ctx, "DELETE FROM "+d.table+" WHERE "+d.where, deleteSettings); err != nil {
		return fmt.Errorf("delete from %s: %w", d.table, err)
	}
	return nil
}

// receivedExpr is the column of that name, which mutations do not know.
const receivedExpr = "time + toIntervalMillisecond(_received)"

func at(m footfall.Millis) string {
	return "fromUnixTimestamp64Milli(toInt64(" + strconv.FormatInt(int64(m), 10) + "), 'UTC')"
}

// orphans are the rows about persons of whom only old events are left. What is
// said of a group is not among them: it has no text.
func orphans(events, owner, old string) []scope {
	left := "(SELECT visitor FROM " + events + " WHERE " + owner + " AND NOT (" + old + ")" +
		" UNION DISTINCT SELECT user FROM " + events + " WHERE " + owner + " AND NOT (" + old + "))"
	without := owner + " AND id NOT IN " + left
	return []scope{
		{schema.Traits, owner + " AND id IN (SELECT id FROM " + schema.IDs + " WHERE " + without + ")"},
		{schema.Identities, owner + " AND kind != 'alias' AND visitor NOT IN " + left},
		{schema.Members, owner + " AND person NOT IN " + left},
		{schema.IDs, without},
	}
}

// dropMonths drops the months of a tenant with partitions of its own that are
// over as a whole.
func (c *client) dropMonths(ctx context.Context, table string, x *footfall.Expiry) error {
	first, kept := "toYYYYMM(time)", receivedExpr+" >= "+at(x.Received)
	switch {
	case x.Silo == "" || table != schema.Events && table != schema.Sessions:
		return nil
	case table == schema.Sessions:
		first, kept = "toYYYYMM(opened_date)", "last >= "+at(x.Before)
	}
	year, month, _ := x.Before.Time().Date()
	if month--; month == 0 {
		year, month = year-1, 12
	}
	until := strconv.Itoa(year*100 + int(month))
	n, err := c.number(ctx, "SELECT count() FROM "+table+" WHERE silo = "+quote(x.Silo)+" AND "+first+" <= "+until+
		" AND (tenant != "+quote(x.Tenant.String())+" OR "+kept+")", table)
	if n > 0 || err != nil {
		return err
	}
	return c.dropPartitions(ctx, table, x.Silo, until)
}

// noteExpiry remembers an expiry, and forgets those that it covers.
func (s *Store) noteExpiry(ctx context.Context, x *footfall.Expiry) error {
	noted, err := s.expiries(ctx)
	if err != nil {
		return err
	}
	body, err := json.Marshal(x)
	if err != nil {
		return err
	}
	note := func(x *footfall.Expiry, body string, deleted bool) footfall.Definition {
		return footfall.Definition{
			Tenant: x.Tenant, Kind: schema.KindExpiry, ID: strconv.FormatInt(int64(x.Before), 10), Body: body, Deleted: deleted, Version: uint64(x.Received),
		}
	}
	notes := []footfall.Definition{note(x, string(body), false)}
	for i := range noted {
		if o := &noted[i]; o.Tenant == x.Tenant && o.Before < x.Before && o.Received <= x.Received {
			notes = append(notes, note(&footfall.Expiry{Tenant: o.Tenant, Before: o.Before, Received: x.Received}, "", true))
		}
	}
	return s.Define(ctx, notes...)
}

func (s *Store) expiries(ctx context.Context) ([]footfall.Expiry, error) {
	notes, err := s.Defined(ctx, schema.KindExpiry)
	if err != nil {
		return nil, err
	}
	all := make([]footfall.Expiry, len(notes))
	for i := range notes {
		if err := json.Unmarshal([]byte(notes[i].Body), &all[i]); err != nil {
			return nil, fmt.Errorf("read an expiry: %w", err)
		}
		all[i].Tenant = notes[i].Tenant
	}
	return all, nil
}

// Purge writes anew the parts that hold rows which were deleted and only hidden
// so far, and returns the tables it found any in. What it replaces stays on the
// disk for some minutes, as after any merge.
func (s *Store) Purge(ctx context.Context) ([]string, error) {
	var tables []string
	for _, c := range s.shards {
		purged, err := c.purge(ctx)
		tables = append(tables, purged...)
		if err != nil {
			return tables, err
		}
	}
	slices.Sort(tables)
	return slices.Compact(tables), nil
}

func (c *client) purge(ctx context.Context) ([]string, error) {
	result, err := c.query(ctx, "SELECT DISTINCT table FROM system.parts WHERE active AND database = currentDatabase() AND has_lightweight_delete ORDER BY table FORMAT RowBinary", nil)
	if err != nil {
		return nil, fmt.Errorf("find deleted rows: %w", err)
	}
	var tables []string
	r := rowBinary{rest: result}
	for r.more() {
		table := r.text()
		if err := c.exec(ctx, "ALTER TABLE `"+table+"` APPLY DELETED MASK", updateSettings); err != nil {
			return tables, fmt.Errorf("remove deleted rows of %s: %w", table, err)
		}
		tables = append(tables, table)
	}
	return tables, nil
}
