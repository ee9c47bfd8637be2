package referencestack

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// fault is what happens to one request that carries events.
type fault struct {
	status int  // what the sender is told; 0 for the truth
	after  bool // the events are taken all the same: the sender will send them twice
}

// rough is a line that fails before and behind the server, never twice in a
// row, so that an SDK with three tries gets through.
var rough = []fault{
	{status: http.StatusServiceUnavailable},
	{},
	{status: http.StatusTooManyRequests},
	{},
	{status: http.StatusServiceUnavailable, after: true},
	{},
	{status: http.StatusTooManyRequests, after: true},
}

// exchange is a request that carries events, with the answer of the server.
type exchange struct {
	path, body, answer string
	origin             string
	status             int // of the server, 0 if it was not asked
	fault              fault
}

// proxy stands between one SDK and the server, does what its faults say to the
// first requests, and keeps what went through.
type proxy struct {
	url  string
	next *httputil.ReverseProxy

	mu        sync.Mutex
	faults    []fault
	exchanges []exchange
}

func newProxy(tb testing.TB, server string, faults []fault) *proxy {
	tb.Helper()
	to, err := url.Parse(server)
	require.NoError(tb, err)
	p := &proxy{faults: faults, next: &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}}
	front := httptest.NewServer(p)
	tb.Cleanup(front.Close)
	p.url = front.URL
	return p
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || strings.HasPrefix(r.URL.Path, "/flags") { // a question
		p.next.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the sender is gone
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	e := exchange{path: r.URL.Path, body: string(body), origin: r.Header.Get("Origin"), fault: p.fault()}
	answer := httptest.NewRecorder()
	if e.fault.status == 0 || e.fault.after {
		// A page that is left gives up its requests; what the server made of one
		// is still to be known.
		p.next.ServeHTTP(answer, r.WithContext(context.WithoutCancel(r.Context())))
		e.status, e.answer = answer.Code, answer.Body.String()
	}
	p.mu.Lock()
	p.exchanges = append(p.exchanges, e)
	p.mu.Unlock()
	if e.fault.status == 0 {
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = io.WriteString(w, e.answer) // a sender that is gone will ask again
		return
	}
	if e.origin != "" { // as the server's own refusals have it
		w.Header().Set("Access-Control-Allow-Origin", e.origin)
		w.Header().Set("Access-Control-Expose-Headers", "Retry-After")
	}
	w.Header().Set("Retry-After", "1")
	w.WriteHeader(e.fault.status)
}

func (p *proxy) fault() (f fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.faults) > 0 {
		f, p.faults = p.faults[0], p.faults[1:]
	}
	return f
}

func (p *proxy) seen() []exchange {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]exchange(nil), p.exchanges...)
}

// accepted is how many events the server said it took, copies included.
func (p *proxy) accepted(tb testing.TB) (n int64) {
	tb.Helper()
	for _, e := range p.seen() {
		if e.status == http.StatusOK && strings.Contains(e.answer, `"accepted":`) {
			var answer struct{ Accepted int64 }
			require.NoError(tb, json.Unmarshal([]byte(e.answer), &answer), e.answer)
			n += answer.Accepted
		}
	}
	return n
}
