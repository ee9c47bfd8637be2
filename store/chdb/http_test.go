package chdb_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/store/chdb/chdbtest"
)

func TestResults(t *testing.T) {
	t.Parallel()
	c := setup(t)
	require.Equal(t, "1\ta", c.ask("SELECT 1, 'a'"))
	require.Equal(t, "1,\"a\"", c.ask("SELECT 1, 'a' FORMAT CSV"))
	require.Equal(t, "[1]", c.ask("SELECT 1", "default_format=JSONCompactEachRow"))
	require.Equal(t, c.db, c.ask("SELECT currentDatabase()"))
	require.Equal(t, "default", c.ask("SELECT currentDatabase()", "database="))
	require.Equal(t, "\x01\x01\x01x\x05UInt8\x07", c.ask("SELECT 7 AS x FORMAT Native"))
	require.Empty(t, c.ask("SELECT number FROM numbers(0)"))
	require.Empty(t, c.ask("SHOW TABLES"))
	require.Equal(t, "3", c.ask("/* WITH first */ WITH 1 AS a, 2 AS b SELECT a + b"))

	response, answer := c.send(nil, "query=SELECT number AS n FROM numbers(3) SETTINGS max_block_size=1 FORMAT JSON", "query_id=mine")
	require.Equal(t, "application/json; charset=UTF-8", response.Header.Get("Content-Type"))
	require.Equal(t, "JSON", response.Header.Get("X-ClickHouse-Format"))
	require.Equal(t, "mine", response.Header.Get("X-ClickHouse-Query-Id"))
	require.Contains(t, answer, `"rows": 3`, "one document, though the result has three blocks")

	// The query of the URL and the body are one text.
	_, answer = c.send(strings.NewReader("+ 2 -- ;"), "query=SELECT 1")
	require.Equal(t, "3\n", answer)
}

