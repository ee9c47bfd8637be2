package ingest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/problem"
	"github.com/footfall-go/footfall/internal/record"
)

func TestBatchKeepsTheGoodEvents(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.post("/v1/batch", `{"batch":[
		{"type":"track","event":"A","messageId":"m1","userId":"u"},
		{"type":"track","event":"B","messageId":"m2"},
		{"type":"purchase","messageId":"m\"3","userId":"u"},
		7,
		{"type":"page","messageId":4,"userId":"u"},
		{"type":"page","messageId":"m5","anonymousId":"a","integrations":{}}
	],"sentAt":"2024-01-01T00:00:00Z"}`)
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, "application/json", w.Header().Get("Content-Type"))
	require.JSONEq(t, `{"success":true,"accepted":2,"rejected":[`+
		`{"index":1,"messageId":"m2","code":"missing_id","message":"userId or anonymousId is required"},`+
		`{"index":2,"messageId":"m\"3","code":"unknown_type","message":"type must be track, page, screen, identify, group or alias"},`+
		`{"index":3,"messageId":"","code":"bad_type","message":"a message must be a JSON object"},`+
		`{"index":4,"messageId":"","code":"bad_message_id","message":"messageId must be a text of at most 100 characters"}]}`+"\n", w.Body.String())
	events := b.log.events(t)
	require.Len(t, events, 2)
	require.Equal(t, "m1", events[0].MessageID)
	require.Equal(t, "m5", events[1].MessageID)
	require.Equal(t, 1, b.log.count(), "one record a request and partition")
	require.Equal(t, uint64(4), b.Counts()[shop(t)].Refused)
}

func TestBatchWithNothingUsable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.post("/v1/b", `{"batch":[{"type":"track","event":"A"},{"userId":"u"}]}`, problem.RequestIDHeader, "r-1")
	require.Equal(t, http.StatusBadRequest, w.Code)
	require.JSONEq(t, `{"type":"about:blank","title":"No event accepted","status":400,"detail":"all 2 messages were refused","request":"r-1","errors":[`+
		`{"path":"/batch/0","code":"missing_id","message":"userId or anonymousId is required"},`+
		`{"path":"/batch/1/type","code":"unknown_type","message":"type must be track, page, screen, identify, group or alias"}]}`+"\n", w.Body.String())
	require.Equal(t, uint64(2), b.Counts()[shop(t)].Refused)

	require.JSONEq(t, `{"success":true,"accepted":0,"rejected":[]}`, b.post("/v1/batch", `{"batch":[]}`).Body.String())
	for body, want := range map[string]problem.Error{
		`{}`:                                     {Path: "/batch", Code: "bad_type"},
		`{"batch":{}}`:                           {Path: "/batch", Code: "bad_type"},
		`[]`:                                     {Path: "", Code: "bad_type"},
		`{"batch":[],"context":7}`:               {Path: "/context", Code: "bad_type"},
		`{"batch":[],"x":"` + "\xff" + `"}`:      {Path: "", Code: "invalid_json"},
		`{"batch":[}`:                            {Path: "", Code: "invalid_json"},
		`{"batch":[],"x":` + nested(40) + `}`:    {Path: "", Code: "too_deep"},
		`{"batch":[{"x":` + nested(40) + `}]}`:   {Path: "/batch/0", Code: "too_deep"},
		`{"batch":[{"x":"` + "\xff" + `"}]}`:     {Path: "/batch/0", Code: "invalid_json"},
		`{"batch":["` + "\xff" + `"]}`:           {Path: "/batch/0", Code: "bad_type"},
		`{"batch":[{"type":"track","event":7}]}`: {Path: "/batch/0/event", Code: "bad_type"},
	} {
		p := problemOf(t, b.post("/v1/batch", body), http.StatusBadRequest)
		require.Len(t, p.Errors, 1, body)
		require.Equal(t, want, problem.Error{Path: p.Errors[0].Path, Code: p.Errors[0].Code}, body)
	}
	require.Empty(t, b.log.records)
}

