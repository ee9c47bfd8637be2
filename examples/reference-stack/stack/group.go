package stack

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/footfall-go/footfall/store/clickhouse"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/kafka"
)

// groupProgress is that of all processors of a topic, from wherever it is asked.
type groupProgress struct {
	*kafka.Watcher
	log     *kafka.Log
	waiting *kafka.Waiting
	store   *clickhouse.Store
	runner  *stream.Runner // of this process, which knows more of its own partitions; nil if none
}

func (g *groupProgress) watermark(ctx context.Context) time.Time { return g.Watermark(ctx) }
func (g *groupProgress) version(ctx context.Context) string      { return g.Version(ctx) }

// Status puts together what the log, the group and the store say. The plans are
// asked for first and the ledger after them, so that the ledger goes at least as
// far as what is said to be written; what it does not have yet is counted in the
// log, from where it ends.
func (g *groupProgress) Status(ctx context.Context) (stream.Status, error) {
	positions, err := g.log.Positions(ctx)
	if err != nil {
		return stream.Status{}, fmt.Errorf("look at the log: %w", err)
	}
	totals, err := g.store.LedgerTotals(ctx, positions[0].Epoch)
	if err != nil {
		return stream.Status{}, err
	}
	snapshots, err := g.store.NewestSnapshots(ctx, positions[0].Epoch)
	if err != nil {
		return stream.Status{}, err
	}
	own, err := g.own(ctx)
	if err != nil {
		return stream.Status{}, err
	}
	s := stream.Status{Ready: true, Ledger: map[string]stream.Ledger{}, Partitions: make([]stream.PartitionStatus, len(positions))}
	counted := make([]int64, len(positions)) // of each partition, how far the ledger goes
	for _, t := range totals {
		l := s.Ledger[t.Tenant.String()]
		l.Stored, l.Duplicate, l.Quarantined = l.Stored+t.Stored, l.Duplicate+t.Duplicate, l.Quarantined+t.Quarantined
		s.Ledger[t.Tenant.String()] = l
		if int(t.Partition) < len(counted) {
			counted[t.Partition] = max(counted[t.Partition], t.To)
		}
	}
	now, unowned := time.Now(), 0
	for i := range positions {
		p := partitionStatus(&positions[i], now)
		if p.Owner == "" {
			unowned++
		}
		if err := g.wait(ctx, &s, &p, counted[i]); err != nil {
			return stream.Status{}, err
		}
		if mine, ok := own[p.Partition]; ok {
			p.Visitors, p.IDs, p.Taps = mine.Visitors, mine.IDs, mine.Taps
		} else {
			p.Taps = tapsElsewhere(&positions[i])
		}
		s.Partitions[i] = p
		s.Lag.Events += p.LagEvents
		s.Lag.Seconds = max(s.Lag.Seconds, p.LagS)
	}
	for _, at := range snapshots {
		if int(at.Partition) < len(s.Partitions) {
			p := &s.Partitions[at.Partition]
			if p.Snapshot = at.Offset; !at.Saved.IsZero() {
				p.SnapshotS = max(now.Sub(at.Saved).Seconds(), 0)
			}
		}
	}
	for tenant, l := range s.Ledger {
		l.Accepted = l.Stored + l.Duplicate + l.Quarantined + l.Pending
		s.Ledger[tenant] = l
	}
	if unowned > 0 {
		s.Ready, s.Reason = false, fmt.Sprintf("%d of %d partitions have no owner", unowned, len(positions))
	}
	return s, nil
}

// taps tells of the partitions of others what is committed: the places of durable
// taps.
func (g *groupProgress) taps(ctx context.Context) ([]PartitionTap, error) {
	positions, err := g.log.Positions(ctx)
	if err != nil {
		return nil, fmt.Errorf("look at the log: %w", err)
	}
	own, err := g.own(ctx)
	if err != nil {
		return nil, err
	}
	partitions := make([]stream.PartitionStatus, len(positions))
	for i := range positions {
		at := &positions[i]
		p := stream.PartitionStatus{Partition: at.Partition, End: at.End, Taps: tapsElsewhere(at)}
		if mine, ok := own[at.Partition]; ok {
			p = mine
		}
		partitions[i] = p
	}
	return tapsOf(partitions), nil
}

func tapsElsewhere(p *kafka.Position) (all []stream.TapStatus) {
	for _, name := range slices.Sorted(maps.Keys(p.Followers)) {
		all = append(all, stream.TapStatus{Name: name, Durable: true, Elsewhere: true, Cursor: p.Followers[name], LagEvents: stream.Unknown})
	}
	return all
}

// own returns what this process's own processor says of its partitions.
func (g *groupProgress) own(ctx context.Context) (map[uint16]stream.PartitionStatus, error) {
	if g.runner == nil {
		return nil, nil //nolint:nilnil // there is none, which is no error
	}
	status, err := g.runner.Status(ctx)
	if err != nil {
		return nil, err
	}
	own := map[uint16]stream.PartitionStatus{}
	for i := range status.Partitions {
		own[status.Partitions[i].Partition] = status.Partitions[i]
	}
	return own, nil
}

func partitionStatus(p *kafka.Position, now time.Time) stream.PartitionStatus {
	s := stream.PartitionStatus{
		Epoch: p.Epoch, Partition: p.Partition, From: p.Plan.From, To: p.Plan.To, Written: p.Plan.Written, End: p.End,
		LagS: p.Lag(now).Seconds(), SnapshotS: stream.Unknown, Visitors: stream.Unknown, IDs: stream.Unknown,
	}
	if p.Member != "" {
		s.Owner = p.Client + "@" + strings.TrimPrefix(p.Host, "/")
	}
	return s
}

// wait counts what waits in a partition: for the ledger from where that ends,
// for the lag from where the plan says that all is written.
func (g *groupProgress) wait(ctx context.Context, s *stream.Status, p *stream.PartitionStatus, counted int64) error {
	if p.Written >= p.End {
		return nil
	}
	lag, err := g.waiting.Since(ctx, p.Partition, p.Written, p.End)
	pending := lag
	if err == nil && counted > p.Written {
		pending, err = g.waiting.Since(ctx, p.Partition, counted, p.End)
	}
	if err != nil {
		return fmt.Errorf("count what waits in partition %d: %w", p.Partition, err)
	}
	p.Estimated = lag.Estimated || pending.Estimated
	s.Lag.Estimated = s.Lag.Estimated || p.Estimated
	for tenant, n := range pending.Events {
		l := s.Ledger[tenant]
		l.Pending += n
		s.Ledger[tenant] = l
	}
	for _, n := range lag.Events {
		p.LagEvents += int64(n)
	}
	p.LagEvents = max(p.LagEvents, 1) // a command, which holds no events, is to be seen as well
	if lag.Oldest > 0 {
		p.LagS = max(time.Since(lag.Oldest.Time()).Seconds(), 0)
	}
	return nil
}
