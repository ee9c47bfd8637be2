package kafka

import (
	"encoding/binary"
	"fmt"

	"github.com/IBM/sarama"

	"github.com/footfall-go/footfall"
)

// Keys of the headers of a record. They are kept short: a record has each.
const (
	tenantHeader = "t" // whose events
	countHeader  = "n" // how many, as a varint; none is 0
	ownHeader    = "h" // footfall.Record.Header
)

// encode makes a record of the topic of one of ours. Its value and header are
// shared.
func encode(r *footfall.Record, delta int) *sarama.Record {
	headers := make([]*sarama.RecordHeader, 0, 3)
	add := func(key string, value []byte) {
		if len(value) > 0 {
			headers = append(headers, &sarama.RecordHeader{Key: []byte(key), Value: value})
		}
	}
	add(tenantHeader, []byte(r.Tenant))
	if r.Events > 0 {
		add(countHeader, binary.AppendUvarint(nil, uint64(r.Events)))
	}
	add(ownHeader, r.Header)
	return &sarama.Record{OffsetDelta: int64(delta), Value: r.Value, Headers: headers}
}

// sizeOf is no less than what a record takes in a batch, before compression.
func sizeOf(r *footfall.Record) int {
	return 64 + len(r.Tenant) + len(r.Header) + len(r.Value)
}

// decode makes a record of ours of one of the topic.
func (l *Log) decode(b *sarama.RecordBatch, of *sarama.Record, partition uint16) (footfall.Record, error) {
	at := b.FirstTimestamp.Add(of.TimestampDelta)
	if b.LogAppendTime {
		at = b.MaxTimestamp
	}
	r := footfall.Record{
		Epoch: l.cfg.Epoch, Partition: partition,
		Offset: b.FirstOffset + of.OffsetDelta, Time: footfall.MillisOf(at), Value: of.Value,
	}
	for _, h := range of.Headers {
		switch string(h.Key) {
		case tenantHeader:
			r.Tenant = string(h.Value)
		case ownHeader:
			r.Header = h.Value
		case countHeader:
			n, size := binary.Uvarint(h.Value)
			if size != len(h.Value) || n > 1<<32-1 {
				return r, footfall.Permanent(fmt.Errorf("record at offset %d of partition %d: it does not say how many events it has", r.Offset, partition))
			}
			r.Events = uint32(n)
		}
	}
	return r, nil
}
