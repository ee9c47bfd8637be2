package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
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
)

const (
	tenantID = "bench"
	writeKey = "wk_bench"
	readKey  = "rk_bench"

	// Another tenant, that hardly does anything.
	otherTenant   = "other"
	otherWriteKey = "wk_other"
	otherReadKey  = "rk_other"
)

// server is a footfall process under load, with its own data directory.
type server struct {
	url   string
	admin string
	dir   string
	cmd   *exec.Cmd
}

// startServer runs the command until it says that it is ready.
func startServer(ctx context.Context, command ...string) (*server, error) {
	dir, err := os.MkdirTemp("", "footfall-bench-")
	if err != nil {
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	args := append(slices.Clone(command[1:]), "--listen", "127.0.0.1:0", "--data", dir)
	if !slices.Contains(args, "--config") { // which has tenants of its own
		args = append(args, "--tenant", tenantID+":"+writeKey+":"+readKey, "--tenant", otherTenant+":"+otherWriteKey+":"+otherReadKey)
	}
	// A server under load that nobody stops would spoil the next run.
	s := &server{dir: dir, cmd: testenv.Tie(exec.CommandContext(ctx, command[0], args...))}
	if err := s.begin(os.Stderr); err != nil {
		return nil, err
	}
	var run struct {
		AdminKey string `json:"admin_key"`
	}
	text, err := os.ReadFile(filepath.Join(dir, "run.json"))
	if err != nil {
		return nil, fmt.Errorf("read run.json: %w", err)
	}
	if err := json.Unmarshal(text, &run); err != nil {
		return nil, fmt.Errorf("read run.json: %w", err)
	}
	s.admin = run.AdminKey
	return s, nil
}

// begin starts the process and waits until it is ready.
func (s *server) begin(stderr *os.File) error {
	s.cmd.Stderr = stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start server: %w", err)
	}
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("start server: %w", err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return fmt.Errorf("wait for the ready line: %w", err)
	}
	s.url = strings.TrimSpace(strings.TrimPrefix(line, "footfall ready"))
	return nil
}

// stop ends the process and removes its data.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
	_ = os.RemoveAll(s.dir)
}

// cpu returns the processor time the process has used, kernel included.
func (s *server) cpu() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("read processor time: %w", err)
	}
	// Fields 14 and 15, counted after the command name in brackets, in ticks
	// of 10 ms.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	user, err := strconv.ParseInt(fields[11], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read processor time: %w", err)
	}
	kernel, err := strconv.ParseInt(fields[12], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read processor time: %w", err)
	}
	return time.Duration(user+kernel) * 10 * time.Millisecond, nil
}

// status is what the benchmark reads of the status route.
type status struct {
	Lag struct {
		Events  int64   `json:"events"`
		Seconds float64 `json:"seconds"`
	} `json:"lag"`
	Log struct {
		Bytes      int64 `json:"bytes"`
		Partitions []struct {
			Partition           uint16  `json:"partition"`
			Owner               string  `json:"owner"`
			From, End, Snapshot int64   // names as they are
			LagS                float64 `json:"lag_s"`
		} `json:"partitions"`
	} `json:"log"`
	Store struct {
		Bytes int64            `json:"bytes"`
		Rows  map[string]int64 `json:"rows"`
	} `json:"store"`
	Ledger map[string]struct {
		Accepted int64 `json:"accepted"`
		Stored   int64 `json:"stored"`
	} `json:"ledger"`
}

func (s *server) status(ctx context.Context) (status, error) {
	var st status
	return st, s.ask(ctx, http.MethodGet, "/api/v1/status", s.admin, nil, &st)
}

// settled waits until all that was accepted is visible to queries.
func (s *server) settled(ctx context.Context) (status, error) {
	for {
		st, err := s.status(ctx)
		if err != nil || st.Lag.Events == 0 {
			return st, err
		}
		select {
		case <-ctx.Done():
			return st, fmt.Errorf("wait for the store, %d events behind: %w", st.Lag.Events, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// count asks the query API for the number of all events of the last days.
func (s *server) count(ctx context.Context, key, last, filter string) (int64, error) {
	question := `{"kind":"trend","range":{"last":"` + last + `"},"interval":"total","series":[{"event":"*","measure":"events"` + filter + `}]}`
	var answer struct {
		Result struct {
			Series []struct {
				Total int64 `json:"total"`
			} `json:"series"`
		} `json:"result"`
	}
	if err := s.ask(ctx, http.MethodPost, "/api/v1/query", key, []byte(question), &answer); err != nil {
		return 0, err
	}
	if len(answer.Result.Series) == 0 {
		return 0, nil
	}
	return answer.Result.Series[0].Total, nil
}

func (s *server) ask(ctx context.Context, method, path, key string, body []byte, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("ask %s: %w", path, err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ask %s: %w", path, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		var text bytes.Buffer
		_, _ = text.ReadFrom(resp.Body)
		return fmt.Errorf("ask %s: %s: %s", path, resp.Status, text.String())
	}
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		return fmt.Errorf("ask %s: %w", path, err)
	}
	return nil
}
