package ingest

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/tenant"
)

// agents answers with what it was asked, and counts how often.
type agents struct {
	mu    sync.Mutex
	asked map[string]int
}

func (a *agents) Parse(text string) Agent {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.asked == nil {
		a.asked = map[string]int{}
	}
	a.asked[text]++
	switch {
	case strings.Contains(text, "bot"):
		return Agent{Bot: true}
	case strings.Contains(text, "nothing"):
		return Agent{}
	}
	return Agent{Browser: text, BrowserVersion: "1", OS: "TestOS", OSVersion: "2", Device: "tablet"}
}

const chrome = `"$browser":%q,"$browser_version":"1","$os":"TestOS","$os_version":"2","$device":"tablet"`

func TestAgentNames(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body    string
		headers []string
		want    string
	}{
		"in the context":    {`"context":{"userAgent":"Moz\"illa\/5"}`, nil, "{" + fmt.Sprintf(chrome, `Moz"illa/5`) + "}"},
		"of a browser":      {``, []string{"User-Agent", "Mozilla/5.0 X"}, "{" + fmt.Sprintf(chrome, `Mozilla/5.0 X`) + "}"},
		"context first":     {`"context":{"userAgent":"A"}`, []string{"User-Agent", "Mozilla/5.0 X"}, "{" + fmt.Sprintf(chrome, `A`) + "}"},
		"of a page's app":   {``, []string{"User-Agent", "App", "Origin", "https://x.org"}, "{" + fmt.Sprintf(chrome, `App`) + "}"},
		"of a server":       {``, []string{"User-Agent", "analytics-node/6.2.0"}, ``},
		"of a server's bot": {`"context":{"userAgent":"Googlebot"}`, []string{"User-Agent", "analytics-node/6.2.0"}, `{"$bot":true}`},
		"no text":           {`"context":{"userAgent":{"a":1}}`, nil, ``},
		"empty":             {`"context":{"userAgent":""}`, []string{"User-Agent", "Mozilla/5.0 X"}, "{" + fmt.Sprintf(chrome, `Mozilla/5.0 X`) + "}"},
		"null":              {`"context":{"userAgent":null}`, nil, ``},
		"cut":               {`"context":{"userAgent":"` + strings.Repeat("x", 600) + `"}`, nil, "{" + fmt.Sprintf(chrome, strings.Repeat("x", 512)) + "}"},
		"an app's system": {
			`"context":{"os":{"name":"iOS","version":"18.5"},"userAgent":"nothing"}`, nil, `{"$os":"iOS","$os_version":"18.5","$device":"mobile"}`,
		},
		"a server's system": {`"context":{"os":{"name":"linux"}}`, nil, `{"$os":"linux"}`},
		"hints": {
			`"context":{"userAgent":"nothing","userAgentData":{"brands":[{"brand":"C","version":"1"}],"mobile":true,"platform":"Android"}}`, nil,
			`{"$os":"Android","$device":"mobile"}`,
		},
		"hints know less": {`"context":{"userAgent":"A","userAgentData":{"mobile":true,"platform":"P"}}`, nil, "{" + fmt.Sprintf(chrome, `A`) + "}"},
		"language":        {``, []string{"Origin", "https://x.org", "Accept-Language", "de-AT, en;q=0.5"}, `{"$locale":"de-AT"}`},
		"any language":    {``, []string{"Origin", "https://x.org", "Accept-Language", "*"}, ``},
		"server language": {``, []string{"Accept-Language", "de-AT"}, ``},
		"own language":    {`"context":{"locale":"fr"}`, []string{"Origin", "https://x.org", "Accept-Language", "de"}, `{"$locale":"fr"}`},
		"the rest": {
			`"context":{"timezone":"Europe/Rome","screen":{"width":1512,"height":9.5e2,"density":2},"app":{"name":"N","version":"4.2"},"library":{"name":"L","version":"1"}}`, nil,
			`{"$timezone":"Europe/Rome","$screen_width":1512,"$screen_height":9.5e2,"$app_version":"4.2","$library":"L"}`,
		},
		"no numbers": {`"context":{"screen":{"width":"1","height":null}}`, nil, ``},
	} {
		b := setup(t, func(c *Config, r *tenant.Registration) { c.UserAgent, r.IP = &agents{}, tenant.DropIP })
		got := b.oneWith("/v1/track", `{"event":"E","anonymousId":"a1"`+strings.TrimSuffix(","+c.body, ",")+`}`, c.headers...)
		require.Equal(t, c.want, got.Derived, name)
	}
}

func TestAgentsOfABatch(t *testing.T) {
	t.Parallel()
	asked := &agents{}
	b := setup(t, func(c *Config, _ *tenant.Registration) { c.UserAgent = asked })
	item := func(context string) string { return `{"type":"track","event":"E","userId":"u"` + context + `}` }
	for range 3 {
		w := b.post("/v1/batch", `{"context":{"userAgent":"shared"},"batch":[`+strings.Join([]string{
			item(``), item(`,"context":{"userAgent":"own"}`), item(`,"context":{"a":1}`), item(`,"context":{"userAgent":null}`), item(`,"context":{"userAgent":"own"}`),
		}, ",")+`]}`, "User-Agent", "Mozilla/5.0 X", "Cookie", "x")
		require.Equal(t, 200, w.Code, w.Body)
	}
	for i, ev := range b.log.events(t) {
		want := [...]string{"shared", "own", "shared", "Mozilla/5.0 X", "own"}[i%5]
		require.Contains(t, ev.Derived, fmt.Sprintf(chrome, want), i)
	}
	require.Equal(t, map[string]int{"shared": 1, "own": 1, "Mozilla/5.0 X": 1}, asked.asked, "each is taken apart once")
}

func TestRecentKeepsTheLastAndIsBounded(t *testing.T) {
	t.Parallel()
	const texts = 100
	c := newRecent[int](texts)
	for i := range 10_000 {
		c.put(fmt.Sprint(i), i)
		_, ok := c.get("0")
		require.True(t, ok, "what is asked for stays; lost after %d", i)
	}
	size := 0
	for i := range c.shards {
		size += len(c.shards[i].young) + len(c.shards[i].old)
	}
	require.LessOrEqual(t, size, 4*texts)
	known := 0
	for i := 10_000 - texts; i < 10_000; i++ {
		if v, ok := c.get(fmt.Sprint(i)); ok {
			require.Equal(t, i, v)
			known++
		}
	}
	require.Greater(t, known, texts*9/10)
	_, ok := c.get("5")
	require.False(t, ok, "a text of long ago is forgotten")
}
