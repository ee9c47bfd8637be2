// Command fetch brings the Kafka broker that the tests run onto this machine,
// once:
//
//	go run github.com/footfall-go/footfall/stream/kafka/fetch
//
// It asks Maven for the pinned version and what that needs (43 MB), checks all
// jars, keeps them in the user's cache directory and prints where. Run again,
// it finds them and returns at once. Nobody needs it but tests.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/footfall-go/footfall/stream/kafka/internal/distribution"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	dir, err := distribution.Path()
	if err == nil {
		err = distribution.Fetch(ctx, dir)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "fetch:", err)
		os.Exit(1)
	}
	fmt.Println(dir)
}
