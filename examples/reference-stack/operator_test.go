package referencestack

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/keep"
	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/local"
)

// leavePlace leaves the place of a durable tap in a log, as a program does that
// had one and has it no longer.
func leavePlace(t *testing.T, dir, name string, offset int64) {
	t.Helper()
	records, err := local.Open(local.Config{Dir: filepath.Join(dir, "log")})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	require.NoError(t, records.Own(ctx, func(ctx context.Context, p stream.Partition) error {
		defer cancel()
		return p.Follower(name).Move(ctx, offset)
	}))
	require.NoError(t, records.Close())
}

// TestTapLeftBehind has a tap that was taken out of the configuration hold back
// what an erasure is to forget, and drops it.
func TestTapLeftBehind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := up(t, dir)
	status, text := s.ask(t, "POST", "/v1/track", writeKey, `{"event":"E","userId":"ada"}`)
	require.Equal(t, 200, status, text)
	s.settled(t)
	s.stop(t)
	leavePlace(t, dir, "warehouse", 0)
	s = up(t, dir)
	do := func(want int, args ...string) string {
		t.Helper()
		code, stdout, stderr := run(t, append(args, "--data", dir)...)
		require.Equal(t, want, code, stderr)
		return stdout + stderr
	}
	for _, args := range [][]string{{"taps", "list"}, {"status"}} {
		require.Regexp(t, `(?m)^warehouse +0 +durable +1 record .*not configured$`, do(0, args...))
	}
	var tap map[string]any
	for line := range strings.Lines(do(0, "taps", "list", "--json")) {
		if strings.Contains(line, `"warehouse"`) {
			require.NoError(t, json.Unmarshal([]byte(line), &tap))
		}
	}
	require.Equal(t, true, tap["idle"])

	receipt := s.command(t, "erase", "--tenant", "shop", "--person", "user:ada")
	require.Equal(t, keep.Done, receipt.State)
	require.Contains(t, receipt.Log.Remains, "warehouse")
	require.Contains(t, do(0, "maintain"), "{")
	require.Contains(t, do(0, "erasures", "list", "--tenant", "shop"), "by the follower warehouse", "the night cannot, either")

	require.Contains(t, do(1, "taps", "drop", "elsewhere"), "404")
	require.Contains(t, do(0, "taps", "drop", "warehouse"), `{"dropped":"warehouse"}`)
	require.Contains(t, do(0, "taps", "list"), `{"taps":1}`, "the live one is left")
	require.NotContains(t, do(0, "status"), "warehouse")
	do(0, "maintain")
	receipt = s.command(t, "erasures", "show", receipt.Name)
	require.Empty(t, receipt.Log.Remains)
	require.False(t, receipt.Log.Forgotten.IsZero())

	require.Contains(t, do(0, "erasures", "list", "--tenant", "shop"), `{"erasures":1,"pending":0,"tenant":"shop"}`)
	all := do(0, "erasures", "list")
	require.Regexp(t, `(?m)^`+receipt.Name+` +shop `, all)
	require.Contains(t, all, `{"erasures":1,"pending":0}`)
	require.Contains(t, do(0, "erasures", "lift", receipt.Name), receipt.Name)
	require.Contains(t, do(1, "erasures", "lift", receipt.Name), "404")
	require.Contains(t, do(0, "erasures", "list", "--tenant", "shop", "--json"), `{"erasures":0,"pending":0,"tenant":"shop"}`)
	s.stop(t)
}

// TestSubcommands is what people see who do not know the commands.
func TestSubcommands(t *testing.T) {
	t.Parallel()
	for command, names := range map[string]string{"rejected": "list|replay|trace", "erasures": "lift|list|show", "taps": "drop|list"} {
		code, _, stderr := run(t, command)
		require.Equal(t, 2, code)
		require.Contains(t, stderr, names)
		code, stdout, _ := run(t, command, "--help")
		require.Zero(t, code)
		require.Contains(t, stdout, names)
		for name := range strings.SplitSeq(names, "|") {
			code, stdout, _ := run(t, command, name, "--help")
			require.Zero(t, code)
			require.Contains(t, stdout, "usage: footfall "+command+" "+name)
			require.Equal(t, name == "list" && command == "rejected" || name == "replay", strings.Contains(stdout, "-reason"))
		}
	}
	code, _, stderr := run(t, "taps", "drop")
	require.Equal(t, 2, code)
	require.Contains(t, stderr, "name one tap")
}

// TestRecoverOfNothing holds that a folder that is not there is no folder in
// order, and is not made.
func TestRecoverOfNothing(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "nope")
	code, stdout, stderr := run(t, "recover", "--data", folder)
	require.Equal(t, 2, code)
	require.Empty(t, stdout)
	require.Contains(t, stderr, "nope: no such file or directory")
	require.NoDirExists(t, folder)
}
