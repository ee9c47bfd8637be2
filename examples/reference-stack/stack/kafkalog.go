package stack

import (
	"context"
	"strconv"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/store/clickhouse"
	"github.com/footfall-go/footfall/stream/kafka"
	"github.com/footfall-go/footfall/tenant"
)

// kafkaLog is the log in a topic. How far imports have come is kept in the
// store: a committed offset would do as well, but Kafka forgets those of a group
// without members after a week.
type kafkaLog struct {
	*kafka.Log
	store   *clickhouse.Store
	waiting *kafka.Waiting
}

func (l kafkaLog) trouble(ctx context.Context) error { return l.Ready(ctx) }
func (l kafkaLog) joined() bool                      { return l.Joined() }

// describe leaves the bytes out: what they take is Kafka's to say.
func (l kafkaLog) describe() (LogStatus, error) { return LogStatus{Kind: "kafka"}, nil }

// forget needs no checkpoint made: whoever carries out an order takes a snapshot
// after it.
func (l kafkaLog) forget(ctx context.Context, positions []footfall.Position, _ func(context.Context) error) error {
	before := map[uint16]int64{}
	for _, at := range positions {
		before[at.Partition] = max(before[at.Partition], at.Offset)
	}
	return l.Forget(ctx, before)
}

// close leaves what is unprocessed to whoever owns it.
func (l kafkaLog) close() (left int64, err error) {
	l.waiting.Close()
	return 0, l.Close()
}

// ImportPosition implements [ingest.Positions].
func (l kafkaLog) ImportPosition(ctx context.Context, id tenant.ID, name string) (int64, error) {
	all, err := l.store.DefinedBy(ctx, id, schema.KindImport)
	for i := range all {
		if all[i].ID == name {
			return strconv.ParseInt(all[i].Body, 10, 64)
		}
	}
	return 0, err
}

// SetImportPosition implements [ingest.Positions]. The rows are in the log by
// then; if the process ends in between they are sent again, under the same ids.
// The position is the version too, so that it never goes back.
func (l kafkaLog) SetImportPosition(ctx context.Context, id tenant.ID, name string, position int64) error {
	return l.store.Define(ctx, footfall.Definition{
		Tenant: id, Kind: schema.KindImport, ID: name, Body: strconv.FormatInt(position, 10), Version: uint64(position),
	})
}

// ForgetImports has nothing to do: what a tenant has in the store goes with it.
func (l kafkaLog) ForgetImports(context.Context, tenant.ID) error { return nil }
