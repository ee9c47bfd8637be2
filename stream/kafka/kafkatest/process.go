package kafkatest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/footfall-go/footfall/internal/testenv"
	"github.com/footfall-go/footfall/stream/kafka/internal/distribution"
)

// start starts the process of a broker.
func (c *Cluster) start(n *node, java, jars string) error {
	if s := c.cfg.Secure; s != nil {
		if err := os.WriteFile(c.file(n, "keystore.pem"), []byte(s.Keystore), 0o600); err != nil {
			return fmt.Errorf("write keystore: %w", err)
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.logs++
	out, err := os.Create(c.log(n))
	if err != nil {
		return fmt.Errorf("make the log of a broker: %w", err)
	}
	defer func() { _ = out.Close() }()                                                                       // the broker has its own
	cmd := testenv.Tie(exec.Command(java, append(options(jars), "kafka.Kafka", c.file(n, "properties"))...)) //nolint:noctx // it outlives the call; Close ends it
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start a broker: %w", err)
	}
	exited := make(chan struct{})
	n.cmd, n.exited = cmd, exited
	go func() {
		_ = cmd.Wait() // the status is that of a signal
		close(exited)
	}()
	return nil
}

func (c *Cluster) log(n *node) string { return c.file(n, fmt.Sprintf("%d.log", n.logs)) }

// started is what a broker says when it serves.
var started = []byte("Kafka Server started")

// wait waits until a broker serves.
func (c *Cluster) wait(ctx context.Context, n *node) error {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		said, err := os.ReadFile(c.log(n))
		if err != nil {
			return fmt.Errorf("read the log of a broker: %w", err)
		}
		if bytes.Contains(said, started) {
			return nil
		}
		select {
		case <-n.exited:
			return fmt.Errorf("broker %d ended: %s", n.id, tail(said))
		case <-ctx.Done():
			return fmt.Errorf("broker %d does not serve: %w: %s", n.id, ctx.Err(), tail(said))
		case <-ticker.C:
		}
	}
}

func tail(b []byte) []byte { return b[max(len(b)-4000, 0):] }

// Kill kills a broker, counted from 0, at once.
func (c *Cluster) Kill(i int) { c.nodes[i].kill() }

func (n *node) kill() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cmd != nil {
		_ = n.cmd.Process.Kill() // it may have ended by itself
		<-n.exited
		n.cmd = nil
	}
}

// Freeze stops a broker in the middle of whatever it does, until Thaw.
func (c *Cluster) Freeze(i int) error { return c.nodes[i].signal(syscall.SIGSTOP) }

// Thaw lets a frozen broker go on.
func (c *Cluster) Thaw(i int) error { return c.nodes[i].signal(syscall.SIGCONT) }

func (n *node) signal(s os.Signal) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cmd == nil {
		return fmt.Errorf("broker %d does not run", n.id)
	}
	return n.cmd.Process.Signal(s)
}

// Revive starts a broker that was killed, and waits until it serves.
func (c *Cluster) Revive(tb testing.TB, i int) {
	tb.Helper()
	if err := c.Restart(tb.Context(), i); err != nil {
		tb.Fatalf("start Kafka again: %v", err)
	}
}

// Restart is Revive for those who are not the test's own goroutine.
func (c *Cluster) Restart(ctx context.Context, i int) error {
	n := c.nodes[i]
	jars, err := distribution.Find()
	if err != nil {
		return err
	}
	java, err := exec.LookPath("java")
	if err != nil {
		return err
	}
	if err := c.start(n, java, jars); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	return c.wait(ctx, n)
}

// Close kills all brokers: nothing they hold is needed any more.
func (c *Cluster) Close() {
	for _, n := range c.nodes {
		n.kill()
		if n.proxy != nil {
			n.proxy.close()
		}
	}
}
