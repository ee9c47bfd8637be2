package referencestack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/internal/testenv"
)

// TestChaosImport kills the server twice under one running import, which goes
// on by itself, and then imports the grown file again.
func TestChaosImport(t *testing.T) {
	t.Parallel()
	const rows = 120_000
	dir := t.TempDir()
	file := filepath.Join(t.TempDir(), "history.ndjson")
	write := func(n int) {
		var text bytes.Buffer
		for i := range n {
			fmt.Fprintf(&text, `{"who":"v%d","event":"e%d","timestamp":"2024-02-%02d 10:%02d:00","price":%d.5}`+"\n", i%997, i%7, 1+i/4300, i%60, i%100)
		}
		require.NoError(t, os.WriteFile(file, text.Bytes(), 0o600))
	}
	write(rows)
	s := up(t, dir)
	args := []string{"import", file, "--data", dir, "--tenant", "shop", "--name", "history", "--map", "anonymousId={who}"}
	cmd := testenv.Tie(exec.Command(footfallBinary(t), args...)) //nolint:noctx // it ends by itself, or the test kills it
	var stdout, stderr log
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Start())
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // it may be gone

	for _, after := range []int64{20_000, 60_000} {
		require.Eventually(t, func() bool { return s.status(t).Ledger["shop"].Accepted >= after }, patience, time.Millisecond)
		s.kill(t)
		s = up(t, dir)
	}
	select {
	case err := <-done:
		require.NoError(t, err, stderr.String())
	case <-time.After(patience):
		require.Fail(t, "the import does not end", stderr.String())
	}
	var res imported
	require.NoError(t, json.Unmarshal([]byte(strings.TrimSpace(stdout.String())), &res))
	require.Equal(t, imported{Import: "history", Rows: rows, Accepted: rows, Position: rows}, res)
	st := s.settled(t)
	require.Equal(t, int64(rows), st.Ledger["shop"].Stored)
	require.Equal(t, int64(rows), s.count(t, "events"))
	require.Equal(t, int64(997), s.count(t, "persons"))

	write(rows + 10)
	require.Equal(t, imported{Import: "history", Rows: 10, Accepted: 10, Position: rows + 10}, s.importFile(t, file, args[6:]...))
	s.settled(t)
	require.Equal(t, int64(rows+10), s.count(t, "events"))
}
