package stack

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/footfall-go/footfall/internal/problem"
)

// listen opens the address and answers there that the server is not ready, so
// that a balancer is told what a refused connection would leave it to guess.
func (s *Server) listen(ctx context.Context) (err error) {
	listen := net.ListenConfig{}
	if s.listener, err = listen.Listen(ctx, "tcp", s.settings.Listen); err != nil {
		return err
	}
	s.starting.begin()
	s.http = &http.Server{
		Handler:           &s.starting,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute, // a body of the largest size over a slow line
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ConnState:         newConnections(maxConnections).track,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	s.served = make(chan error, 1)
	go func() { s.served <- s.http.Serve(s.listener) }()
	return nil
}

// starting answers for a server until it has its parts, and hands over to them.
type starting struct {
	routes atomic.Pointer[http.Handler]

	mu      sync.Mutex
	waiting map[string]string // for what, and why
}

func (s *starting) begin() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", serveHealth)
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		found := map[string]string{"server": "starting"}
		maps.Copy(found, s.waiting)
		writeJSON(w, http.StatusServiceUnavailable, map[string]any{"ready": false, "checks": found})
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		problem.Write(w, r, problem.Problem{Status: http.StatusServiceUnavailable, Detail: "the server is starting", RetryAfter: 2 * time.Second})
	})
	s.done(mux)
}

func (s *starting) done(routes http.Handler) { s.routes.Store(&routes) }

func (s *starting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	(*s.routes.Load()).ServeHTTP(w, r)
}

// wait notes why the server is not ready yet, "" if that is over, and reports
// whether it is news.
func (s *starting) wait(what, why string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	news := s.waiting[what] != why
	if s.waiting == nil {
		s.waiting = map[string]string{}
	}
	if s.waiting[what] = why; why == "" {
		delete(s.waiting, what)
	}
	return news
}

// announce waits until the server is ready, leaves word in the data folder,
// and tells.
func (s *Server) announce(ctx context.Context, ready func(url string)) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok, _ := s.ready(ctx); ok {
			break
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
	if s.settings.Data != "" {
		run := &runFile{URL: s.url(), PID: os.Getpid(), AdminKey: s.adminKey}
		if err := run.write(s.settings.Data); err != nil {
			s.log.Error("import and status will not find this process", "error", err)
		}
		s.announced = true
	}
	ready(s.url())
}

func (s *Server) url() string { return listenURL(s.listener) }

// listenURL is the address a program on this machine reaches a listener at.
func listenURL(listener net.Listener) string {
	addr := listener.Addr().(*net.TCPAddr)
	host := addr.IP.String()
	if addr.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, fmt.Sprint(addr.Port))
}
