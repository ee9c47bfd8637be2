package kafka

import (
	"context"
	"fmt"
	"time"

	"github.com/IBM/sarama"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
)

// Position is where the processing of one partition stands, as any process can
// see it.
type Position struct {
	Epoch, Partition uint16

	First, End int64       // offsets that the log holds: [First, End)
	Plan       stream.Plan // what the processor has committed
	Planned    bool        // false if there never was a plan
	Records    int64       // from where the plan begins to the end

	// Oldest is when the first of these Records was appended, 0 if there is
	// none.
	Oldest footfall.Millis
	// Followers are the places of durable taps.
	Followers map[string]int64

	// Member is the process that owns the partition as the group calls it,
	// Client what it calls itself, and Host where it connects from. All are
	// empty while nobody owns it.
	Member, Client, Host string
}

// Positions returns the position of every partition of the topic. It owns
// nothing and needs no snapshots.
//
// How many events wait, and whose, only the owner of a partition knows: it is
// in the status of its Runner.
func (l *Log) Positions(ctx context.Context) ([]Position, error) {
	all := make([]Position, l.cfg.Partitions)
	numbers := make([]int32, l.cfg.Partitions)
	for i := range all {
		all[i].Epoch, all[i].Partition = l.cfg.Epoch, uint16(i)
		numbers[i] = int32(i)
	}
	// What is committed is asked first: the end can only be later.
	places, err := l.committed(ctx, numbers, nil)
	if err != nil {
		return nil, err
	}
	for which, set := range map[int64]func(*Position, int64){
		sarama.OffsetOldest: func(p *Position, offset int64) { p.First = offset },
		sarama.OffsetNewest: func(p *Position, offset int64) { p.End = offset },
	} {
		offsets, err := l.offsets(ctx, numbers, which)
		if err != nil {
			return nil, err
		}
		for i := range all {
			set(&all[i], offsets[int32(i)])
		}
	}
	for i := range all {
		p, at := &all[i], places[int32(i)]
		p.Plan, p.Planned, p.Followers = at.plan, at.planned, at.followers
		from := p.First
		if p.Planned {
			from = max(from, p.Plan.From)
		}
		p.Records = max(p.End-from, 0)
		if p.Records > 0 {
			if p.Oldest, err = l.timeAt(ctx, uint16(i), from); err != nil {
				return nil, err
			}
		}
	}
	return all, l.owners(ctx, all)
}

// offsets asks each broker once for the partitions it leads: for their first
// offsets, or the next to be written. One that does not lead them any more knows
// older ones, which is harmless of the first.
func (l *Log) offsets(ctx context.Context, numbers []int32, which int64) (map[int32]int64, error) {
	found := map[int32]int64{}
	err := l.retry(ctx, "ask for offsets", func(client sarama.Client) error {
		leaders := map[*sarama.Broker][]int32{}
		for _, n := range numbers {
			leader, err := client.Leader(l.cfg.Topic, n)
			if err != nil {
				return err
			}
			leaders[leader] = append(leaders[leader], n)
		}
		for leader, led := range leaders {
			request := sarama.NewOffsetRequest(l.sarama.Version)
			for _, n := range led {
				request.AddBlock(l.cfg.Topic, n, which, 1)
			}
			got, err := await(ctx, func() (*sarama.OffsetResponse, error) { return leader.GetAvailableOffsets(request) })
			if err != nil {
				_ = leader.Close() // whatever else comes on this connection is of no use
				return err
			}
			for _, n := range led {
				block := got.GetBlock(l.cfg.Topic, n)
				if block == nil {
					return fmt.Errorf("broker %s did not answer for partition %d", leader.Addr(), n)
				}
				if block.Err != sarama.ErrNoError {
					return block.Err
				}
				found[n] = block.Offset
			}
			if which == sarama.OffsetOldest {
				continue
			}
			if err := l.leads(ctx, client, leader, led); err != nil {
				return err
			}
		}
		return nil
	})
	return found, err
}

// timeAt returns when a record was appended. It asks on the connection that all
// share, because it does not wait.
func (l *Log) timeAt(ctx context.Context, number uint16, offset int64) (footfall.Millis, error) {
	var at footfall.Millis
	err := l.retry(ctx, "ask for a record", func(client sarama.Client) error {
		leader, err := client.Leader(l.cfg.Topic, int32(number))
		if err != nil {
			return err
		}
		got, err := await(ctx, func() (*sarama.FetchResponse, error) { return leader.Fetch(l.fetchRequest(number, offset, 0, 1)) })
		if err != nil {
			_ = leader.Close() // whatever else comes on this connection is of no use
			return err
		}
		block := got.GetBlock(l.cfg.Topic, int32(number))
		switch {
		case block == nil:
			return fmt.Errorf("broker %s did not answer for partition %d", leader.Addr(), number)
		case block.Err == sarama.ErrOffsetOutOfRange:
			return nil // retention was faster
		case block.Err != sarama.ErrNoError:
			return block.Err
		}
		records, err := l.records(block, number, offset)
		if len(records) > 0 {
			at = records[0].Time
		}
		return err
	})
	return at, err
}

// owners finds out who has which partition.
func (l *Log) owners(ctx context.Context, all []Position) error {
	return l.retry(ctx, "ask for the members of the group", func(client sarama.Client) error {
		request := &sarama.DescribeGroupsRequest{Version: 4, Groups: []string{l.cfg.Group}}
		got, err := askSure(ctx, l, client, func(b *sarama.Broker) (*sarama.DescribeGroupsResponse, error) {
			return b.DescribeGroups(request)
		})
		if err != nil {
			return err
		}
		for _, group := range got.Groups {
			if group.Err != sarama.ErrNoError {
				return l.lostCoordinator(ctx, client, group.Err)
			}
			for _, m := range group.Members {
				assigned, err := m.GetMemberAssignment()
				if err != nil || assigned == nil {
					continue // it has none yet
				}
				for _, n := range assigned.Topics[l.cfg.Topic] {
					if int(n) < len(all) {
						all[n].Member, all[n].Client, all[n].Host = m.MemberId, m.ClientId, m.ClientHost
					}
				}
			}
		}
		return nil
	})
}

// Lag is how long ago the oldest record that waits was appended.
func (p *Position) Lag(now time.Time) time.Duration {
	if p.Oldest == 0 {
		return 0
	}
	return max(now.Sub(p.Oldest.Time()), 0)
}
