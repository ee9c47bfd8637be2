package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	pq "github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/examples/custom-sink/parquet"
	"github.com/footfall-go/footfall/examples/custom-sink/webhook"
	"github.com/footfall-go/footfall/internal/testenv"
	"github.com/footfall-go/footfall/store/chdb"
	"github.com/footfall-go/footfall/store/clickhouse"
	"github.com/footfall-go/footfall/stream"
)

const (
	secret   = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	clients  = 3
	patience = 2 * time.Minute
	adminKey = "ak_test"
	asChild  = "FOOTFALL_CUSTOM_SINK_CHILD"
)

// TestMain makes the test's binary the program that is to be killed.
func TestMain(m *testing.M) {
	switch {
	case os.Getenv(asChild) != "":
		main()
		return
	case os.Getenv(asReceiver) != "":
		receive()
		return
	}
	os.Exit(m.Run())
}

// kills is how often the program is killed.
func kills(tb testing.TB) int {
	tb.Helper()
	text := os.Getenv("FOOTFALL_CHAOS_KILLS")
	if text == "" {
		return 12
	}
	n, err := strconv.Atoi(text)
	require.NoError(tb, err)
	return n
}

// nextFile returns when a file has appeared in a folder.
func nextFile(t *testing.T, dir string) {
	t.Helper()
	newest := func() string {
		names, err := filepath.Glob(filepath.Join(dir, "*.parquet"))
		require.NoError(t, err)
		return slices.Max(append(names, ""))
	}
	before, begun := newest(), time.Now()
	for newest() <= before && time.Since(begun) < patience {
		runtime.Gosched()
	}
}

// receiver takes webhooks, now and then badly.
type receiver struct {
	mu       sync.Mutex
	dice     *rand.Rand
	ids      []string // message ids, first copies only, in order of arrival
	seen     map[footfall.Position]string
	visitors map[footfall.Position]string // as erasures name them
	erased   []webhook.Erasure
	last     footfall.Position
	repeated int
	refused  int
	wrong    []string
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // the sender was killed
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := webhook.Verify(req.Header, body, time.Now(), secret); err != nil {
		r.wrong = append(r.wrong, err.Error())
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	fate := r.dice.IntN(12)
	if fate == 0 {
		r.refused++
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	for lines := bufio.NewReader(bytes.NewReader(body)); ; {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		if order := (webhook.Erasure{}); json.Unmarshal(line, &order) == nil && order.Erase.Name != "" {
			r.erased = append(r.erased, order)
			continue
		}
		var ev webhook.Event
		if err := json.Unmarshal(line, &ev); err != nil {
			r.wrong = append(r.wrong, err.Error())
			break
		}
		at := footfall.Position{Epoch: uint16(ev.Position[0]), Partition: uint16(ev.Position[1]), Offset: ev.Position[2], Index: uint32(ev.Position[3])}
		if id, ok := r.seen[at]; ok {
			r.repeated++
			if id != ev.MessageID {
				r.wrong = append(r.wrong, fmt.Sprintf("%v is %s and %s", at, id, ev.MessageID))
			}
			continue
		}
		if len(r.ids) > 0 && r.last.Compare(at) >= 0 {
			r.wrong = append(r.wrong, fmt.Sprintf("%v came after %v", at, r.last))
		}
		r.seen[at], r.visitors[at], r.last = ev.MessageID, ev.Visitor, at
		r.ids = append(r.ids, ev.MessageID)
	}
	if fate == 1 { // it has them, and the sender does not learn of it
		w.WriteHeader(http.StatusInternalServerError)
	}
}

// child is the program, started and killed.
type child struct {
	cmd    *exec.Cmd
	url    string
	stderr bytes.Buffer
}

func start(t *testing.T, dir, hook string, rows int) *child {
	t.Helper()
	return launch(t, asChild, "--listen", "127.0.0.1:0", "--data", dir, "--tenant", "shop:wk_shop",
		"--admin-key", adminKey, "--webhook", hook, "--secret", secret, "--parquet", filepath.Join(dir, "parquet"), "--rows", strconv.Itoa(rows), "--age", "300ms")
}

// launch starts this binary as one of the processes that it can be, and waits
// for the line that tells its address.
func launch(t *testing.T, as string, args ...string) *child {
	t.Helper()
	c := &child{}
	c.cmd = exec.Command(os.Args[0], args...) //nolint:noctx // the test decides how it ends
	c.cmd.Env = append(os.Environ(), as+"=1")
	testenv.Tie(c.cmd).Stderr = &c.stderr
	out, err := c.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.cmd.Start())
	t.Cleanup(func() { _ = c.cmd.Process.Kill() }) // it may be gone
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_ = c.cmd.Wait()
		if strings.Contains(c.stderr.String(), "engine is not on this machine") {
			testenv.Missing(t, c.stderr.String())
		}
		require.NoError(t, err, c.stderr.String())
	}
	c.url = strings.TrimSpace(strings.TrimPrefix(line, "ready "))
	return c
}

func (c *child) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, c.cmd.Process.Kill())
	_ = c.cmd.Wait() // the status is that of the signal
}

