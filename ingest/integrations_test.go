package ingest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestIntegrationsOfABatch shows that what a batch says of integrations is said
// of each message that does not say it itself, and that all of it is kept.
func TestIntegrationsOfABatch(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ message, batch, context string }{
		"the batch's alone":          {``, `"integrations":{"All":false}`, `{"integrations":{"All":false}}`},
		"the message's alone":        {`"integrations":{"All":true}`, ``, `{"integrations":{"All":true}}`},
		"the message wins by name":   {`"integrations":{"A\u0041":{"id":1}}`, `"integrations":{"AA":false,"B":[2]}`, `{"integrations":{"B":[2],"AA":{"id":1}}}`},
		"beside a context":           {`"integrations":{"A":1},"context":{"locale":"de"}`, `"integrations":{"B":2}`, `{"integrations":{"B":2,"A":1},"locale":"de"}`},
		"beside a shared context":    {``, `"integrations":{"B":2},"context":{"locale":"de"}`, `{"integrations":{"B":2},"locale":"de"}`},
		"beside both":                {`"integrations":{"A":1},"context":{"a":1}`, `"context":{"b":2},"integrations":{"B":2}`, `{"integrations":{"B":2,"A":1},"b":2,"a":1}`},
		"beside an empty one":        {`"integrations":{"A":1},"context":{ }`, ``, `{"integrations":{"A":1}}`},
		"empty ones":                 {`"integrations":{ }`, `"integrations":{ }`, ``},
		"null is none":               {`"integrations":null`, `"integrations":{"B":2}`, `{"integrations":{"B":2}}`},
		"what is no object is none":  {`"integrations":[1]`, `"integrations":7`, ``},
		"a context says it itself":   {`"integrations":{"A":1},"context":{"integrations":{"C":3}}`, `"integrations":{"B":2}`, `{"integrations":{"C":3}}`},
		"a shared one does, as null": {`"integrations":{"A":1}`, `"context":{"integrations":null}`, `{"integrations":null}`},
		"and no secrets":             {`"integrations":{"A":{"password":"hunter2"}}`, ``, `{"integrations":{"A":{"password":"[redacted]"}}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			parts := func(of ...string) string { return "{" + strings.Trim(strings.Join(of, ","), ",") + "}" }
			w := b.post("/v1/batch", parts(`"batch":[`+parts(`"type":"track","event":"A","userId":"u"`, c.message)+`]`, c.batch))
			require.Equal(t, http.StatusOK, w.Code, w.Body.String())
			events := b.log.events(t)
			require.Len(t, events, 1)
			if c.context == "" {
				require.Empty(t, strings.TrimSpace(events[0].Context))
				return
			}
			require.JSONEq(t, c.context, events[0].Context)
			require.Equal(t, 1, strings.Count(events[0].Context, "integrations"))
		})
	}
}

// TestIntegrationsAreBounded shows that they count like the context that all
// messages share, and that those of one request are not the next one's.
func TestIntegrationsAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	large := `,"integrations":{"A":"` + strings.Repeat("x", maxEvent) + `"}`
	problemOf(t, b.post("/v1/batch", `{"batch":[{"type":"track","event":"A","userId":"u"}]`+large+`}`), http.StatusRequestEntityTooLarge)
	require.Equal(t, 200, b.post("/v1/batch", `{"batch":[{"type":"track","event":"A","userId":"u"}],"integrations":{"A":1}}`).Code)
	require.Empty(t, b.one("/v1/track", event).Context)
}
