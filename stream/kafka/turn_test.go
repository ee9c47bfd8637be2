package kafka

import (
	"errors"
	"math"
	"testing"

	"github.com/IBM/sarama"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
)

// late brings a batch to the leader that the lane has given up.
func late(t *testing.T, l *Log, numbers sarama.RecordBatch, value string) error {
	t.Helper()
	client, err := l.connect(t.Context())
	require.NoError(t, err)
	leader, err := client.Leader(l.cfg.Topic, 0)
	require.NoError(t, err)
	b := &batch{pieces: []*piece{{records: []footfall.Record{rec(0, "shop", value)}}}}
	l.producer.lanes[0].form(b)
	b.records.ProducerID, b.records.ProducerEpoch, b.records.FirstSequence = numbers.ProducerID, numbers.ProducerEpoch, numbers.FirstSequence
	request := &sarama.ProduceRequest{RequiredAcks: sarama.WaitForAll, Timeout: 1000, Version: 8}
	request.AddBatch(l.cfg.Topic, 0, b.records)
	got, err := leader.Produce(request)
	require.NoError(t, err)
	if code := got.GetBlock(l.cfg.Topic, 0).Err; !errors.Is(code, sarama.ErrNoError) {
		return code
	}
	return nil
}

// TestTurn gives batches up and goes on under the next epoch: real brokers take
// what follows, and refuse what was given up if it gets there after that.
func TestTurn(t *testing.T) {
	t.Parallel()
	l := open(t, configOf(t, broker(t).Addrs()))
	lane := l.producer.lanes[0]
	var want []footfall.Record
	add := func(value string) {
		t.Helper()
		records := []footfall.Record{rec(0, "shop", value)}
		require.NoError(t, l.Append(t.Context(), records))
		want = append(want, records...)
	}
	now := func() sarama.RecordBatch {
		return sarama.RecordBatch{ProducerID: lane.id, ProducerEpoch: lane.epoch, FirstSequence: lane.sequence}
	}
	add("a")
	add("b")

	before := now()
	lane.turn()
	require.Equal(t, before.ProducerID, lane.id)
	add("c")
	add("d")
	require.ErrorIs(t, late(t, l, before, "late"), sarama.ErrInvalidProducerEpoch)

	// One that gets there before is there once, and what follows is not taken
	// for it.
	before = now()
	require.NoError(t, late(t, l, before, "early"))
	want = append(want, footfall.Record{})
	lane.turn()
	add("e")
	require.ErrorIs(t, late(t, l, before, "early"), sarama.ErrInvalidProducerEpoch, "not twice")

	// Nothing of some epochs gets there.
	lane.turn()
	lane.turn()
	add("f")

	// The last epoch there is.
	lane.epoch = math.MaxInt16 - 1
	lane.turn()
	require.Equal(t, int16(math.MaxInt16), lane.epoch)
	add("g")
	add("h")
	before = now()
	lane.turn()
	require.Negative(t, lane.id)
	add("i")
	require.NotEqual(t, before.ProducerID, lane.id)
	require.Zero(t, lane.epoch)

	// A broker that knows nothing of the producer, or has forgotten it.
	client, err := l.connect(t.Context())
	require.NoError(t, err)
	got, err := client.InitProducerID()
	require.NoError(t, err)
	lane.id, lane.epoch = got.ProducerID, 7
	lane.turn()
	add("j")

	var values []string
	for i, r := range all(t, l) {
		require.Equal(t, int64(i), r.Offset)
		values = append(values, string(r.Value))
	}
	require.Equal(t, []string{"a", "b", "c", "d", "early", "e", "f", "g", "h", "i", "j"}, values)
	require.Len(t, want, len(values))
	for _, r := range want {
		if r.Value != nil {
			require.Equal(t, string(r.Value), values[r.Offset], "it is where Append said")
		}
	}
}
