// Package problem writes errors as RFC 9457 application/problem+json, the one
// form in which both doors tell a client what is wrong.
package problem

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"time"
)

// ContentType is the media type of the body that [Write] writes.
const ContentType = "application/problem+json"

// RequestIDHeader carries the id of a request, in both directions.
const RequestIDHeader = "X-Request-Id"

// Problem is the body of an error answer.
type Problem struct {
	Type    string  `json:"type"`             // defaults to "about:blank"
	Title   string  `json:"title"`            // defaults to the text of Status
	Status  int     `json:"status"`           // defaults to 500
	Detail  string  `json:"detail,omitempty"` // what went wrong this time
	Request string  `json:"request"`          // defaults to RequestID
	Errors  []Error `json:"errors,omitempty"` // every mistake found, not only the first

	// RetryAfter becomes the header of that name, in whole seconds and at
	// least one, if it is not zero.
	RetryAfter time.Duration `json:"-"`
}

// Error is one mistake: where it is in the request (a JSON pointer), a code a
// program can tell, and a sentence a person can read.
type Error struct {
	Path    string `json:"path"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Write answers a request with a problem. Headers that w already has stay.
func Write(w http.ResponseWriter, r *http.Request, p Problem) {
	p.Type = cmp.Or(p.Type, "about:blank")
	p.Status = cmp.Or(p.Status, http.StatusInternalServerError)
	p.Title = cmp.Or(p.Title, http.StatusText(p.Status))
	if p.Request == "" {
		p.Request = RequestID(w, r)
	}
	body, err := json.Marshal(p)
	if err != nil { // a struct of texts and numbers always marshals
		body = []byte(`{"type":"about:blank","title":"Internal Server Error","status":500}`)
	}
	h := w.Header()
	h.Set("Content-Type", ContentType)
	h.Set("Content-Length", strconv.Itoa(len(body)+1))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(p.RetryAfter.Seconds())))))
	}
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(body, '\n')) // a client that has gone needs no answer
}

// RequestID returns the id that a request is known by in answers and logs, and
// sets it on the answer: the client's own if it is a plain short token, else a
// random one, the same for every call with one w.
func RequestID(w http.ResponseWriter, r *http.Request) string {
	if id := w.Header().Get(RequestIDHeader); id != "" {
		return id
	}
	id := ""
	if r != nil {
		id = r.Header.Get(RequestIDHeader)
	}
	if !sane(id) {
		var b [12]byte
		_, _ = rand.Read(b[:]) // never fails: crypto/rand aborts the program instead
		id = hex.EncodeToString(b[:])
	}
	w.Header().Set(RequestIDHeader, id)
	return id
}

// sane keeps what a stranger sends out of logs unless it can do no harm there.
func sane(id string) bool {
	for i := range len(id) {
		c := id[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && c != '-' && c != '_' && c != '.' && c != ':' {
			return false
		}
	}
	return id != "" && len(id) <= 128
}