// send posts batches, each until it is accepted, and notes what was, with whose
// it is. Some of it is of visitors that are erased meanwhile, and refused.
func send(ctx context.Context, client int, url *atomic.Pointer[string], stop <-chan struct{}) (accepted map[string]string, err error) {
	accepted = map[string]string{}
	for n := 0; ; n++ {
		select {
		case <-stop:
			return accepted, nil
		default:
		}
		var messages []string
		whose := map[string]string{}
		for i := range 1 + n%40 {
			id, visitor := fmt.Sprintf("c%d-%d-%d", client, n, i), fmt.Sprintf("v%d", (n+i)%50)
			if i == 0 {
				visitor = "bystander"
			}
			whose[id] = visitor
			messages = append(messages, fmt.Sprintf(`{"type":"track","event":"click","messageId":%q,"anonymousId":%q,"properties":{"n":%d}}`, id, visitor, n))
		}
		body := `{"batch":[` + strings.Join(messages, ",") + `]}`
		for {
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, *url.Load()+"/v1/batch", strings.NewReader(body))
			if err != nil {
				return nil, err
			}
			req.SetBasicAuth("wk_shop", "")
			resp, err := http.DefaultClient.Do(req)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err == nil {
				var answer struct {
					Rejected []struct{ MessageID, Code string }
				}
				err = json.NewDecoder(resp.Body).Decode(&answer)
				_ = resp.Body.Close()
				if err == nil && resp.StatusCode == http.StatusOK {
					for _, r := range answer.Rejected {
						if r.Code != "illegal_id" {
							return nil, errors.New(r.Code)
						}
						delete(whose, r.MessageID)
					}
					break
				}
				if resp.StatusCode/100 == 4 {
					return nil, errors.New(resp.Status)
				}
			}
			<-time.After(20 * time.Millisecond) // it is being started again
		}
		maps.Copy(accepted, whose)
	}
}

// number is how many events of all clients were accepted.
func number(accepted []map[string]string) (n int) {
	for _, all := range accepted {
		n += len(all)
	}
	return n
}

// status asks the program how it does.
func (c *child) status(ctx context.Context) (s stream.Status, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+"/status", nil)
	if err != nil {
		return s, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return s, err
	}
	defer func() { _ = resp.Body.Close() }()
	return s, json.NewDecoder(resp.Body).Decode(&s)
}

// erase requests that a visitor is erased, and returns where the receipt is.
func (c *child) erase(t *testing.T, visitor string) (path string) {
	t.Helper()
	var receipt struct{ Name, State string }
	require.Eventually(t, func() bool {
		return c.ask(t, http.MethodPost, "/api/v1/erasures", fmt.Sprintf(`{"tenant":"shop","person":"visitor:%s"}`, visitor), &receipt) == http.StatusAccepted
	}, patience, 20*time.Millisecond, "erase "+visitor)
	return "/api/v1/erasures/" + receipt.Name
}

// ask sends a request with the admin key; an answer that is none has status 0.
func (c *child) ask(t *testing.T, method, path, body string, answer any) (status int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, c.url+path, strings.NewReader(body))
	require.NoError(t, err)
	req.SetBasicAuth("", adminKey)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	defer func() { _ = resp.Body.Close() }()
	if json.NewDecoder(resp.Body).Decode(answer) != nil {
		return 0
	}
	return resp.StatusCode
}

// given waits until store and taps have everything, and returns their status.
func (c *child) given(t *testing.T) (st stream.PartitionStatus) {
	t.Helper()
	require.Eventually(t, func() bool {
		s, err := c.status(t.Context())
		if err != nil || s.Lag.Events != 0 || len(s.Partitions) != 1 {
			return false
		}
		st = s.Partitions[0]
		return !slices.ContainsFunc(st.Taps, func(tap stream.TapStatus) bool { return tap.LagEvents != 0 || tap.Cursor != st.End })
	}, patience, 20*time.Millisecond, c.stderr.String())
	return st
}

