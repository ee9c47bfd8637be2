// Package page is the first page of the reference stack: events per minute and
// a live list of the newest ones. It is plain files without a build step.
package page

import (
	"embed"
	"io/fs"
	"net/http"
	"strings"

	"github.com/footfall-go/footfall/internal/problem"
)

//go:embed index.html style.css app.js icon.svg
var files embed.FS

// policy lets the page load its own files and talk to its own server, and
// nothing else: whatever text an event carries, it does not run.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Handler serves the page at / and its files beside it. Errors are problems, as
// on every other route.
func Handler() http.Handler {
	static := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			problem.Write(w, r, problem.Problem{Status: http.StatusMethodNotAllowed, Detail: "use GET, HEAD"})
			return
		}
		if name := strings.TrimPrefix(r.URL.Path, "/"); name != "" {
			if _, err := fs.Stat(files, name); err != nil {
				problem.Write(w, r, problem.Problem{Status: http.StatusNotFound, Detail: "there is nothing at this path"})
				return
			}
		}
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		static.ServeHTTP(w, r)
	})
}
