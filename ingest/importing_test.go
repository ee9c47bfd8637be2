package ingest

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/internal/record"
	"github.com/footfall-go/footfall/tenant"
)

func TestUnlink(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *Config, _ *tenant.Registration) { c.Partitions = 5 })
	w := b.do(http.MethodPost, "/v1/unlink", `{"anonymousId":"a1","userId":7}`, "Authorization", "Bearer "+readKey)
	require.JSONEq(t, `{"success":true,"accepted":1,"rejected":[]}`, w.Body.String())
	require.Equal(t, 1, b.log.count())
	order, err := record.ParseOrder(&b.log.records[0])
	require.NoError(t, err)
	require.Equal(t, record.Order{Unlink: &record.Unlink{AnonymousID: "a1", UserID: "7"}}, order)
	require.Zero(t, b.log.records[0].Events)
	h, err := record.ParseHeader(&b.log.records[0])
	require.NoError(t, err)
	require.Equal(t, record.Command, h.Kind)

	require.Equal(t, 200, b.post("/v1/track", `{"event":"A","anonymousId":"a1"}`).Code)
	require.Equal(t, b.log.records[1].Partition, b.log.records[0].Partition, "where the visitor's events are")

	p := problemOf(t, b.do(http.MethodPost, "/v1/unlink", `{"userId":"null"}`, "Authorization", "Bearer "+readKey), 400)
	require.Len(t, p.Errors, 2)
	require.Equal(t, "/anonymousId missing_id", p.Errors[0].Path+" "+p.Errors[0].Code)
	require.Equal(t, "/userId illegal_id", p.Errors[1].Path+" "+p.Errors[1].Code)
	problemOf(t, b.do(http.MethodPost, "/v1/unlink", `[`, "Authorization", "Bearer "+readKey), 400)
	problemOf(t, b.do(http.MethodPost, "/v1/unlink", `[]`, "Authorization", "Bearer "+readKey), 400)
	problemOf(t, b.post("/v1/unlink", `{"anonymousId":"a1","userId":"u"}`), 403)
	problemOf(t, b.do(http.MethodPost, "/v1/unlink", ``), 401)
	require.Equal(t, 2, b.log.count())
}

func TestImport(t *testing.T) {
	t.Parallel()
	b := setup(t)
	send := func(query, body string, headers ...string) *httptest.ResponseRecorder {
		return b.do(http.MethodPost, "/v1/import?"+query, body, append([]string{"Authorization", "Bearer " + adminKey}, headers...)...)
	}
	position := func() string {
		return b.do(http.MethodGet, "/v1/import?tenant=shop&name=n", "", "Authorization", "Bearer "+adminKey).Body.String()
	}
	require.JSONEq(t, `{"position":0}`, position())
	rows := `{"type":"track","event":"A","userId":"u","messageId":"n:1","timestamp":"2001-01-01"}

{"type":"track","event":"A","userId":"u"}
{"type":"track",
{"type":"page","anonymousId":"a","messageId":"n:4","name":"P"}` + "\r\n"
	w := send("tenant=shop&name=n&position=4", rows)
	require.JSONEq(t, `{"success":true,"accepted":2,"rejected":[`+
		`{"index":1,"messageId":"","code":"bad_message_id","message":"an import needs a messageId"},`+
		`{"index":2,"messageId":"","code":"invalid_json","message":"the line is not valid JSON"}]}`+"\n", w.Body.String())
	require.Equal(t, 200, w.Code)
	require.Len(t, b.log.events(t), 2)
	require.JSONEq(t, `{"position":4}`, position())
	require.Equal(t, 200, send("tenant=shop&name=n&position=9", gzipped(t, rows), "Content-Encoding", "gzip", "Content-Type", "application/x-ndjson").Code)
	require.JSONEq(t, `{"position":9}`, position())
	require.Equal(t, 200, send("tenant=shop&name=n&position=2", rows).Code)
	require.JSONEq(t, `{"position":9}`, position(), "it never goes back")
	require.JSONEq(t, `{"success":true,"accepted":0,"rejected":[{"index":0,"messageId":"","code":"bad_type","message":"a message must be a JSON object"}]}`,
		send("tenant=shop&name=n&position=12", "7").Body.String(), "an import gets past rows that are no use")
	require.JSONEq(t, `{"position":12}`, position())
	b.log.fail(errors.New("disk full"))
	problemOf(t, send("tenant=shop&name=n&position=20", rows), 503)
	require.JSONEq(t, `{"position":12}`, position(), "nothing is remembered that is not durable")
	b.log.fail(nil)
	require.Equal(t, 200, send("tenant=shop", rows).Code)

	for query, status := range map[string]int{
		"tenant=other&name=n": 404, "tenant=No&name=n": 400, "name=n": 400, "tenant=shop&name=n&position=x": 400,
		"tenant=shop&name=n&positon=3": 400, "tenant=shop&a=%zz": 400, "tenant=shop&name=n&position=-1": 400, "tenant=shop&position=1": 400, "tenant=shop&name=" + strings.Repeat("n", 201): 400,
	} {
		problemOf(t, send(query, rows), status)
	}
	problemOf(t, b.do(http.MethodPost, "/v1/import?tenant=shop&name=n", rows), 401)
	problemOf(t, b.do(http.MethodPost, "/v1/import?tenant=shop&name=n", rows, "Authorization", "Bearer "+readKey), 403)
	problemOf(t, b.do(http.MethodGet, "/v1/import?tenant=shop&name=n", "", "Authorization", "Bearer wk_shop"), 403)
	problemOf(t, b.do(http.MethodGet, "/v1/import?tenant=shop&name=n", "", "Authorization", "Bearer x"), 401)
	problemOf(t, b.do(http.MethodGet, "/v1/import?tenant=shop", "", "Authorization", "Bearer "+adminKey), 400)
	problemOf(t, send("tenant=shop", strings.Repeat("1\n", maxLines+1)), 413)
}

func TestLargeImportIsSplit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var rows strings.Builder
	for i := range 6000 {
		fmt.Fprintf(&rows, `{"type":"track","event":"A","userId":"u%d","messageId":"n:%d","properties":{"x":"%s"}}`+"\n", i%100, i, strings.Repeat("x", 1000))
	}
	w := b.do(http.MethodPost, "/v1/import?tenant=shop&name=n&position=6000", rows.String(), "Authorization", "Bearer "+adminKey)
	require.JSONEq(t, `{"success":true,"accepted":6000,"rejected":[]}`, w.Body.String())
	require.Equal(t, 7, b.log.count())
	for i, ev := range b.log.events(t) {
		require.Equal(t, fmt.Sprintf("n:%d", i), ev.MessageID)
	}
}