func nested(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

func TestSharedContextIsMerged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.post("/v1/batch", `{"batch":[
		{"type":"track","event":"A","userId":"u"},
		{"type":"track","event":"A","userId":"u","context":{}},
		{"type":"track","event":"A","userId":"u","context":{"locale":"fr","p\u0061ge":{"path":"/own"}}},
		{"type":"track","event":"A","userId":"u","context":{"page":null}},
		{"type":"track","event":"A","userId":"u","context":{"page":{"path":"/own"},"locale":"de","campaign":{"name":"n"}}}
	],"context":{"locale":"de", "page":{"url":"https://x.org/shared"},"campaign":{"name":"n"}}}`)
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	const shared = `{"locale":"de", "page":{"url":"https://x.org/shared"},"campaign":{"name":"n"}}`
	const derived = `{"$url":"https://x.org/shared","$path":"/shared","$utm_campaign":"n","$locale":"de"}`
	want := [][2]string{
		{shared, derived},
		{shared, derived},
		{`{"campaign":{"name":"n"},"locale":"fr","p\u0061ge":{"path":"/own"}}`, `{"$path":"/own","$utm_campaign":"n","$locale":"fr"}`},
		{`{"locale":"de","campaign":{"name":"n"},"page":null}`, `{"$utm_campaign":"n","$locale":"de"}`},
		{`{"page":{"path":"/own"},"locale":"de","campaign":{"name":"n"}}`, `{"$path":"/own","$utm_campaign":"n","$locale":"de"}`},
	}
	for i, ev := range b.log.events(t) {
		got := [2]string{ev.Context, ev.Derived}
		require.Equal(t, want[i], got, "event %d", i)
	}
}

func TestOneShiftForAllEventsOfARequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		times := func(body string) (out []string) {
			before := len(b.log.events(t))
			require.Equal(t, http.StatusOK, b.post("/v1/batch", body).Code)
			for _, ev := range b.log.events(t)[before:] {
				out = append(out, ev.Time.Time().Format("15:04:05.000"))
			}
			return out
		}
		require.Equal(t, []string{"00:00:00.001", "00:00:00.002", "00:00:00.000"}, times(`{"batch":[
			{"type":"track","event":"A","userId":"u","timestamp":"2000-01-01T02:00:00.001Z"},
			{"type":"track","event":"A","userId":"u","timestamp":"2000-01-01T02:00:00.002Z","sentAt":"2000-01-01T09:00:00Z"},
			{"type":"track","event":"A","userId":"u"}],"sentAt":"2000-01-01T02:00:10Z"}`))
		require.Equal(t, []string{"00:00:00.000", "00:10:00.000"}, times(`{"batch":[
			{"type":"track","event":"A","userId":"u","timestamp":"2000-01-01T02:00:00Z","sentAt":"2000-01-01T02:00:00Z"},
			{"type":"track","event":"A","userId":"u","timestamp":"2000-01-01T02:10:00Z","sentAt":"2000-01-01T05:00:10Z"}]}`),
			"the earliest sentAt of the messages counts where the request has none")
	})
}

func TestSizesOfARequest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	item := `{"type":"track","event":"A","userId":"u"}`
	batchOf := func(n int, extra string) string {
		return `{"batch":[` + strings.TrimSuffix(strings.Repeat(item+",", n), ",") + `]` + extra + `}`
	}
	require.Equal(t, http.StatusOK, b.post("/v1/batch", batchOf(2500, "")).Code)
	for name, body := range map[string]string{
		"events":         batchOf(2501, ""),
		"bytes":          batchOf(10, `,"x":"`+strings.Repeat("x", 500<<10)+`"`),
		"shared context": batchOf(1, `,"context":{"x":"`+strings.Repeat("x", 32<<10)+`"}`),
		"merged":         batchOf(150, `,"context":{"x":"`+strings.Repeat("x", 30<<10)+`"}`),
	} {
		problemOf(t, b.post("/v1/batch", body), http.StatusRequestEntityTooLarge)
		for encoding, pack := range packers {
			problemOf(t, b.post("/v1/batch", pack(t, body), "Content-Encoding", encoding), http.StatusRequestEntityTooLarge)
		}
		require.Equal(t, 1, b.log.count(), name)
	}
	require.Equal(t, http.StatusOK, b.post("/v1/batch", batchOf(130, `,"context":{"x":"`+strings.Repeat("x", 30<<10)+`"}`)).Code)
}

