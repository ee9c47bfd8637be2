// Command kafka starts one Kafka broker on this machine to try things out with,
// in a folder that goes away with it:
//
//	make kafka
//	go run ./examples/kafka
//
// It prints the variables with which footfall's roles find it. It is the broker
// of the tests, small and with one copy of each record: no place for data that
// counts.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/footfall-go/footfall/stream/kafka/kafkatest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "kafka:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "footfall-kafka-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	cluster, err := kafkatest.Open(ctx, dir, kafkatest.Config{})
	if err != nil {
		return err
	}
	defer cluster.Close()
	fmt.Printf("export FOOTFALL_KAFKA=%s FOOTFALL_REPLICATION=1\n", strings.Join(cluster.Addrs(), ","))
	<-ctx.Done()
	return nil
}
