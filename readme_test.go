package footfall_test

import (
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/internal/testenv"
	"github.com/footfall-go/footfall/store/chdb"
)

// TestExample runs the example where the engine is there, and compares what it
// prints with what it says that it prints.
func TestExample(t *testing.T) { //nolint:paralleltest // it takes standard output
	engine, err := chdb.Open(t.Context(), chdb.Config{Dir: t.TempDir()})
	if err != nil {
		testenv.Missing(t, err.Error())
	}
	require.NoError(t, engine.Close())

	source, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	_, promised, found := strings.Cut(string(source), "// Prints:\n")
	require.True(t, found)
	var want []string
	for _, text := range regexp.MustCompile(`(?m)^\t// (.*)$`).FindAllStringSubmatch(promised, -1) {
		want = append(want, text[1])
	}
	require.Equal(t, want, strings.Split(strings.TrimSpace(printed(t, Example)), "\n"))
}

// printed returns what a function writes to standard output.
func printed(t *testing.T, f func()) string {
	t.Helper()
	read, write, err := os.Pipe()
	require.NoError(t, err)
	stdout := os.Stdout
	os.Stdout = write
	defer func() { os.Stdout = stdout }()
	f()
	require.NoError(t, write.Close())
	text, err := io.ReadAll(read)
	require.NoError(t, err)
	return string(text)
}

// TestReadme shows that the code in README.md is the tested one.
func TestReadme(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	source, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	require.NotEmpty(t, blocks)
	for _, block := range blocks {
		require.Contains(t, string(source), block[1])
	}
}