func TestRecordsAreSplit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	post := func(items ...string) (sizes []uint32) {
		b.log.records = nil
		w := b.post("/v1/batch", `{"batch":[`+strings.Join(items, ",")+`]}`)
		require.Equal(t, http.StatusOK, w.Code, w.Body.String())
		for _, rec := range b.log.records {
			require.LessOrEqual(t, len(rec.Value)+len(rec.Header)+len(rec.Tenant), 900_000)
			sizes = append(sizes, rec.Events)
		}
		return sizes
	}
	var months []string
	for i := range 30 {
		months = append(months, fmt.Sprintf(`{"type":"track","event":"A","userId":"u","timestamp":"%d-%02d-15T00:00:00Z"}`, 2020+i/12, i%12+1))
	}
	require.Equal(t, []uint32{12, 12, 6}, post(months...))
	require.Equal(t, []uint32{24}, post(append(months[:12:12], months[:12]...)...), "a month counts once")

	// Contexts that differ make the log larger than the request.
	var large []string
	for i := range 100 {
		large = append(large, fmt.Sprintf(`{"type":"track","event":"A","userId":"u","context":{"i":%d}}`, i))
	}
	b.log.records = nil
	w := b.post("/v1/batch", `{"batch":[`+strings.Join(large, ",")+`],"context":{"x":"`+strings.Repeat("x", 30<<10)+`"}}`)
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, 4, b.log.count())
	events := b.log.events(t)
	require.Len(t, events, 100)
	for i, ev := range events {
		require.Contains(t, ev.Context, fmt.Sprintf(`"i":%d}`, i))
		require.LessOrEqual(t, len(b.log.records[i/29].Value), 900_000)
	}
}

func TestPartitionFollowsTheVisitor(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Config, _ *tenantRegistration) { c.Partitions = 7 })
	var items []string
	for i := range 200 {
		items = append(items,
			fmt.Sprintf(`{"type":"track","event":"A","anonymousId":"a%d","userId":"u%d"}`, i, i%3),
			fmt.Sprintf(`{"type":"alias","previousId":"a%d","userId":"u%d","anonymousId":"other"}`, i, i%3),
			fmt.Sprintf(`{"type":"track","event":"A","userId":"u%d"}`, i))
	}
	require.Equal(t, http.StatusOK, b.post("/v1/batch", `{"batch":[`+strings.Join(items, ",")+`]}`).Code)
	require.Equal(t, 7, b.log.count())
	home := map[footfall.ID]uint16{}
	for i := range b.log.records {
		rec := &b.log.records[i]
		h, err := record.ParseHeader(rec)
		require.NoError(t, err)
		events, err := record.AppendEvents(nil, rec, &h)
		require.NoError(t, err)
		for _, ev := range events {
			require.Equal(t, record.Partition(ev.Visitor, 7), rec.Partition)
			home[ev.Visitor] = rec.Partition
		}
	}
	require.Len(t, home, 400)
}

func TestLogFailureIsSaidOnceAndRetried(t *testing.T) {
	t.Parallel()
	var lines logLines
	gone := errors.New("gone for good: /secret/path")
	b := setup(t, func(c *Config, _ *tenantRegistration) {
		c.Logger = lines.logger()
		c.Unavailable = func(err error) bool { return !errors.Is(err, gone) }
	})
	b.log.fail(errors.New("disk full: /secret/path"))
	for range 3 {
		w := b.post("/v1/track", `{"event":"A","userId":"u"}`)
		p := problemOf(t, w, http.StatusServiceUnavailable)
		require.Equal(t, "2", w.Header().Get("Retry-After"))
		require.NotContains(t, p.Detail, "secret")
	}
	require.Equal(t, []string{"ERROR log takes no events"}, lines.all())
	b.log.fail(nil)
	b.one("/v1/track", `{"event":"A","userId":"u"}`)
	require.Equal(t, []string{"ERROR log takes no events", "INFO log takes events again"}, lines.all())
	b.log.fail(gone)
	w := b.post("/v1/track", `{"event":"A","userId":"u"}`)
	require.NotContains(t, problemOf(t, w, http.StatusInternalServerError).Detail, "secret")
	require.Empty(t, w.Header().Get("Retry-After"))
	b.log.fail(context.DeadlineExceeded)
	problemOf(t, b.post("/v1/track", `{"event":"A","userId":"u"}`), http.StatusServiceUnavailable)
	require.Zero(t, b.Counts()[shop(t)].Refused, "an outage of ours refuses nobody's event")
	require.Len(t, b.log.events(t), 1)
}
