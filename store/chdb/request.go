package chdb

import (
	"cmp"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/footfall-go/footfall/store/chdb/internal/libchdb"
)

const (
	// maxHead bounds the statement of an INSERT whose data follow in the body,
	// as max_query_size does on a server.
	maxHead = 256 << 10
	// maxStatement bounds any other statement.
	maxStatement = 16 << 20
	// maxWindow bounds what unpacking one body takes.
	maxWindow = 16 << 20
)

// request is a request of ClickHouse's HTTP interface, understood.
type request struct {
	sql      string
	database string
	// format is that of the data for an INSERT with data, else the one the
	// result has if the statement names none.
	format   string
	settings []setting
	params   []libchdb.Param
	queryID  string
	protocol string
	// data is nil for a statement that brings none.
	data io.Reader
}

// setting is one query setting of a request.
type setting struct{ name, value string }

// notSettings are the parameters that mean something to the HTTP interface
// itself or to a server's doors, not to the query. A log_comment would hide a
// statement from cancellation, and there is no log here.
var notSettings = map[string]bool{
	"query": true, "database": true, "default_format": true, "query_id": true, "client_protocol_version": true,
	"user": true, "password": true, "quota_key": true, "role": true, "stacktrace": true, "log_comment": true,
	"buffer_size": true, "wait_end_of_query": true, "enable_http_compression": true, "http_zlib_compression_level": true,
	"compress": true, "decompress": true, "network_compression_method": true, "network_zstd_compression_level": true,
	"send_progress_in_http_headers": true, "close_session": true, "session_timeout": true, "session_check": true,
}

var settingName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// refusal is an error in the engine's words, about what never gets to it.
func refusal(code int, name, format string, args ...any) error {
	return libchdb.NewError(fmt.Sprintf("Code: %d. DB::Exception: %s. (%s)", code, fmt.Sprintf(format, args...), name))
}

func parseRequest(r *http.Request) (*request, error) {
	values := r.URL.Query()
	parsed := &request{
		database: cmp.Or(values.Get("database"), r.Header.Get("X-Clickhouse-Database")),
		format:   cmp.Or(values.Get("default_format"), r.Header.Get("X-Clickhouse-Format"), "TabSeparated"),
		queryID:  values.Get("query_id"),
		protocol: values.Get("client_protocol_version"),
	}
	if err := refuse(r, values); err != nil {
		return nil, err
	}
	if err := parsed.readValues(values); err != nil {
		return nil, err
	}
	if r.Method == http.MethodGet {
		// As on a server: GET reads.
		parsed.settings = append(parsed.settings, setting{"readonly", "2"})
	}
	body, err := decoded(r)
	if err != nil {
		return nil, err
	}
	return parsed, parsed.readStatement(values.Get("query"), body)
}

// refuse names what this interface does not do, instead of doing another thing.
func refuse(r *http.Request, values url.Values) error {
	switch {
	case values.Get("session_id") != "":
		return refusal(48, "NOT_IMPLEMENTED", "session_id is not supported by the embedded engine")
	case on(values.Get("compress")) || on(values.Get("decompress")):
		return refusal(48, "NOT_IMPLEMENTED", "compressed blocks are not supported by the embedded engine: they save nothing inside a process")
	case strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data"):
		return refusal(48, "NOT_IMPLEMENTED", "external tables are not supported by the embedded engine")
	}
	return nil
}

func on(value string) bool { return value == "1" || value == "true" }

func (q *request) readValues(values url.Values) error {
	for key, all := range values {
		if len(all) == 0 || notSettings[key] {
			continue
		}
		if name, ok := strings.CutPrefix(key, "param_"); ok {
			q.params = append(q.params, libchdb.Param{Name: name, Value: all[0]})
			continue
		}
		if !settingName.MatchString(key) {
			return refusal(115, "UNKNOWN_SETTING", "Unknown setting '%s'", key)
		}
		q.settings = append(q.settings, setting{key, all[0]})
	}
	// The order of a URL means nothing, that of a map must not either.
	slices.SortFunc(q.settings, func(a, b setting) int { return cmp.Compare(a.name, b.name) })
	return nil
}

func decoded(r *http.Request) (io.Reader, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	var body io.Reader
	var err error
	switch encoding := r.Header.Get("Content-Encoding"); encoding {
	case "", "identity":
		return r.Body, nil
	case "gzip", "x-gzip":
		body, err = gzip.NewReader(r.Body)
	case "deflate":
		body, err = zlib.NewReader(r.Body)
	case "zstd":
		// Without goroutines of its own it needs no closing.
		body, err = zstd.NewReader(r.Body, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
	default:
		return nil, refusal(36, "BAD_ARGUMENTS", "Content-Encoding %s is not supported", encoding)
	}
	if err != nil {
		return nil, refusal(36, "BAD_ARGUMENTS", "cannot read the body as %s: %v", r.Header.Get("Content-Encoding"), err)
	}
	return body, nil
}

// readStatement finds out what is statement and what is data in the query of
// the URL and the body, which are one text to ClickHouse.
func (q *request) readStatement(query string, body io.Reader) error {
	if query != "" {
		if split, ok := splitInsert(query); ok {
			return q.withData(split, body)
		}
		if body != nil {
			query += "\n"
		}
	}
	if body == nil {
		q.sql = query
		return nil
	}
	start, err := io.ReadAll(io.LimitReader(body, maxHead))
	if err != nil {
		return fmt.Errorf("read the body: %w", err)
	}
	query += string(start)
	if split, ok := splitInsert(query); ok {
		return q.withData(split, body)
	}
	rest, err := io.ReadAll(io.LimitReader(body, maxStatement))
	if err != nil {
		return fmt.Errorf("read the body: %w", err)
	}
	if len(rest) == maxStatement {
		return refusal(229, "QUERY_IS_TOO_LARGE", "the statement is longer than %d bytes", maxStatement)
	}
	q.sql = query + string(rest)
	return nil
}

func (q *request) withData(split insert, body io.Reader) error {
	q.sql, q.format = split.head, split.format
	switch {
	case body == nil:
		q.data = strings.NewReader(split.data)
	case split.data == "":
		// The body as it is: a bytes.Reader then goes to the engine in one piece.
		q.data = body
	default:
		q.data = io.MultiReader(strings.NewReader(split.data), body)
	}
	return nil
}
