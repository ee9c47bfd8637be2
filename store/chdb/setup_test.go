package chdb_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/store/chdb/chdbtest"
)

func TestMain(m *testing.M) {
	if role := os.Getenv(childRole); role != "" {
		os.Exit(runChild(role))
	}
	os.Exit(m.Run())
}

// client sends plain requests to the engine.
type client struct {
	t    testing.TB
	http *http.Client
	base string
	db   string
}

func setup(t testing.TB) client {
	t.Helper()
	return client{
		t: t, http: &http.Client{Transport: chdbtest.Engine(t).Transport()},
		base: "http://embedded/", db: chdbtest.Database(t),
	}
}

// send posts a body, with "name=value" parameters in the URL.
func (c client) send(body io.Reader, parameters ...string) (*http.Response, string) {
	c.t.Helper()
	values := url.Values{"database": {c.db}}
	for _, parameter := range parameters {
		name, value, _ := strings.Cut(parameter, "=")
		values.Set(name, value)
	}
	request, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.base+"?"+values.Encode(), body)
	require.NoError(c.t, err)
	response, err := c.http.Do(request)
	require.NoError(c.t, err)
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	require.NoError(c.t, err)
	return response, string(answer)
}

// ask runs a statement that must succeed.
func (c client) ask(sql string, parameters ...string) string {
	c.t.Helper()
	response, answer := c.send(strings.NewReader(sql), parameters...)
	require.Equal(c.t, http.StatusOK, response.StatusCode, "%s: %s", sql, answer)
	return strings.TrimSuffix(answer, "\n")
}

// insert sends a Native block as the writer does.
func (c client) insert(table string, block []byte, parameters ...string) {
	c.t.Helper()
	response, answer := c.send(bytes.NewReader(block), append(parameters, "query=INSERT INTO "+table+" FORMAT Native")...)
	require.Equal(c.t, http.StatusOK, response.StatusCode, answer)
	require.Empty(c.t, answer)
}

// eventTable is the columns of blocks, with one partition a day.
const eventTable = "(id UInt64, time DateTime, text String) ENGINE = MergeTree ORDER BY id PARTITION BY toYYYYMMDD(time)"

// block encodes rows whose ids count up from first, spread over days, each
// with a text of the given width.
func block(first, rows, days, width int) []byte {
	var b []byte
	column := func(name, kind string) {
		b = append(binary.AppendUvarint(b, uint64(len(name))), name...)
		b = append(binary.AppendUvarint(b, uint64(len(kind))), kind...)
	}
	b = binary.AppendUvarint(b, 3)
	b = binary.AppendUvarint(b, uint64(rows))
	column("id", "UInt64")
	for i := range rows {
		b = binary.LittleEndian.AppendUint64(b, uint64(first+i))
	}
	column("time", "DateTime")
	for i := range rows {
		b = binary.LittleEndian.AppendUint32(b, uint32(1_700_006_400+86_400*(i%days)))
	}
	column("text", "String")
	for i := range rows {
		text := fmt.Sprintf("%0*d", width, first+i)
		b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
	}
	return b
}
