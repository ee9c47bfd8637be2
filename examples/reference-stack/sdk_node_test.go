package referencestack

import (
	"bufio"
	"context"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/internal/testenv"
)

// script returns a send that runs a file of testdata/sdk in Node.js.
func script(file string) func(testing.TB, plan) []string {
	return func(tb testing.TB, p plan) []string {
		tb.Helper()
		var said struct{ Errors []string }
		runNode(tb, file, p, &said)
		return said.Errors
	}
}

// runNode runs a script with one argument, made JSON, and decodes the line of
// JSON that it prints. The script may live on until the test ends, which ends
// its standard input.
func runNode(tb testing.TB, file string, argument, said any) {
	tb.Helper()
	dir := sdkFolder(tb)
	node, err := exec.LookPath("node")
	if err != nil {
		testenv.Missing(tb, "node is not on this machine")
	}
	text, err := json.Marshal(argument)
	require.NoError(tb, err)
	// What a test has looked at, its result depends on: the cache sees the scripts.
	inputs, err := filepath.Glob(filepath.Join(dir, "*.*"))
	require.NoError(tb, err)
	require.Contains(tb, inputs, filepath.Join(dir, file))
	for _, input := range inputs {
		require.FileExists(tb, input)
	}
	// The context of a test ends before its cleanup, which lets the script end.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), patience)
	cmd := testenv.Tie(exec.CommandContext(ctx, node, file, string(text))) // Chromium ends with it
	cmd.Dir = dir
	stderr := &log{}
	cmd.Stderr = stderr
	stdin, err := cmd.StdinPipe()
	require.NoError(tb, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(tb, err)
	require.NoError(tb, cmd.Start())
	tb.Cleanup(func() {
		defer cancel()
		_ = stdin.Close() // it may have ended by itself
		require.NoError(tb, cmd.Wait(), stderr)
	})
	var line string
	for lines := bufio.NewScanner(stdout); !strings.HasPrefix(line, "{") && lines.Scan(); {
		line = lines.Text()
	}
	require.NoError(tb, json.Unmarshal([]byte(line), said), "%s\n%s", line, stderr)
}
