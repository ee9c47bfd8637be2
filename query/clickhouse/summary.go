package clickhouse

import (
	"encoding/json"
	"io"
	"net/http"
)

// CountReads makes a transport tell what statements have read, which
// clickhouse-go drops over HTTP: from X-ClickHouse-Summary, in the head or in
// the trailer of a response. Options.TransportFunc is the place for it. The
// native protocol does not need it.
func CountReads(next http.RoundTripper) http.RoundTripper { return countReads{next} }

type countReads struct{ next http.RoundTripper }

const summaryHeader = "X-Clickhouse-Summary"

// RoundTrip implements [http.RoundTripper].
func (t countReads) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(r)
	read, ok := r.Context().Value(counterKey{}).(*counter)
	if err != nil || !ok {
		return response, err
	}
	if head := response.Header.Get(summaryHeader); head != "" && response.Trailer.Get(summaryHeader) == "" {
		read.addSummary(head)
	}
	response.Body = &summaryBody{ReadCloser: response.Body, response: response, read: read}
	return response, nil
}

// summaryBody looks at the trailer when the body has ended.
type summaryBody struct {
	io.ReadCloser
	response *http.Response
	read     *counter
	ended    bool
}

func (b *summaryBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !b.ended {
		b.ended = true
		if trailer := b.response.Trailer.Get(summaryHeader); trailer != "" {
			b.read.addSummary(trailer)
		}
	}
	return n, err
}

func (c *counter) addSummary(text string) {
	var summary struct {
		Rows  uint64 `json:"read_rows,string"`
		Bytes uint64 `json:"read_bytes,string"`
	}
	if json.Unmarshal([]byte(text), &summary) == nil {
		c.add(summary.Rows, summary.Bytes)
	}
}
