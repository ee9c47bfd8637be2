package page_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/examples/reference-stack/stack/page"
)

// TestHandler shows the files, and that what is no file is told as a problem.
func TestHandler(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method, path, contentType string
		status                    int
	}{
		{http.MethodGet, "/", "text/html; charset=utf-8", http.StatusOK},
		{http.MethodHead, "/", "text/html; charset=utf-8", http.StatusOK},
		{http.MethodGet, "/style.css", "text/css; charset=utf-8", http.StatusOK},
		{http.MethodGet, "/nowhere", "application/problem+json", http.StatusNotFound},
		{http.MethodGet, "/nowhere/", "application/problem+json", http.StatusNotFound},
		{http.MethodGet, "/style.css/", "application/problem+json", http.StatusNotFound},
		{http.MethodPost, "/", "application/problem+json", http.StatusMethodNotAllowed},
	} {
		w := httptest.NewRecorder()
		page.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), c.method, c.path, nil))
		require.Equal(t, c.status, w.Code, c.method+" "+c.path)
		require.Equal(t, c.contentType, w.Header().Get("Content-Type"), c.path)
	}
}
