package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/stream"
)

const asReceiver = "FOOTFALL_CUSTOM_SINK_RECEIVER"

// receive is a process that takes webhooks until it is killed.
func receive() {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it lives as long as the process
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("ready", "http://"+listener.Addr().String())
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		for lines := bufio.NewScanner(r.Body); lines.Scan(); {
			continue // it is nobody's but the receiver's what becomes of them
		}
	})}
	_ = server.Serve(listener) // it ends by a signal
}

// TestLiveTapHoldsNobodyUp freezes the receiver of a live tap, kills the program
// meanwhile, and kills the receiver. The record goes on in all of it, whole, and
// what the tap was not given is counted.
func TestLiveTapHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	receiver := launch(t, asReceiver)
	begin := func() *child {
		return launch(t, asChild, "--listen", "127.0.0.1:0", "--data", dir, "--tenant", "shop:wk_shop", "--feed", receiver.url, "--secret", secret)
	}
	c := begin()
	var url atomic.Pointer[string]
	url.Store(&c.url)
	stop := make(chan struct{})
	var working sync.WaitGroup
	accepted, failures := make([]map[string]string, clients), make(chan error, clients)
	for i := range clients {
		working.Go(func() {
			var err error
			if accepted[i], err = send(t.Context(), i, &url, stop); err != nil {
				failures <- err
			}
		})
	}
	// until waits for something to be true of the tap, and shows that the record
	// grows meanwhile and is never in trouble.
	until := func(what string, is func(tap *stream.TapStatus) bool) {
		t.Helper()
		first := uint64(0)
		require.Eventually(t, func() bool {
			select {
			case err := <-failures:
				require.NoError(t, err)
			default:
			}
			s, err := c.status(t.Context())
			if err != nil || len(s.Partitions) == 0 || len(s.Partitions[0].Taps) != 1 {
				return false
			}
			tap, stored := &s.Partitions[0].Taps[0], s.Ledger["shop"].Stored
			if first == 0 {
				first = stored
			}
			return s.Ready && stored > first && is(tap)
		}, patience, 20*time.Millisecond, what)
	}
	until("it works", func(tap *stream.TapStatus) bool { return tap.Given > 0 })
	require.NoError(t, receiver.cmd.Process.Signal(syscall.SIGSTOP))
	until("it is full", func(tap *stream.TapStatus) bool { return tap.Dropped > 5000 })
	c.kill(t)
	c = begin()
	url.Store(&c.url)
	until("it is full again", func(tap *stream.TapStatus) bool { return tap.Dropped > 5000 && tap.Given == 0 })
	receiver.kill(t)
	dropped := uint64(0)
	until("it finds nobody", func(tap *stream.TapStatus) bool {
		if dropped == 0 {
			dropped = tap.Dropped
		}
		return tap.Dropped > dropped+1000 && tap.Error != ""
	})
	close(stop)
	working.Wait()
	close(failures)
	require.NoError(t, <-failures)
	var s stream.Status
	require.Eventually(t, func() bool {
		var err error
		s, err = c.status(t.Context())
		return err == nil && s.Lag.Events == 0
	}, patience, 20*time.Millisecond)
	require.NoError(t, c.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, c.cmd.Wait(), c.stderr.String())
	require.Len(t, storedIn(t, dir, s.Partitions[0].End), number(accepted), "the record has each once")
}
