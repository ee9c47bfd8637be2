package local

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/stream"
)

// appendUntilKilled is the child of TestKilled: it appends from several
// goroutines, commits plans and snapshots, and prints each acknowledged record.
func appendUntilKilled(dir string) {
	log, err := Open(Config{Dir: dir})
	if err != nil {
		fmt.Println("error", err)
		return
	}
	var out sync.Mutex
	for a := range 4 {
		go func() {
			for i := 0; ; i++ {
				value := fmt.Sprintf("%d-%d-%d", os.Getpid(), a, i)
				if i%7 == 0 {
					value += strings.Repeat(" large", 2000)
				}
				recs := []footfall.Record{{Events: 1, Tenant: "shop", Value: []byte(value)}}
				if err := log.Append(context.Background(), recs); err != nil {
					fmt.Println("error", err)
					return
				}
				out.Lock()
				fmt.Println("ok", recs[0].Offset, int64(recs[0].Time), value[:min(len(value), 30)])
				out.Unlock()
			}
		}()
	}
	_ = log.Own(context.Background(), func(ctx context.Context, p stream.Partition) error {
		for {
			_, end, _ := p.Bounds(ctx)
			if err := p.Commit(ctx, stream.Plan{From: end, To: end, Fold: 1}); err != nil {
				return err
			}
			if err := p.Follower("tap").Move(ctx, end); err != nil {
				return err
			}
			state := strings.Repeat(fmt.Sprintf("%020d", end), 30000)
			if err := p.Snapshots().Save(ctx, 1, end, strings.NewReader(state)); err != nil {
				return err
			}
			out.Lock()
			fmt.Println("plan", end)
			out.Unlock()
		}
	})
}

const kills = 4

// TestKilled kills a process that appends and looks for what it said.
func TestKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	type acknowledged struct {
		offset int64
		time   int64
		value  string
	}
	var all []acknowledged
	plan := int64(0)
	for range kills {
		cmd := child(t, "append", dir)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		cmd.Stderr = os.Stderr
		require.NoError(t, cmd.Start())
		lines := 100 + rand.IntN(1000)
		for s := bufio.NewScanner(out); s.Scan(); lines-- {
			if lines == 0 {
				require.NoError(t, cmd.Process.Kill())
			}
			word := strings.SplitN(s.Text(), " ", 4)
			switch {
			case word[0] == "ok" && len(word) == 4:
				offset, err := strconv.ParseInt(word[1], 10, 64)
				require.NoError(t, err)
				at, err := strconv.ParseInt(word[2], 10, 64)
				require.NoError(t, err)
				all = append(all, acknowledged{offset, at, word[3]})
			case word[0] == "plan":
				plan, err = strconv.ParseInt(word[1], 10, 64)
				require.NoError(t, err)
			case word[0] == "error":
				t.Fatal(s.Text())
			}
		}
		_ = cmd.Wait()

		log := open(t, Config{Dir: dir})
		recs := whole(t, log)
		for i, r := range recs {
			require.Equal(t, int64(i), r.Offset)
			if i > 0 {
				require.GreaterOrEqual(t, r.Time, recs[i-1].Time)
			}
		}
		for _, a := range all {
			require.Less(t, a.offset, int64(len(recs)), "acknowledged record is gone")
			r := recs[a.offset]
			require.Equal(t, a.value, string(r.Value[:min(len(r.Value), 30)]))
			require.Equal(t, a.time, int64(r.Time))
		}
		require.GreaterOrEqual(t, log.places.plan.From, plan)
		require.GreaterOrEqual(t, log.places.cursors["tap"], plan)
		require.NotEmpty(t, log.snapshots)
		for _, held := range log.snapshots {
			offset, data, err := (*snapshots)(log).Load(t.Context(), 1, held.offset)
			require.NoError(t, err)
			var content strings.Builder
			_, err = bufio.NewReader(data).WriteTo(&content)
			require.NoError(t, err)
			require.Equal(t, strings.Repeat(fmt.Sprintf("%020d", offset), 30000), content.String())
		}
		require.NoError(t, log.Close())
	}
	t.Logf("%d acknowledged records over %d kills", len(all), kills)
}

// TestTornWrite damages the end of the newest write-ahead log: the last record
// was torn by a power cut, those before were acknowledged.
func TestTornWrite(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func([]byte) []byte{
		"Truncated":   func(b []byte) []byte { return b[:len(b)-40] },
		"Garbled":     func(b []byte) []byte { return append(b[:len(b)-40:len(b)-40], make([]byte, 40)...) },
		"GarbledByte": func(b []byte) []byte { b[len(b)-20] ^= 0xff; return b },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := open(t, Config{})
			var want []string
			for i := range 10 {
				want = append(want, fmt.Sprint("record ", i))
				require.NoError(t, log.Append(t.Context(), records(want[i])))
			}
			torn := strings.Repeat("torn", 50)
			require.NoError(t, log.Append(t.Context(), records(torn)))

			crashed := t.TempDir() // what the disk holds while the log is open
			require.NoError(t, os.CopyFS(crashed, os.DirFS(log.cfg.Dir)))
			logs, err := filepath.Glob(filepath.Join(crashed, "*.log"))
			require.NoError(t, err)
			newest := slices.Max(logs)
			content, err := os.ReadFile(newest)
			require.NoError(t, err)
			last := strings.LastIndex(string(content), torn) + len(torn)
			require.Greater(t, last, len(torn))
			require.NoError(t, os.WriteFile(newest, damage(content[:last]), 0o600))

			after := open(t, Config{Dir: crashed})
			require.Equal(t, want, values(whole(t, after)))
			require.NoError(t, after.Append(t.Context(), records("next")))
			require.Equal(t, append(want, "next"), values(whole(t, reopen(t, after))))
		})
	}
}
