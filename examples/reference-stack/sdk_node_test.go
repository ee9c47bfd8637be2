package referencestack

import (
	"bytes"
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

// runNode runs a script with one argument, made JSON, and decodes its last line.
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
	for _, input := range []string{file, "plan.cjs", "package-lock.json"} {
		require.FileExists(tb, filepath.Join(dir, input))
	}
	cmd := exec.CommandContext(tb.Context(), node, file, string(text))
	cmd.Dir = dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(tb, cmd.Run(), "%s%s", &stdout, &stderr)
	lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
	require.NoError(tb, json.Unmarshal([]byte(lines[len(lines)-1]), said), "%s%s", &stdout, &stderr)
}
