package distribution

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/internal/testenv"
)

func TestVersionIsPinned(t *testing.T) {
	t.Parallel()
	require.Contains(t, string(pom), "<version>"+Version+"</version>")
	require.Contains(t, lock, "kafka_2.13-"+Version+".jar")
}

// TestVerify changes, adds and removes a jar.
func TestVerify(t *testing.T) {
	t.Parallel()
	dir, err := Find()
	if err != nil {
		testenv.Missing(t, err.Error())
	}
	require.NoError(t, Verify(dir))

	copied := t.TempDir()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var some string
	for _, entry := range entries {
		require.NoError(t, os.Symlink(filepath.Join(dir, entry.Name()), filepath.Join(copied, entry.Name())))
		if strings.HasPrefix(entry.Name(), "slf4j-api") {
			some = filepath.Join(copied, entry.Name())
		}
	}
	require.NoError(t, Verify(copied))
	require.NoError(t, os.Remove(some))
	require.ErrorContains(t, Verify(copied), "missing")
	require.NoError(t, os.WriteFile(some, []byte("other"), 0o600))
	require.ErrorContains(t, Verify(copied), filepath.Base(some))
	require.NoError(t, os.Rename(some, filepath.Join(copied, "new.jar")))
	require.ErrorContains(t, Verify(copied), "new.jar")
}
