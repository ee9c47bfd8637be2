package chdb

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"time"
)

// Handler serves the engine to other processes, in ClickHouse's HTTP
// interface. Whoever comes in can read files of this machine by SQL, so it asks
// for the login; with none it serves programs of this machine only. GET /ping
// answers everybody.
func (e *Engine) Handler(login Login) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ping", func(w http.ResponseWriter, _ *http.Request) { serveOK(w) })
	mux.Handle("/{$}", login.Require(e.serveQueries()))
	return mux
}

func (e *Engine) serveQueries() http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.URL.RawQuery == "" {
			serveOK(w)
			return
		}
		control := http.NewResponseController(w)
		r.Body = &patientBody{r.Body, control}
		response, err := e.Transport().RoundTrip(r)
		if err != nil {
			serveError(w, r, err)
			return
		}
		defer func() { _ = response.Body.Close() }()
		maps.Copy(w.Header(), response.Header)
		w.WriteHeader(response.StatusCode)
		if _, err := io.CopyBuffer(patientWriter{w, control}, response.Body, make([]byte, 64<<10)); err != nil {
			// The client must not take half a result for the whole: what is there
			// goes out, and then the connection breaks.
			_ = control.Flush()
			panic(http.ErrAbortHandler)
		}
		_ = control.SetWriteDeadline(time.Time{}) // the next request's is its own
		for name, values := range response.Trailer {
			w.Header()[http.TrailerPrefix+name] = values
		}
	}
}

// patience is how long a client may neither send nor take a byte: one that was
// stopped half-way must not hold a session, of which there are few.
const patience = time.Minute

// patientBody is the body of a request, which has to come in time. A connection
// without deadlines, in a test, has none.
type patientBody struct {
	io.ReadCloser
	control *http.ResponseController
}

func (b *patientBody) Read(p []byte) (int, error) {
	_ = b.control.SetReadDeadline(time.Now().Add(patience))
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		// From now on the server reads to learn whether the client goes.
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

// patientWriter is the answer, which has to be taken in time.
type patientWriter struct {
	io.Writer
	control *http.ResponseController
}

func (w patientWriter) Write(p []byte) (int, error) {
	_ = w.control.SetWriteDeadline(time.Now().Add(patience))
	return w.Writer.Write(p)
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
