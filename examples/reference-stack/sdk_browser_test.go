package referencestack

import (
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"github.com/footfall-go/footfall/internal/testenv"
)

// servePages serves testdata/sdk to browsers, on an address of its own, so that
// what a page sends crosses origins. It answers by two names, which makes two
// origins.
func servePages(tb testing.TB) (url, sameByName string) {
	tb.Helper()
	pages := httptest.NewServer(http.FileServer(http.Dir(sdkFolder(tb))))
	tb.Cleanup(pages.Close)
	return pages.URL, strings.Replace(pages.URL, "127.0.0.1", "localhost", 1)
}

// chromium finds the browser.
func chromium(tb testing.TB) string {
	tb.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	testenv.Missing(tb, "Chromium is not on this machine")
	return ""
}

// page returns a send that opens a page of testdata/sdk in Chromium. A way of
// sending in which a page hears no answer is blind.
func page(file, mode string, blind bool) func(testing.TB, plan) []string {
	return func(tb testing.TB, p plan) []string {
		tb.Helper()
		p.Mode, p.Blind = mode, blind
		var said struct{ Errors []string }
		runNode(tb, "browser.cjs", map[string]any{"page": p.Pages + "/" + file, "executable": chromium(tb), "plan": p}, &said)
		return said.Errors
	}
}
