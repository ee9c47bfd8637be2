package clickhouse

import (
	"fmt"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
)

// The times that a DateTime64(3) means what it says for.
var (
	earliest = footfall.MillisOf(time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC))
	latest   = footfall.MillisOf(time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC)) - 1
)

func checkTime(at footfall.Millis) error {
	if at < earliest || at > latest {
		return footfall.Permanent(fmt.Errorf("time %d ms is outside the years 1900 to 2299", int64(at)))
	}
	return nil
}

// eventBlock builds blocks of the events table.
type eventBlock struct {
	*block
	flat *flattener
}

// The columns of an eventBlock, in its order.
const (
	eventTenant = iota
	eventSilo
	eventName
	eventType
	eventTime
	eventVisitor
	eventUser
	eventSession
	eventID
	eventOriginal
	eventSent
	eventReceived
	eventProperties
	eventContext
	eventTexts
	eventNumbers
	eventEpoch
	eventPartition
	eventFirst
	eventIndex
)

const typeEnum = `Enum8('track' = 1, 'page' = 2, 'screen' = 3, 'identify' = 4, 'group' = 5, 'alias' = 6)`

func newEventBlock() *eventBlock {
	b := newBlock(
		schema.Events,
		low("tenant"), low("silo"), low("name"), plain("type", typeEnum),
		plain("time", moment), plain("visitor", "UInt128"), plain("user", "UInt128"), plain("session", "UInt64"),
		plain("id", "String"), plain("_original", "Int64"), plain("_sent", "Int64"), plain("_received", "Int64"),
		plain("properties", "String"), plain("context", "String"),
		column{name: "texts", kind: "Map(LowCardinality(String), String)", dict: new(dictionary)},
		column{name: "numbers", kind: "Map(LowCardinality(String), Float64)"},
		plain("_epoch", "UInt16"), plain("_p", "UInt16"), plain("_first", "UInt64"), plain("_i", "UInt32"),
	)
	return &eventBlock{b, newFlattener(&b.columns[eventTexts], &b.columns[eventNumbers])}
}

// fill makes the block that of the given events. It fails, permanently, if
// the table cannot hold one of them.
func (b *eventBlock) fill(events []footfall.Event) error {
	b.reset()
	b.flat.reset()
	b.grow(len(events))
	for i := range events {
		if err := checkTime(events[i].Time); err != nil {
			p := events[i].Position
			return fmt.Errorf("event %d of offset %d: %w", p.Index, p.Offset, err)
		}
		b.add(&events[i])
	}
	b.rows = len(events)
	return nil
}

// grow makes room for n more values in the columns whose values have one size.
func (b *eventBlock) grow(n int) {
	for _, c := range [...]struct{ column, size int }{
		{eventType, 1},
		{eventTime, 8},
		{eventVisitor, 16},
		{eventUser, 16},
		{eventSession, 8},
		{eventOriginal, 8},
		{eventSent, 8},
		{eventReceived, 8},
		{eventEpoch, 2},
		{eventPartition, 2},
		{eventFirst, 8},
		{eventIndex, 4},
	} {
		data := &b.columns[c.column].data
		if need := len(*data) + n*c.size; cap(*data) < need {
			*data = append(make([]byte, 0, need), *data...)
		}
	}
}

func (b *eventBlock) add(e *footfall.Event) {
	c := b.columns
	c[eventTenant].low(e.Tenant.String())
	c[eventSilo].low(e.Silo)
	c[eventName].low(e.Name)
	c[eventType].u8(uint8(e.Type))
	c[eventTime].time(e.Time)
	c[eventVisitor].id(e.Visitor)
	c[eventUser].id(e.User)
	c[eventSession].u64(e.Session)
	c[eventID].text(e.MessageID)
	c[eventOriginal].time(distance(e.Time, e.Original))
	c[eventSent].time(distance(e.Received, e.Sent))
	c[eventReceived].time(e.Received - e.Time)
	c[eventProperties].text(e.Properties)
	c[eventContext].text(e.Context)
	c[eventEpoch].u16(e.Position.Epoch)
	c[eventPartition].u16(e.Position.Partition)
	c[eventFirst].u64(^uint64(e.Position.Offset))
	c[eventIndex].u32(e.Position.Index)
	b.flat.add(e.Properties, e.Derived)
}

// distance returns from - to, or that there is no such time.
func distance(from, to footfall.Millis) footfall.Millis {
	if to == 0 {
		return schema.Absent
	}
	return from - to
}
