package importer_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/ingest/importer"
	"github.com/footfall-go/footfall/internal/testenv"
	"github.com/footfall-go/footfall/tenant"
)

// fakeDoor keeps what POST /v1/import is given, and can be told to fail.
type fakeDoor struct {
	mu       sync.Mutex
	position int64
	lines    []string
	requests int
	fail     func(request int) int // a status to answer instead
	refuse   string                // messages that contain it are refused
	target   string
}

func (d *fakeDoor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer admin" || r.URL.Path != "/v1/import" || r.URL.Query().Get("tenant") != "shop" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	d.target = r.URL.String()
	if r.Method == http.MethodGet {
		_, _ = fmt.Fprintf(w, `{"position":%d}`, d.position)
		return
	}
	d.requests++
	if d.fail != nil {
		if status := d.fail(d.requests); status != 0 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"title":"no","detail":"not now"}`)
			return
		}
	}
	body, _ := io.ReadAll(r.Body)
	accepted, rejected := 0, []string{}
	for i, line := range strings.Split(strings.TrimSuffix(string(body), "\n"), "\n") {
		if line == "" {
			continue
		}
		if d.refuse != "" && strings.Contains(line, d.refuse) {
			rejected = append(rejected, fmt.Sprintf(`{"index":%d,"messageId":"x","code":"missing_id","message":"no id"}`, i))
			continue
		}
		accepted++
		d.lines = append(d.lines, line)
	}
	d.position, _ = strconv.ParseInt(r.URL.Query().Get("position"), 10, 64)
	_, _ = fmt.Fprintf(w, `{"success":true,"accepted":%d,"rejected":[%s]}`, accepted, strings.Join(rejected, ","))
}

func setup(t *testing.T, format importer.Format) (*fakeDoor, importer.Config) {
	t.Helper()
	door := &fakeDoor{}
	server := httptest.NewServer(door)
	t.Cleanup(server.Close)
	shop, err := tenant.ParseID("shop")
	require.NoError(t, err)
	return door, importer.Config{URL: server.URL, AdminKey: "admin", Tenant: shop, Name: "N", Format: format}
}

func TestRows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		format importer.Format
		zone   string
		fields map[string]string
		input  string
		want   []string
	}{
		"columns with the names of fields": {
			importer.CSV, "", nil,
			"anonymousId,event,timestamp,price,note\na,Viewed,2024-01-04 11:45:38,9.5,\n\"b\",\"say \"\"hi\"\"\",2024-01-04T11:45:38Z,007,x\n",
			[]string{
				`{"type":"track","messageId":"N:1","anonymousId":"a","event":"Viewed","timestamp":"2024-01-04T11:45:38Z","properties":{"price":9.5}}`,
				`{"type":"track","messageId":"N:2","anonymousId":"b","event":"say \"hi\"","timestamp":"2024-01-04T11:45:38Z","properties":{"price":"007","note":"x"}}`,
			},
		},
		"templates, constants and a zone": {
			importer.CSV, "Europe/Berlin",
			map[string]string{"userId": "r{reviewerId}", "event": "review", "timestamp": "{date}", "context.page.path": "/v/{vendorId}"},
			"reviewerId,vendorId,rating,date\n12,3,5,2006-04-07 17:08\n,3,5,2006-04-07 17:08\n",
			[]string{
				`{"type":"track","messageId":"N:1","userId":"r12","event":"review","timestamp":"2006-04-07T15:08:00Z","properties":{"rating":5},"context":{"page":{"path":"/v/3"}}}`,
				`{"type":"track","messageId":"N:2","event":"review","timestamp":"2006-04-07T15:08:00Z","properties":{"rating":5},"context":{"page":{"path":"/v/3"}}}`,
			},
		},
		"one column for two fields": {
			importer.CSV, "",
			map[string]string{"userId": "{user_id}", "anonymousId": "{user_id}", "messageId": "m-{n}", "properties.source": "import"},
			"user_id,n,event,timestamp\nu1,1,buy,1704368738\n",
			[]string{`{"type":"track","messageId":"m-1","anonymousId":"u1","userId":"u1","event":"buy","timestamp":"2024-01-04T11:45:38Z","properties":{"source":"import"}}`},
		},
		"traits of identify": {
			importer.CSV, "",
			map[string]string{"type": "identify", "userId": "{id}"},
			"id,plan\nu1,pro\n",
			[]string{`{"type":"identify","messageId":"N:1","userId":"u1","traits":{"plan":"pro"}}`},
		},
		"finished messages": {
			importer.NDJSON, "", nil,
			"{\"type\":\"track\",\"event\":\"a\",\"userId\":\"u\",\"messageId\":\"m1\"}\n\n{\"type\":\"page\",\"userId\":\"u\",\"timestamp\":\"2024-01-04 11:45:38\",\"properties\":{\"x\":[1]}}",
			[]string{
				`{"event":"a","messageId":"m1","type":"track","userId":"u"}`,
				`{"properties":{"x":[1]},"timestamp":"2024-01-04T11:45:38Z","type":"page","userId":"u","messageId":"N:2"}`,
			},
		},
		"objects as columns": {
			importer.NDJSON, "",
			map[string]string{"anonymousId": "v{id}"},
			`{"id":7,"event":"a","deep":{"x":1},"gone":null,"text":"5"}`,
			[]string{`{"type":"track","messageId":"N:1","anonymousId":"v7","event":"a","properties":{"deep":{"x":1},"text":"5"}}`},
		},
		"access log": {
			importer.Combined, "", nil,
			`83.149.9.216 - - [17/May/2015:10:05:03 +0200] "GET /a b.png HTTP/1.1" 200 203023 "http://x.de/?q=\"1\"" "Mozilla/5.0 (X)"` + "\n",
			[]string{`{"type":"page","messageId":"N:1","anonymousId":"bde87836ab8412f44cd7d9e6557c2a48","timestamp":"2015-05-17T08:05:03Z","properties":{"method":"GET","path":"/a b.png","status":200,"bytes":203023,"referrer":"http://x.de/?q=\"1\""},"context":{"ip":"83.149.9.0","userAgent":"Mozilla/5.0 (X)"}}`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			door, cfg := setup(t, c.format)
			cfg.Map = c.fields
			if c.zone != "" {
				var err error
				cfg.Zone, err = time.LoadLocation(c.zone)
				require.NoError(t, err)
			}
			res, err := importer.Run(t.Context(), cfg, strings.NewReader(c.input))
			require.NoError(t, err)
			require.Equal(t, c.want, door.lines)
			for _, line := range door.lines {
				require.True(t, json.Valid([]byte(line)), line)
			}
			n := int64(len(c.want))
			require.Equal(t, importer.Result{Import: "N", Rows: n, Accepted: n, Position: n}, res)
		})
	}
}

func manyRows(from, to int) string {
	var b strings.Builder
	for i := from; i <= to; i++ {
		fmt.Fprintf(&b, "{\"event\":\"e\",\"userId\":\"u%d\"}\n", i)
	}
	return b.String()
}

func TestResumeAndGrow(t *testing.T) {
	t.Parallel()
	door, cfg := setup(t, importer.NDJSON)
	res, err := importer.Run(t.Context(), cfg, strings.NewReader(manyRows(1, 3000)), strings.NewReader(manyRows(3001, 4500)))
	require.NoError(t, err)
	require.Equal(t, importer.Result{Import: "N", Rows: 4500, Accepted: 4500, Position: 4500}, res)
	require.Len(t, door.lines, 4500)
	for i, line := range door.lines {
		require.Contains(t, line, fmt.Sprintf(`"messageId":"N:%d","userId":"u%d"`, i+1, i+1))
	}

	res, err = importer.Run(t.Context(), cfg, strings.NewReader(manyRows(1, 4500)))
	require.NoError(t, err)
	require.Equal(t, importer.Result{Import: "N", Position: 4500}, res)

	res, err = importer.Run(t.Context(), cfg, strings.NewReader(manyRows(1, 4510)))
	require.NoError(t, err)
	require.Equal(t, importer.Result{Import: "N", Rows: 10, Accepted: 10, Position: 4510}, res)
	require.Len(t, door.lines, 4510)
}

func TestRetriesKeepOrder(t *testing.T) {
	t.Parallel()
	door, cfg := setup(t, importer.NDJSON)
	door.fail = func(request int) int {
		return map[int]int{1: http.StatusServiceUnavailable, 3: http.StatusTooManyRequests, 4: http.StatusBadGateway}[request]
	}
	_, err := importer.Run(t.Context(), cfg, strings.NewReader(manyRows(1, 6000)))
	require.NoError(t, err)
	require.Len(t, door.lines, 6000)
	for i, line := range door.lines {
		require.Contains(t, line, fmt.Sprintf(`"N:%d"`, i+1))
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	door, cfg := setup(t, importer.CSV)
	door.refuse = `"bad"`
	var seen []importer.Rejection
	cfg.OnReject = func(r importer.Rejection) { seen = append(seen, r) }
	res, err := importer.Run(t.Context(), cfg, strings.NewReader("userId,event\nu,a\nu,a,more\nu,bad\nu,b\n"))
	require.NoError(t, err)
	require.Equal(t, importer.Result{Import: "N", Rows: 4, Accepted: 2, Rejected: 2, Position: 4}, res)
	require.Len(t, seen, 2)
	require.Equal(t, int64(2), seen[0].Row)
	require.Equal(t, "bad_row", seen[0].Code)
	require.Equal(t, importer.Rejection{Row: 3, MessageID: "x", Code: "missing_id", Message: "no id"}, seen[1])
}

func TestServerRefusesForGood(t *testing.T) {
	t.Parallel()
	_, cfg := setup(t, importer.CSV)
	cfg.AdminKey = "wrong"
	_, err := importer.Run(t.Context(), cfg, strings.NewReader("userId,event\nu,a\n"))
	require.ErrorContains(t, err, "401")
}

// TestServerMoves restarts the server elsewhere, with another key.
func TestServerMoves(t *testing.T) {
	t.Parallel()
	door, cfg := setup(t, importer.NDJSON)
	door.fail = func(request int) int {
		return map[int]int{2: http.StatusUnauthorized}[request]
	}
	address, looked := cfg.URL, 0
	cfg.URL, cfg.AdminKey = "", ""
	cfg.Locate = func() (string, string, error) {
		if looked++; looked == 2 {
			return "http://127.0.0.1:1", "old", nil // nobody is there
		}
		return address, "admin", nil
	}
	res, err := importer.Run(t.Context(), cfg, strings.NewReader(manyRows(1, 5000)))
	require.NoError(t, err)
	require.Equal(t, int64(5000), res.Accepted)
	require.Len(t, door.lines, 5000)
	require.Equal(t, 3, looked)
}

func TestMistakesAreAllNamed(t *testing.T) {
	t.Parallel()
	mistaken := importer.Config{Format: "xml", Map: map[string]string{"who": "{a}", "event": "{a"}}
	_, err := importer.Run(t.Context(), mistaken)
	require.Equal(t, err, mistaken.Validate())
	for _, want := range []string{"Config.URL", "Config.AdminKey", "Config.Tenant", "Config.Name", `"xml"`, `"who"`, "a column is written {name}"} {
		require.ErrorContains(t, err, want)
	}

	_, cfg := setup(t, importer.CSV)
	cfg.Map = map[string]string{"event": "{action}"}
	require.NoError(t, cfg.Validate(), "what the columns are is known when the rows are read")
	_, err = importer.Run(t.Context(), cfg, strings.NewReader("userId,event\nu,a\n"))
	require.ErrorContains(t, err, `there is no column "action"; there are userId, event`)
}

func TestPackedInput(t *testing.T) {
	t.Parallel()
	door, cfg := setup(t, importer.CSV)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = io.WriteString(w, "\xef\xbb\xbfuserId,event\nu,a\n")
	require.NoError(t, w.Close())
	_, err := importer.Run(t.Context(), cfg, &packed)
	require.NoError(t, err)
	require.Equal(t, []string{`{"type":"track","messageId":"N:1","userId":"u","event":"a"}`}, door.lines)
}

func TestRealAccessLog(t *testing.T) {
	t.Parallel()
	in, err := os.Open(testenv.Data(t, "apache-log", "access.log.gz"))
	require.NoError(t, err)
	defer func() { require.NoError(t, in.Close()) }()
	door, cfg := setup(t, importer.FormatOf(in.Name()))
	res, err := importer.Run(t.Context(), cfg, in)
	require.NoError(t, err)
	require.Equal(t, int64(10000), res.Rows)
	require.LessOrEqual(t, res.Rejected, int64(1)) // one line has an unusual shape
	visitors, status := map[string]bool{}, map[float64]int{}
	for _, line := range door.lines {
		var m struct {
			AnonymousID string
			Properties  struct{ Status float64 }
		}
		require.NoError(t, json.Unmarshal([]byte(line), &m))
		visitors[m.AnonymousID] = true
		status[m.Properties.Status]++
	}
	require.InDelta(t, 1861, len(visitors), 1)
	require.Equal(t, 445, status[304])
	require.Equal(t, 3, status[500])
}

func BenchmarkCSV(b *testing.B) {
	b.ReportAllocs()
	door := &fakeDoor{}
	server := httptest.NewServer(door)
	defer server.Close()
	shop, _ := tenant.ParseID("shop")
	cfg := importer.Config{URL: server.URL, AdminKey: "admin", Tenant: shop, Format: importer.CSV, Map: map[string]string{"userId": "r{reviewerId}", "event": "review", "timestamp": "{date}"}}
	input := "reviewerId,vendorId,rating,date\n" + strings.Repeat("123456,32,5,2006-04-07 17:08\n", 20000)
	cfg.Name = "N"
	for b.Loop() {
		door.position, door.lines = 0, nil
		if _, err := importer.Run(b.Context(), cfg, strings.NewReader(input)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/20000, "ns/row")
}
