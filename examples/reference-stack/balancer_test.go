package referencestack

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"
)

// balancer sends requests on to processes by turns, as one before a deployment
// does: to those whose /readyz said so when it looked last.
type balancer struct {
	*httptest.Server
	stop context.CancelFunc

	mu     sync.Mutex
	behind []*backend
	next   int
	errs   []error // of requests that got no answer
}

type backend struct {
	server *server
	proxy  *httputil.ReverseProxy
	ready  bool
}

// balance starts a balancer before some processes.
func balance(tb testing.TB, servers ...*server) *balancer {
	tb.Helper()
	b := &balancer{}
	ctx, stop := context.WithCancel(tb.Context())
	b.stop = stop
	b.Server = httptest.NewServer(b)
	for _, s := range servers {
		b.add(tb, s)
	}
	b.look(ctx)
	var looking sync.WaitGroup
	looking.Go(func() {
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			b.look(ctx)
			<-tick.C
		}
	})
	tb.Cleanup(func() {
		stop()
		looking.Wait()
		b.Close()
	})
	return b
}

func (b *balancer) add(tb testing.TB, s *server) {
	tb.Helper()
	to, err := url.Parse(s.url)
	if err != nil {
		tb.Fatal(err)
	}
	new := &backend{server: s, proxy: &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil {
				b.mu.Lock()
				b.errs = append(b.errs, err)
				b.mu.Unlock()
			}
			w.WriteHeader(http.StatusBadGateway)
		},
	}}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.behind = append(b.behind, new)
}

func (b *balancer) drop(s *server) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.behind = slices.DeleteFunc(b.behind, func(old *backend) bool { return old.server == s })
}

func (b *balancer) look(ctx context.Context) {
	b.mu.Lock()
	behind := slices.Clone(b.behind)
	b.mu.Unlock()
	for _, one := range behind {
		ready := false
		if req, err := http.NewRequestWithContext(ctx, http.MethodGet, one.server.url+"/readyz", nil); err == nil {
			if resp, err := http.DefaultClient.Do(req); err == nil {
				ready = resp.StatusCode == http.StatusOK
				_ = resp.Body.Close()
			}
		}
		b.mu.Lock()
		one.ready = ready
		b.mu.Unlock()
	}
}

func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	var to *backend
	for i := range b.behind {
		if one := b.behind[(b.next+i)%len(b.behind)]; one.ready {
			to, b.next = one, b.next+i+1
			break
		}
	}
	b.mu.Unlock()
	if to == nil {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	to.proxy.ServeHTTP(w, r)
}

func (b *balancer) failures() []error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.errs)
}
