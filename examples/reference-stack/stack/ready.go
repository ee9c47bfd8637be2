package stack

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"
)

// checks remembers the last look, so that whoever asks often costs little.
type checks struct {
	mu    sync.Mutex
	at    time.Time
	found map[string]string
	ready bool
}

// checkEvery is how long a look is good for.
const checkEvery = 200 * time.Millisecond

const ok = "ok"

// ready reports whether the server can take events and answer questions, and
// what each part says of itself.
func (s *Server) ready(ctx context.Context) (bool, map[string]string) {
	c := &s.checks
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ready || time.Since(c.at) >= checkEvery {
		c.at, c.found, c.ready = time.Now(), s.look(ctx), true
		for _, state := range c.found {
			c.ready = c.ready && state == ok
		}
	}
	if s.stopping.Load() {
		return false, map[string]string{"server": "stopping"}
	}
	return c.ready, c.found
}

// look asks the parts that the role cannot do without. A door without the store
// goes on with what it knows of erasures, and answers without the log say less
// of how new they are.
func (s *Server) look(ctx context.Context) map[string]string {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	found := map[string]string{}
	check := func(part string, err error) {
		if found[part] = ok; err != nil {
			found[part] = err.Error()
		}
	}
	if s.role.door || s.role.processor {
		check("log", s.records.trouble(ctx))
	}
	if s.role.answers {
		check("store", s.conn.Ping(ctx))
	}
	if s.role.processor {
		check("processor", s.processing(ctx))
	}
	return found
}

// processing returns why the processor is not at work.
func (s *Server) processing(ctx context.Context) error {
	status, err := s.runner.Status(ctx)
	if err != nil || status.Ready {
		return err
	}
	if len(status.Partitions) == 0 && s.records.joined() {
		return nil // there are more processors than partitions
	}
	return errors.New(status.Reason)
}

func (s *Server) serveReady(w http.ResponseWriter, r *http.Request) {
	ready, found := s.ready(r.Context())
	status := http.StatusOK
	if !ready {
		status = http.StatusServiceUnavailable
	}
	writeJSON(w, status, map[string]any{"ready": ready, "checks": found})
}

func serveHealth(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"healthy": true})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a client that has gone needs no answer
}