// TestChaosKilledTapsMissNothing kills the program with SIGKILL at random moments
// under load, while taps start and persons are erased as well. Afterwards the
// receiver of the webhook has every accepted event of all others, in order and
// signed, and the Parquet files have each exactly once, like the store; of who
// was erased nothing is left where somebody deletes what the sinks were told to.
func TestChaosKilledTapsMissNothing(t *testing.T) {
	t.Parallel()
	hooks := &receiver{dice: rand.New(rand.NewPCG(3, 4)), seen: map[footfall.Position]string{}, visitors: map[footfall.Position]string{}}
	server := httptest.NewServer(hooks)
	defer server.Close()
	dir, chance := t.TempDir(), rand.New(rand.NewPCG(5, 6))
	var url atomic.Pointer[string]
	c := start(t, dir, server.URL, 300)
	url.Store(&c.url)

	stop := make(chan struct{})
	var working sync.WaitGroup
	accepted, failures := make([]map[string]string, clients), make(chan error, clients)
	for i := range clients {
		working.Go(func() {
			var err error
			if accepted[i], err = send(t.Context(), i, &url, stop); err != nil {
				failures <- err
			}
		})
	}
	erased, receipts := map[string]bool{}, []string{}
	for i := range kills(t) {
		if visitor := fmt.Sprint("v", i%50); i%3 > 0 && !erased[visitor] { // carried out or not when it is killed
			receipts = append(receipts, c.erase(t, visitor))
			erased[visitor] = true
		}
		select {
		case <-time.After(time.Duration(chance.IntN(1500)) * time.Millisecond):
		case err := <-failures:
			require.NoError(t, err)
		}
		if i%2 == 1 { // between the file and the move of the tap's place
			nextFile(t, filepath.Join(dir, "parquet"))
		}
		c.kill(t)
		c = start(t, dir, server.URL, 100+chance.IntN(400)) // what comes again is cut elsewhere
		url.Store(&c.url)
	}
	close(stop)
	working.Wait()
	close(failures)
	require.NoError(t, <-failures)
	for _, path := range receipts {
		var receipt struct{ State string }
		require.Eventually(t, func() bool {
			return c.ask(t, http.MethodGet, path, "", &receipt) == http.StatusOK && receipt.State == "done"
		}, patience, 50*time.Millisecond, path)
	}
	st := c.given(t)
	require.NoError(t, c.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, c.cmd.Wait(), c.stderr.String())

	// How much of somebody was given before the order depends on who was faster,
	// and nobody counts it. What is left when it is deleted as told must be nothing.
	var want []string
	whose := map[string]string{}
	for _, all := range accepted {
		for id, visitor := range all {
			whose[id] = visitor
			if !erased[visitor] {
				want = append(want, id)
			}
		}
	}
	slices.Sort(want)
	require.NotEmpty(t, want)
	require.Less(t, len(want), len(whose), "somebody was erased who had done something")
	others := func(ids []string) []string {
		left := slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
			require.NotEmpty(t, whose[id], "%s was not accepted", id)
			return erased[whose[id]]
		})
		slices.Sort(left)
		return left
	}

	hooks.mu.Lock()
	defer hooks.mu.Unlock()
	require.Empty(t, hooks.wrong)
	require.Equal(t, want, others(hooks.ids), "the webhook, first copies")
	var left []string
	for at, id := range hooks.seen {
		if !slices.ContainsFunc(hooks.erased, func(o webhook.Erasure) bool {
			return at.Offset < o.Erase.Before[2] && slices.ContainsFunc(o.Erase.IDs, func(gone footfall.ID) bool { return gone.String() == hooks.visitors[at] })
		}) {
			left = append(left, id)
		}
	}
	slices.Sort(left)
	require.Equal(t, want, left, "the webhook, when the receiver has deleted what it was told to")

	names, err := filepath.Glob(filepath.Join(dir, "parquet", "*.parquet"))
	require.NoError(t, err)
	var kept []string
	gone := map[string]int64{} // id to the offset before which it is erased
	orders, err := filepath.Glob(filepath.Join(dir, "parquet", "erasures", "*.parquet"))
	require.NoError(t, err)
	for _, name := range orders {
		rows, err := pq.ReadFile[parquet.ErasedRow](name)
		require.NoError(t, err)
		for i := range rows {
			gone[rows[i].ID] = max(gone[rows[i].ID], rows[i].Offset)
		}
	}
	require.Len(t, gone, len(erased))
	places := map[footfall.Coordinate]string{}
	for _, name := range names {
		rows, err := pq.ReadFile[parquet.Row](name)
		require.NoError(t, err)
		for i := range rows {
			at := rows[i].Position()
			if at.Offset < gone[rows[i].Visitor] {
				continue
			}
			require.Equal(t, hooks.seen[at], rows[i].MessageID, "both taps saw the same")
			kept = append(kept, rows[i].MessageID)
			places[footfall.Coordinate{Offset: at.Offset, Index: at.Index}] = rows[i].MessageID
		}
	}
	slices.Sort(kept)
	require.Equal(t, want, kept, "the files, each event exactly once")

	stored := map[footfall.Coordinate]bool{}
	for _, at := range storedIn(t, dir, st.End) {
		stored[at] = true
	}
	require.Len(t, stored, len(want))
	for at := range places {
		require.True(t, stored[at], "%+v is in a file and not in the store", at)
	}
	t.Logf("%d events over %d kills and %d erasures; %d came to the webhook again, %d requests were refused, %d files",
		len(want), kills(t), len(erased), hooks.repeated, hooks.refused, len(names))
}

// engineTurn is held by whoever looks into a store: a process has one engine.
var engineTurn sync.Mutex

// storedIn asks the store that the program has left.
func storedIn(t *testing.T, dir string, end int64) []footfall.Coordinate {
	t.Helper()
	engineTurn.Lock()
	defer engineTurn.Unlock()
	engine, err := chdb.Open(t.Context(), chdb.Config{Dir: filepath.Join(dir, "store")})
	require.NoError(t, err)
	defer func() { require.NoError(t, engine.Close()) }()
	store, err := clickhouse.New(clickhouse.Config{Transport: engine.Transport(), Kind: "chdb"})
	require.NoError(t, err)
	present, err := store.Present(t.Context(), 0, 0, 0, end)
	require.NoError(t, err)
	return present
}
