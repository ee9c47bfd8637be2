package clickhouse

import (
	"context"
	"fmt"
	"strings"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

// Quarantine chooses rows of one tenant's quarantine. Zero fields choose all.
type Quarantine struct {
	Tenant tenant.ID
	// Waiting leaves out what was replayed or erased.
	Waiting bool
	// Reason is a text that the reason holds.
	Reason string
	// MessageID is that of the event.
	MessageID string
	// At are the places of the rows.
	At []footfall.Position
	// Before are the offsets, by partition of one epoch, that rows stand
	// before; rows of earlier epochs always do, those of partitions that are
	// not here never.
	Before map[uint16]int64
	Epoch  uint16
	// After is the place of the last row that was read before. Rows come in
	// order of their places.
	After *footfall.Position
	// Limit is how many rows are read. Defaults to 100.
	Limit int
}

func (q *Quarantine) where() string {
	b := "tenant = " + quote(q.Tenant.String())
	if q.Waiting {
		b += " AND payload != ''"
	}
	if q.Reason != "" {
		b += " AND position(reason, " + quote(q.Reason) + ") > 0"
	}
	if q.MessageID != "" {
		b += " AND JSONExtractString(payload, 'messageId') = " + quote(q.MessageID)
	}
	if q.At != nil {
		places := make([]string, len(q.At))
		for i, p := range q.At {
			places[i] = place(p)
		}
		b += " AND (_epoch, _p, _o, _i) IN (" + strings.Join(append(places, place(footfall.Position{Offset: -1})), ", ") + ")"
	}
	if q.Before != nil {
		b += fmt.Sprintf(" AND (_epoch < %d", q.Epoch)
		for p, offset := range q.Before {
			b += fmt.Sprintf(" OR _epoch = %d AND _p = %d AND _o < %d", q.Epoch, p, max(offset, 0))
		}
		b += ")"
	}
	return b
}

// place is a position as a tuple. A negative offset is no row's.
func place(p footfall.Position) string {
	return fmt.Sprintf("(%d, %d, %d, %d)", p.Epoch, p.Partition, uint64(p.Offset), p.Index)
}

// Quarantined reads rows of quarantine, newest version only.
func (s *Store) Quarantined(ctx context.Context, q Quarantine) ([]footfall.Rejected, error) {
	where := q.where()
	if q.After != nil {
		where += " AND (_epoch, _p, _o, _i) > " + place(*q.After)
	}
	if q.Limit <= 0 {
		q.Limit = 100
	}
	result, err := s.asked(ctx, fmt.Sprintf("SELECT silo, time, reason, payload, version, _epoch, _p, _o, _i FROM %s FINAL WHERE %s"+
		" ORDER BY _epoch, _p, _o, _i LIMIT %d FORMAT RowBinary", schema.Rejected, where, q.Limit))
	if err != nil {
		return nil, fmt.Errorf("read the quarantine: %w", err)
	}
	var rows []footfall.Rejected
	r := rowBinary{rest: result}
	for r.more() {
		row := footfall.Rejected{Tenant: q.Tenant, Silo: r.text(), Time: r.time(), Reason: r.text(), Payload: r.text(), Version: r.u64()}
		row.Position = footfall.Position{Epoch: r.u16(), Partition: r.u16(), Offset: int64(r.u64()), Index: r.u32()}
		rows = append(rows, row)
	}
	if r.bad {
		return nil, fmt.Errorf("read the quarantine: %w", errTorn)
	}
	return rows, nil
}

// CountQuarantined counts the rows that [Store.Quarantined] would read without
// a limit, and those of them that wait to be replayed.
func (s *Store) CountQuarantined(ctx context.Context, q Quarantine) (rows, waiting uint64, err error) {
	result, err := s.asked(ctx, "SELECT count(), countIf(payload != '') FROM "+schema.Rejected+" FINAL WHERE "+q.where()+" FORMAT RowBinary")
	if err != nil {
		return 0, 0, fmt.Errorf("count the quarantine: %w", err)
	}
	r := rowBinary{rest: result}
	if rows, waiting = r.u64(), r.u64(); r.bad {
		return 0, 0, fmt.Errorf("count the quarantine: %w", errTorn)
	}
	return rows, waiting, nil
}

// Traced is a stored event, as far as it tells where it has got to.
type Traced struct {
	Position footfall.Position
	Name     string
	Time     footfall.Millis
	Received footfall.Millis
	Session  uint64
}

// Trace finds the stored events of a tenant that bear a message id.
func (s *Store) Trace(ctx context.Context, id tenant.ID, messageID string) ([]Traced, error) {
	result, err := s.asked(ctx, "SELECT name, time, toInt64(toUnixTimestamp64Milli(time) + _received), session, _epoch, _p, _o, _i FROM "+schema.Events+
		" FINAL WHERE tenant = "+quote(id.String())+" AND id = "+quote(messageID)+" ORDER BY _epoch, _p, _o, _i LIMIT 100 FORMAT RowBinary")
	if err != nil {
		return nil, fmt.Errorf("trace a message: %w", err)
	}
	var found []Traced
	r := rowBinary{rest: result}
	for r.more() {
		t := Traced{Name: r.text(), Time: r.time(), Received: r.time(), Session: r.u64()}
		t.Position = footfall.Position{Epoch: r.u16(), Partition: r.u16(), Offset: int64(r.u64()), Index: r.u32()}
		found = append(found, t)
	}
	if r.bad {
		return nil, fmt.Errorf("trace a message: %w", errTorn)
	}
	return found, nil
}
