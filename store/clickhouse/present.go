package clickhouse

import (
	"cmp"
	"context"
	"fmt"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
)

// Present implements [footfall.Store]. It reads the parts as they are, without
// FINAL, by the index on the offset.
func (s *Store) Present(ctx context.Context, epoch, partition uint16, from, to int64) ([]footfall.Coordinate, error) {
	if from = max(from, 0); from >= to {
		return nil, nil
	}
	// The table keeps the offset's complement, which descends.
	sql := fmt.Sprintf("SELECT _o, _i FROM "+schema.Events+" WHERE _epoch = %d AND _p = %d AND _first BETWEEN %d AND %d FORMAT RowBinary",
		epoch, partition, ^uint64(to-1), ^uint64(from))
	result, err := s.shard(partition).read(ctx, sql, schema.Events)
	if err != nil {
		return nil, fmt.Errorf("read back coordinates: %w", err)
	}
	const size = 12
	if len(result)%size != 0 {
		return nil, fmt.Errorf("read back coordinates: %w", errTorn)
	}
	present := make([]footfall.Coordinate, 0, len(result)/size)
	for r := (rowBinary{rest: result}); r.more(); {
		present = append(present, footfall.Coordinate{Offset: int64(r.u64()), Index: r.u32()})
	}
	return s.twins.append(present, epoch, partition, from, to), nil
}

// Survey returns events of some records, the newest first, at most so many:
// the tenant, message id and position of each. Like Present it reads the parts as
// they are, by the index on the offset.
func (s *Store) Survey(ctx context.Context, epoch, partition uint16, from, to int64, most int) ([]footfall.Event, error) {
	if from = max(from, 0); from >= to {
		return nil, nil
	}
	sql := fmt.Sprintf("SELECT tenant, id, _o, _i FROM "+schema.Events+" WHERE _epoch = %d AND _p = %d AND _first BETWEEN %d AND %d "+
		"ORDER BY _first, _i DESC LIMIT %d FORMAT RowBinary", epoch, partition, ^uint64(to-1), ^uint64(from), most)
	result, err := s.shard(partition).read(ctx, sql, schema.Events)
	if err != nil {
		return nil, fmt.Errorf("read events of the log: %w", err)
	}
	var held []footfall.Event
	r := rowBinary{rest: result}
	for r.more() {
		ev := footfall.Event{Tenant: r.tenant(), MessageID: r.text()}
		ev.Position = footfall.Position{Epoch: epoch, Partition: partition, Offset: int64(r.u64()), Index: r.u32()}
		held = append(held, ev)
	}
	if r.bad {
		return nil, fmt.Errorf("read events of the log: %w", errTorn)
	}
	return held, nil
}

// Disposed implements [footfall.Store].
func (s *Store) Disposed(ctx context.Context, epoch, partition uint16, from int64) (footfall.Disposed, error) {
	d, err := s.disposed(ctx, epoch, partition, max(from, 0))
	if err != nil {
		return footfall.Disposed{}, fmt.Errorf("read what was disposed of: %w", err)
	}
	return d, nil
}

func (s *Store) disposed(ctx context.Context, epoch, partition uint16, from int64) (d footfall.Disposed, err error) {
	where := fmt.Sprintf(" WHERE _epoch = %d AND _p = %d AND _o >= %d", epoch, partition, from)
	c := s.shard(partition)
	result, err := c.read(ctx, "SELECT DISTINCT _o, _i FROM rejected"+where+" FORMAT RowBinary", schema.Rejected)
	if err != nil {
		return d, err
	}
	r := rowBinary{rest: result}
	for r.more() {
		d.Rejected = append(d.Rejected, footfall.Coordinate{Offset: int64(r.u64()), Index: r.u32()})
	}
	if r.bad {
		return d, errTorn
	}
	result, err = c.read(ctx, "SELECT tenant, silo, name, ids, time, _epoch, _p, _o, _i FROM erasures FINAL"+where+" FORMAT RowBinary", schema.Erasures)
	if err != nil {
		return d, err
	}
	r = rowBinary{rest: result}
	for r.more() {
		d.Erasures = append(d.Erasures, r.erasure())
	}
	if r.bad {
		return d, errTorn
	}
	d.Expired, err = s.expiries(ctx)
	return d, err
}

func (r *rowBinary) erasure() footfall.Erasure {
	e := footfall.Erasure{Tenant: r.tenant(), Silo: r.text(), Name: r.text()}
	for range r.length() {
		if r.bad {
			break
		}
		e.IDs = append(e.IDs, r.id())
	}
	e.Time = r.time()
	e.Before = footfall.Position{Epoch: r.u16(), Partition: r.u16(), Offset: int64(r.u64()), Index: r.u32()}
	return e
}

func compareCoordinates(a, b footfall.Coordinate) int {
	return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Index, b.Index))
}
