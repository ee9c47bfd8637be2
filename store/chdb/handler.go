package chdb

import (
	"errors"
	"io"
	"maps"
	"net/http"
)

// Handler serves the engine to other processes of this machine, in
// ClickHouse's HTTP interface. It asks nobody for a password, and SQL is able
// to read files: give it a loopback listener and no other.
func (e *Engine) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ping", func(w http.ResponseWriter, _ *http.Request) { serveOK(w) })
	mux.Handle("/{$}", e.serveQueries())
	return mux
}

func (e *Engine) serveQueries() http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.URL.RawQuery == "" {
			serveOK(w)
			return
		}
		response, err := e.Transport().RoundTrip(r)
		if err != nil {
			serveError(w, r, err)
			return
		}
		defer func() { _ = response.Body.Close() }()
		maps.Copy(w.Header(), response.Header)
		w.WriteHeader(response.StatusCode)
		if _, err := io.CopyBuffer(w, response.Body, make([]byte, 64<<10)); err != nil {
			// The client must not take half a result for the whole: what is there
			// goes out, and then the connection breaks.
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
		for name, values := range response.Trailer {
			w.Header()[http.TrailerPrefix+name] = values
		}
	}
}

func serveOK(w http.ResponseWriter) { _, _ = io.WriteString(w, "Ok.\n") }

func serveError(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case r.Context().Err() != nil:
		// Nobody is there to read an answer.
	case errors.Is(err, ErrClosed):
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	default:
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}
