package useragent

import "strings"

// botWords are in the names of programs that fetch pages by themselves. The
// library has a list of bots; there are new ones every week, and they follow
// this custom.
var botWords = [...]string{
	"bot", "crawl", "spider", "slurp", "scrap", "fetch", "archive", "feed", "web preview", "bingpreview", "monitor", "headless", "phantomjs",
	"lighthouse", "validator", "externalhit", "ptst/", "curl/", "wget/", "python", "libwww", "go-http-client", "nutch", "@",
}

// noBots are words that have a bot word in them and are none: a telephone's
// maker, and the Cubot of another.
var noBots = [...]string{"cubot", "robotics"}

// namesBot reports whether a user agent is that of a bot by its words, or has
// the address of a page that explains one or of who answers for it.
func namesBot(userAgent string) bool {
	text := strings.ToLower(userAgent)
	if strings.Contains(text, "http://") || strings.Contains(text, "https://") {
		return true
	}
	for _, word := range noBots {
		text = strings.ReplaceAll(text, word, "")
	}
	for _, word := range botWords {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}