func TestParametersAndSettings(t *testing.T) {
	t.Parallel()
	c := setup(t)
	hostile := `\'; DROP TABLE x; -- ` + "\u00e4\U0001F600"
	escaped := strings.ReplaceAll(hostile, `\`, `\\`)
	require.Equal(t, hostile, c.ask("SELECT {s:String} FORMAT TSVRaw", "param_s="+escaped), "values are in the escaped form, as on a server")
	require.Equal(t, "a\tb\nc", c.ask("SELECT {s:String} FORMAT TSVRaw", `param_s=a\tb\nc`))
	require.Empty(t, c.ask("SELECT {s:String}", "param_s="))
	require.Equal(t, "7\t[1,2]", c.ask("SELECT {n:UInt64}, {a:Array(UInt8)}", "param_n=7", "param_a=[1,2]"))
	require.Equal(t, "1", c.ask("SELECT getSetting('max_threads')", "max_threads=1"))
	require.Equal(t, hostile, c.ask("SELECT getSetting('insert_deduplication_token') FORMAT TSVRaw", "insert_deduplication_token="+hostile))
	require.Equal(t, "0.25", c.ask("SELECT getSetting('max_execution_time')", "max_execution_time=0.25"))
}

func TestErrors(t *testing.T) {
	t.Parallel()
	c := setup(t)
	c.ask("CREATE TABLE t (id UInt64) ENGINE = MergeTree ORDER BY id")
	for _, test := range []struct {
		sql        string
		parameters []string
		status     int
		code       string
		message    string
	}{
		{sql: "SELECT * FROM nope", status: 404, code: "60", message: "nope"},
		{sql: "INSERT INTO nope FORMAT Native", status: 404, code: "60"},
		{sql: "SELEC 1", status: 400, code: "62"},
		{sql: "1 + 1", status: 400, code: "62"},
		{sql: "", status: 400, code: "62", message: "Empty query"},
		{sql: "SELECT 1; DROP TABLE t", status: 400, code: "62", message: "Multi-statements"},
		{sql: "SELECT toUInt8('x')", status: 400, code: "6"},
		{sql: "SELECT nope(1)", status: 404, code: "46"},
		{sql: "SELECT 1", parameters: []string{"database=nope"}, status: 404, code: "81"},
		{sql: "SELECT 1", parameters: []string{"max_thread=1"}, status: 404, code: "115"},
		{sql: "SELECT 1", parameters: []string{"max_threads=1, readonly=0"}, status: 400, code: "27"},
		{sql: "SELECT 1", parameters: []string{"a b=1"}, status: 404, code: "115"},
		{sql: "SELECT {x:UInt8}", status: 500, code: "456"},
		{sql: "SELECT 1", parameters: []string{"session_id=1"}, status: 501, code: "48"},
		{sql: "SELECT 1", parameters: []string{"compress=1"}, status: 501, code: "48"},
		{sql: "SELECT sleep(1) FROM numbers(3) SETTINGS max_block_size=1", parameters: []string{"max_execution_time=0.2"}, status: 408, code: "159"},
		{sql: "SELECT groupArray(number) FROM numbers(100000000)", parameters: []string{"max_memory_usage=50000000"}, status: 500, code: "241"},
		{sql: "INSERT INTO t FORMAT Native garbage", status: 500, code: "33"},
		{sql: "INSERT INTO t VALUES ('x')", status: 400},
		{sql: "SELECT throwIf(number = 0) FROM numbers(10)", status: 500, code: "395"},
	} {
		response, answer := c.send(strings.NewReader(test.sql), test.parameters...)
		require.Equal(t, test.status, response.StatusCode, "%s: %s", test.sql, answer)
		if test.code != "" {
			require.Equal(t, test.code, response.Header.Get("X-ClickHouse-Exception-Code"), test.sql)
			require.Contains(t, answer, "Code: "+test.code+".", test.sql)
		}
		require.Contains(t, answer, test.message)
	}
	require.Equal(t, "0", c.ask("SELECT count() FROM t"))
}

func TestGETReads(t *testing.T) {
	t.Parallel()
	c := setup(t)
	c.ask("CREATE TABLE t (id UInt64) ENGINE = MergeTree ORDER BY id")
	get := func(sql string) int {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
			c.base+"?max_threads=1&database="+c.db+"&query="+url.QueryEscape(sql), nil)
		require.NoError(t, err)
		response, err := c.http.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		return response.StatusCode
	}
	require.Equal(t, http.StatusOK, get("SELECT 1"))
	require.NotEqual(t, http.StatusOK, get("DROP TABLE t"))
	require.NotEqual(t, http.StatusOK, get("INSERT INTO t VALUES (1)"))
	require.Equal(t, "0", c.ask("SELECT count() FROM t"))
}

func TestInsertFormats(t *testing.T) {
	t.Parallel()
	c := setup(t)
	c.ask("CREATE TABLE t (id UInt64, s String DEFAULT 'none') ENGINE = MergeTree ORDER BY id")
	var zipped bytes.Buffer
	zip := gzip.NewWriter(&zipped)
	_, err := io.WriteString(zip, "8,\"zipped\"\n")
	require.NoError(t, err)
	require.NoError(t, zip.Close())

	c.ask("INSERT INTO t VALUES (1, 'val;ues'), (2, 'a\\nb')")
	c.ask("INSERT INTO t (s, id) FORMAT CSV\n\"csv\",3\n")
	c.ask("INSERT INTO t FORMAT JSONEachRow {\"id\": 4}\n{\"id\": 5, \"s\": \"json\"}")
	for query, body := range map[string]string{
		"INSERT INTO t (id) FORMAT TSV":                   "6\n",
		"INSERT INTO t SETTINGS max_threads=1 FORMAT CSV": "7,\n",
		"INSERT INTO t VALUES":                            "(9, 'nine')",
	} {
		response, answer := c.send(strings.NewReader(body), "query="+query)
		require.Equal(t, http.StatusOK, response.StatusCode, answer)
		require.JSONEq(t, `{"written_rows":"1"}`, response.Header.Get("X-ClickHouse-Summary"))
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
		c.base+"?query=INSERT+INTO+t+FORMAT+CSV&database="+c.db, &zipped)
	require.NoError(t, err)
	request.Header.Set("Content-Encoding", "gzip")
	response, err := c.http.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
	c.ask("INSERT INTO t SELECT number, 'select' FROM numbers(10, 1)")
	require.Equal(t, "1|val;ues 2|a\nb 3|csv 4|none 5|json 6|none 7|none 8|zipped 9|nine 10|select",
		strings.ReplaceAll(c.ask("SELECT arrayStringConcat(groupArray(toString(id) || '|' || s), ' ') FROM (SELECT * FROM t ORDER BY id)"), "\\n", "\n"))
	// A long statement in the body, longer than what is looked at for data.
	require.Equal(t, "1", c.ask("SELECT 1 /*"+strings.Repeat(" ", 300<<10)+"*/", "max_query_size=1000000"))
}

// A body that breaks off leaves no row behind.
func TestInsertThatBreaksOff(t *testing.T) {
	t.Parallel()
	c := setup(t)
	c.ask("CREATE TABLE t " + eventTable)
	whole := block(0, 1000, 1, 8)
	broken := io.MultiReader(bytes.NewReader(whole[:len(whole)/2]), &failingReader{})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
		c.base+"?query=INSERT+INTO+t+FORMAT+Native&database="+c.db, broken)
	require.NoError(t, err)
	_, err = c.http.Do(request)
	require.ErrorIs(t, err, io.ErrClosedPipe)
	require.Equal(t, "0", c.ask("SELECT count() FROM t"))
	c.insert("t", whole)
	require.Equal(t, "1000", c.ask("SELECT count() FROM t"))
}

type failingReader struct{}

func (*failingReader) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestClickHouseGo(t *testing.T) {
	t.Parallel()
	engine := chdbtest.Engine(t)
	db := chdbtest.Database(t)
	conn := chdbtest.Conn(t, db)
	useDriver(t, conn)
	version, err := conn.ServerVersion()
	require.NoError(t, err)
	require.Contains(t, engine.Version(), version.Version.String())
}
