package useragent

import (
	"strings"

	useragent "github.com/medama-io/go-useragent"
	"github.com/medama-io/go-useragent/agents"

	"github.com/footfall-go/footfall/ingest"
)

// Parser implements [ingest.UserAgents]. It is safe for concurrent use.
type Parser struct{ trie *useragent.Parser }

// New builds the tables, which takes some 30 ms and 5 MB.
func New() *Parser { return &Parser{trie: useragent.NewParser()} }

// Parse tells what is known of a user agent.
func (p *Parser) Parse(userAgent string) ingest.Agent {
	found := p.trie.Parse(userAgent)
	a := ingest.Agent{Bot: found.IsBot() || namesBot(userAgent)}
	a.OS = system(found.OS(), userAgent)
	a.OSVersion = systemVersion(a.OS, userAgent)
	a.Device = device(found.Device(), a.OS, userAgent)
	if a.OS != "" || !a.Bot { // to a bot without a system, "Mozilla … Safari" is courtesy
		a.Browser, a.BrowserVersion = browser(&found, userAgent)
	}
	return a
}

// browser corrects the library where a browser's own words are known better.
func browser(found *useragent.UserAgent, userAgent string) (name, number string) {
	switch name = string(found.Browser()); name {
	case "":
		for _, name := range [...]string{"Firefox", "Chrome"} {
			if _, rest, ok := strings.Cut(userAgent, name+"/"); ok {
				return name, version(rest)
			}
		}
		return "", ""
	case string(agents.BrowserOperaMini):
		_, rest, _ := strings.Cut(userAgent, "Opera Mini/")
		return name, version(rest) // two numbers, of client and server
	case string(agents.BrowserIE):
		name = "Internet Explorer"
		if strings.Contains(userAgent, "rv:11") {
			return name, "11.0" // it has no other word for it
		}
	}
	return name, version(found.BrowserVersion())
}

// version returns the digits and dots a text begins with.
func version(text string) string {
	end := 0
	for end < len(text) && (text[end] == '.' || text[end] >= '0' && text[end] <= '9') {
		end++
	}
	return strings.Trim(text[:min(end, 32)], ".")
}
