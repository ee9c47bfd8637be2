package local

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/tenant"
)

// secrets returns the tables of a log that hold a text.
func secrets(t *testing.T, log *Log, text string) (found []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(log.cfg.Dir, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".sst" {
			return err
		}
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed meanwhile
		}
		if bytes.Contains(b, []byte(text)) {
			found = append(found, filepath.Base(path))
		}
		return err
	}))
	return found
}

func TestForget(t *testing.T) {
	t.Parallel()
	log := open(t, Config{})
	p := &partition{log: log}
	log.setOwner(p)
	secret := strings.Repeat("ada@example.com", 3) + noise(20_000)
	require.NoError(t, log.Append(t.Context(), records("a", "b")))
	// One append is one group: what is to go and what is to stay stand under one key.
	require.NoError(t, log.Append(t.Context(), records(secret, "order", "c")))
	require.NoError(t, p.Commit(t.Context(), stream.Plan{From: 2, To: 5, Fold: 2}))
	require.NoError(t, p.Snapshots().Save(t.Context(), 2, 2, strings.NewReader(secret)))
	require.NoError(t, log.engine.db.Flush())
	require.NotEmpty(t, secrets(t, log, secret[:45]))

	require.ErrorIs(t, log.Forget(t.Context(), 3), ErrNeeded, "the plan is not past it")
	require.NoError(t, p.Commit(t.Context(), stream.Plan{From: 5, To: 5, Fold: 2}))
	require.ErrorIs(t, log.Forget(t.Context(), 3), ErrNeeded, "there is no snapshot after it")
	require.NoError(t, p.Snapshots().Save(t.Context(), 2, 5, strings.NewReader("state")))
	require.NoError(t, p.Follower("export").Move(t.Context(), 2))
	require.ErrorContains(t, log.Forget(t.Context(), 3), "export at 2")
	require.Len(t, whole(t, log), 5)
	require.NoError(t, p.Follower("export").Move(t.Context(), 3))
	require.ErrorContains(t, log.Forget(t.Context(), 3), "export at 3", "no state is left that it could go on from")
	require.NoError(t, p.Follower("export").Move(t.Context(), 5))
	require.NoError(t, p.Follower("left").Move(t.Context(), 1))
	require.ErrorContains(t, log.Forget(t.Context(), 3), "left at 1")
	require.NoError(t, p.Follower("left").Drop(t.Context()))

	for range 2 {
		require.NoError(t, log.Forget(t.Context(), 3))
		// The database removes the files of old tables in the background.
		require.Eventually(t, func() bool { return len(secrets(t, log, secret[:45])) == 0 }, 10*time.Second, time.Millisecond)
		left := whole(t, log)
		require.Len(t, left, 2)
		require.Equal(t, int64(3), left[0].Offset)
		require.Equal(t, "order", string(left[0].Value))
		require.Equal(t, "c", string(left[1].Value))
		require.Len(t, log.snapshots, 1)
		log = reopen(t, log)
		require.Equal(t, int64(3), log.first)
		require.Equal(t, int64(5), log.end)
	}

	// All of it but the last, which tells where the log ends.
	p = &partition{log: log}
	log.setOwner(p)
	require.NoError(t, p.Follower("export").Move(t.Context(), 5))
	require.NoError(t, log.Forget(t.Context(), 5))
	require.Equal(t, int64(4), log.first)
	log = reopen(t, log)
	next := records("next")
	require.NoError(t, log.Append(t.Context(), next))
	require.Equal(t, int64(5), next[0].Offset)
}

func TestForgetImports(t *testing.T) {
	t.Parallel()
	log := open(t, Config{})
	names := []string{"shop", "shop-2", "sho"}
	for i, name := range names {
		id, err := tenant.ParseID(name)
		require.NoError(t, err)
		require.NoError(t, log.SetImportPosition(t.Context(), id, "orders", int64(i+1)))
	}
	shop, _ := tenant.ParseID("shop")
	require.NoError(t, log.ForgetImports(t.Context(), shop))
	log = reopen(t, log)
	for i, name := range names {
		id, _ := tenant.ParseID(name)
		at, err := log.ImportPosition(t.Context(), id, "orders")
		require.NoError(t, err)
		require.Equal(t, map[bool]int64{true: 0, false: int64(i + 1)}[name == "shop"], at, fmt.Sprint(name))
	}
}
