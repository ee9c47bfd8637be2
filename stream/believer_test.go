package stream_test

import (
	"context"
	"encoding/json"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/store/clickhouse"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/kafka"
)

// believer is the environment of a processor that believes the store: where log
// and store are, as JSON.
const believer = "FOOTFALL_BELIEVER"

// TestProcessorThatBelieves is no test but the processor of one: the control of
// the chaos of examples/reference-stack runs this program where it ran footfall
// process. It reads nothing back, and must lose rows.
func TestProcessorThatBelieves(t *testing.T) {
	text := os.Getenv(believer)
	if text == "" {
		t.Skip(believer + " is not set: nobody runs this as a processor")
	}
	var at struct {
		Kafka      kafka.Config
		ClickHouse clickhouse.Config
	}
	require.NoError(t, json.Unmarshal([]byte(text), &at))
	store, err := clickhouse.New(at.ClickHouse)
	require.NoError(t, err)
	at.Kafka.Snapshots = store
	log, err := kafka.New(at.Kafka)
	require.NoError(t, err)
	runner, err := stream.New(stream.Config{Log: log, Store: store})
	require.NoError(t, err)
	runner.BelieveTheStore()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	require.NoError(t, runner.Run(ctx))
	require.NoError(t, log.Close())
}
