package referencestack

import (
	varint "encoding/binary"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/foldtest"
)

// readTopic reads a partition from its start with a consumer that has nothing
// in common with the one under test.
func readTopic(tb testing.TB, client sarama.Client, topic string, partition int32) []footfall.Record {
	tb.Helper()
	first, err := client.GetOffset(topic, partition, sarama.OffsetOldest)
	require.NoError(tb, err)
	require.Zero(tb, first, "nothing was deleted")
	end, err := client.GetOffset(topic, partition, sarama.OffsetNewest)
	require.NoError(tb, err)
	consumer, err := sarama.NewConsumerFromClient(client)
	require.NoError(tb, err)
	part, err := consumer.ConsumePartition(topic, partition, first)
	require.NoError(tb, err)
	defer func() { require.NoError(tb, part.Close()) }()
	records := make([]footfall.Record, 0, end)
	for int64(len(records)) < end {
		select {
		case m := <-part.Messages():
			require.Equal(tb, int64(len(records)), m.Offset)
			records = append(records, recordOf(tb, m))
		case <-time.After(patience):
			require.Fail(tb, "the topic cannot be read", "partition %d ends after %d of %d records", partition, len(records), end)
		}
	}
	return records
}

func recordOf(tb testing.TB, m *sarama.ConsumerMessage) footfall.Record {
	tb.Helper()
	r := footfall.Record{Partition: uint16(m.Partition), Offset: m.Offset, Time: footfall.MillisOf(m.Timestamp), Value: m.Value}
	for _, h := range m.Headers {
		switch string(h.Key) {
		case "t":
			r.Tenant = string(h.Value)
		case "n":
			n, size := varint.Uvarint(h.Value)
			require.Positive(tb, size)
			r.Events = uint32(n)
		case "h":
			r.Header = h.Value
		}
	}
	return r
}

// folded is what one thread makes of a topic.
type folded struct {
	events   map[footfall.Position]footfall.Event
	rows     *foldtest.Rows
	totals   map[string]ledger
	accepted map[string]int64 // counted in the records, not by the fold
}

// fold reads a topic and folds each partition.
func (s *storm) fold() *folded {
	s.t.Helper()
	config := sarama.NewConfig()
	config.Version = sarama.V2_8_0_0
	client, err := sarama.NewClient(s.brokers.Addrs(), config)
	require.NoError(s.t, err)
	defer func() { require.NoError(s.t, client.Close()) }()
	all := &folded{events: map[footfall.Position]footfall.Event{}, rows: foldtest.NewRows(), totals: map[string]ledger{}, accepted: map[string]int64{}}
	var results [stormPartitions]*foldtest.Result
	var errs [stormPartitions]error
	var folding sync.WaitGroup
	for p := range int32(stormPartitions) {
		records := readTopic(s.t, client, s.topic, p)
		for i := range records {
			all.accepted[records[i].Tenant] += int64(records[i].Events)
		}
		folding.Go(func() { results[p], errs[p] = foldtest.Fold(records, foldtest.Options{}) })
	}
	folding.Wait()
	for p, result := range results {
		require.NoError(s.t, errs[p])
		require.Zero(s.t, result.Evictions)
		all.add(result)
	}
	return all
}

// add merges a partition's results. Visitors have a partition each, so that
// nothing but texts of users comes twice.
func (f *folded) add(r *foldtest.Result) {
	for i := range r.Events {
		f.events[r.Events[i].Position] = r.Events[i]
	}
	var u footfall.Upserts
	for _, row := range r.Rows.Sessions {
		u.Sessions = append(u.Sessions, row)
	}
	for _, row := range r.Rows.Links {
		u.Links = append(u.Links, row)
	}
	for _, row := range r.Rows.IDs {
		u.IDs = append(u.IDs, row)
	}
	for _, row := range r.Rows.Traits {
		u.Traits = append(u.Traits, row)
	}
	for _, row := range r.Rows.Ledger {
		u.Ledger = append(u.Ledger, row)
	}
	f.rows.Upsert(&u)
	for id, n := range r.Totals {
		l := f.totals[id.String()]
		l.Stored += int64(n.Stored)
		l.Duplicate += int64(n.Duplicate)
		l.Quarantined += int64(n.Quarantined)
		l.Accepted = l.Stored + l.Duplicate + l.Quarantined
		f.totals[id.String()] = l
	}
}
