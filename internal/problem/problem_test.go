package problem

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWrite(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
	r.Header.Set(RequestIDHeader, "abc-1")
	w := httptest.NewRecorder()
	Write(w, r, Problem{
		Title: "Invalid query", Status: 400, Detail: "one mistake", RetryAfter: 100 * time.Millisecond,
		Errors: []Error{{Path: "/steps/1/event", Code: "required", Message: "event is required"}},
	})
	require.Equal(t, 400, w.Code)
	require.Equal(t, ContentType, w.Header().Get("Content-Type"))
	require.Equal(t, "1", w.Header().Get("Retry-After"))
	require.Equal(t, "abc-1", w.Header().Get(RequestIDHeader))
	require.JSONEq(t, `{"type":"about:blank","title":"Invalid query","status":400,"detail":"one mistake","request":"abc-1",`+
		`"errors":[{"path":"/steps/1/event","code":"required","message":"event is required"}]}`+"\n", w.Body.String())
}

func TestWriteDefaults(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	Write(w, nil, Problem{})
	var got Problem
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
	require.Equal(t, Problem{Type: "about:blank", Title: "Internal Server Error", Status: 500, Request: got.Request}, got)
	require.Len(t, got.Request, 24)
	require.Equal(t, got.Request, w.Header().Get(RequestIDHeader))
	require.Empty(t, w.Header().Get("Retry-After"))
}

func TestRequestIDTrustsOnlyPlainTokens(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", "a b", "a\"b", "ä", strings.Repeat("x", 129)} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Header.Set(RequestIDHeader, id)
		w := httptest.NewRecorder()
		got := RequestID(w, r)
		require.NotEqual(t, id, got)
		require.Equal(t, got, RequestID(w, r), "the same for one answer")
	}
}
