package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/footfall-go/footfall/internal/testenv"
	"github.com/footfall-go/footfall/stream/kafka/kafkatest"
)

// fleetPartitions is how many partitions the topic of a fleet has.
const fleetPartitions = 8

// fleetKey is the admin key of all of its processes.
const fleetKey = "ak_bench"

// fleet is Footfall in processes of its own: a broker, an engine, a door, one
// that answers, and processors that come and go.
type fleet struct {
	dir        string
	binary     string
	session    time.Duration // that a processor may be silent
	brokers    *kafkatest.Cluster
	engine     *server
	door       *server
	answers    *server
	processors []*server
}

// openFleet starts all but the processors.
func openFleet(ctx context.Context, binary string, session time.Duration) (_ *fleet, err error) {
	f := &fleet{binary: binary, session: session}
	defer func() {
		if err != nil {
			f.close()
		}
	}()
	if f.dir, err = os.MkdirTemp("", "footfall-scale-"); err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	if f.brokers, err = kafkatest.Open(ctx, f.dir, kafkatest.Config{}); err != nil {
		return nil, fmt.Errorf("start Kafka: %w", err)
	}
	if f.engine, err = f.launch(ctx, "engine", "--data", filepath.Join(f.dir, "engine")); err != nil {
		return nil, err
	}
	if f.door, err = f.role(ctx, "ingest"); err != nil {
		return nil, err
	}
	f.answers, err = f.role(ctx, "query")
	return f, err
}

func (f *fleet) role(ctx context.Context, role string) (*server, error) {
	return f.launch(ctx, role,
		"--kafka", strings.Join(f.brokers.Addrs(), ","), "--partitions", strconv.Itoa(fleetPartitions), "--replication", "1",
		"--kafka-session", strconv.Itoa(int(f.session.Seconds()))+"s", "--clickhouse", f.engine.url,
		"--tenant", tenantID+":"+writeKey+":"+readKey, "--admin-key", fleetKey)
}

// launch starts a process and waits until it is ready.
func (f *fleet) launch(ctx context.Context, args ...string) (*server, error) {
	s := &server{admin: fleetKey, cmd: testenv.Tie(exec.CommandContext(ctx, f.binary, append(args, "--listen", "127.0.0.1:0")...))}
	said, err := os.Create(filepath.Join(f.dir, fmt.Sprintf("%s-%d.log", args[0], time.Now().UnixNano())))
	if err != nil {
		return nil, fmt.Errorf("make a log: %w", err)
	}
	defer said.Close()
	if err := s.begin(said); err != nil {
		text, _ := os.ReadFile(said.Name()) // which tells more, if there is any
		return nil, fmt.Errorf("%s: %w: %s", args[0], err, text)
	}
	return s, nil
}

// grow starts processors until there are n, each with partitions of its own.
func (f *fleet) grow(ctx context.Context, n int) error {
	for len(f.processors) < n {
		p, err := f.role(ctx, "process")
		if err != nil {
			return err
		}
		f.processors = append(f.processors, p)
	}
	return f.until(ctx, time.Minute, func(st *status) bool {
		owners := map[string]bool{}
		for _, p := range st.Log.Partitions {
			owners[p.Owner] = true
		}
		return len(owners) == n && !owners[""]
	})
}

// shrink stops all processors, which save their states.
func (f *fleet) shrink() error {
	var errs []error
	for _, p := range f.processors {
		errs = append(errs, p.cmd.Process.Signal(syscall.SIGTERM))
	}
	for _, p := range f.processors {
		if err := p.cmd.Wait(); err != nil {
			errs = append(errs, fmt.Errorf("stop a processor: %w", err))
		}
	}
	f.processors = nil
	return errors.Join(errs...)
}

// freeze stops the processors where they are; thaw lets them go on.
func (f *fleet) freeze() error { return f.signal(syscall.SIGSTOP) }
func (f *fleet) thaw() error   { return f.signal(syscall.SIGCONT) }

func (f *fleet) signal(s os.Signal) error {
	var errs []error
	for _, p := range f.processors {
		errs = append(errs, p.cmd.Process.Signal(s))
	}
	return errors.Join(errs...)
}

// status is what all processes say; any of them does.
func (f *fleet) status(ctx context.Context) (*status, error) {
	var st status
	return &st, f.answers.ask(ctx, http.MethodGet, "/api/v1/status", fleetKey, nil, &st)
}

// until asks for the status until it is as it should be.
func (f *fleet) until(ctx context.Context, d time.Duration, good func(*status) bool) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	for {
		st, err := f.status(ctx)
		if err == nil && good(st) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the processors, %d events behind: %w", st.Lag.Events, errors.Join(ctx.Err(), err))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// settled waits until all is visible.
func (f *fleet) settled(ctx context.Context, d time.Duration) error {
	return f.until(ctx, d, func(st *status) bool { return st.Lag.Events == 0 })
}

// complete requires that every accepted event is a row, once.
func (f *fleet) complete(ctx context.Context) error {
	st, err := f.status(ctx)
	if err != nil {
		return err
	}
	l := st.Ledger[tenantID]
	if rows := st.Store.Rows["events"]; rows != l.Accepted || l.Stored != l.Accepted {
		return fmt.Errorf("%d events accepted, %d stored by the ledger, %d rows", l.Accepted, l.Stored, rows)
	}
	return nil
}

// cpuOf is what processes have used so far.
func cpuOf(all ...*server) (total time.Duration, err error) {
	for _, s := range all {
		used, err := s.cpu()
		if err != nil {
			return 0, err
		}
		total += used
	}
	return total, nil
}

func (f *fleet) close() {
	for _, s := range append(slices.Clone(f.processors), f.door, f.answers, f.engine) {
		if s != nil {
			_ = s.cmd.Process.Kill() // it may be gone
			_ = s.cmd.Wait()
		}
	}
	if f.brokers != nil {
		f.brokers.Close()
	}
	_ = os.RemoveAll(f.dir)
}
