package useragent_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/ingest"
	"github.com/footfall-go/footfall/ingest/useragent"
)

const webkit = " AppleWebKit/537.36 (KHTML, like Gecko) "

func TestParse(t *testing.T) {
	t.Parallel()
	p := useragent.New()
	for text, want := range map[string]ingest.Agent{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64)" + webkit + "Chrome/141.0.0.0 Safari/537.36":                                                          {Browser: "Chrome", BrowserVersion: "141.0.0.0", OS: "Windows", OSVersion: "10.0", Device: "desktop"},
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64)" + webkit + "Chrome/141.0.0.0 Safari/537.36 Edg/141.0.3537.57":                                        {Browser: "Edge", BrowserVersion: "141.0.3537.57", OS: "Windows", OSVersion: "10.0", Device: "desktop"},
		"Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko":                                                                          {Browser: "Internet Explorer", BrowserVersion: "11.0", OS: "Windows", OSVersion: "10.0", Device: "desktop"},
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15":                          {Browser: "Safari", BrowserVersion: "18.5", OS: "macOS", OSVersion: "10.15.7", Device: "desktop"},
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/141.0.7390.41 Mobile/15E148 Safari/604.1": {Browser: "Chrome", BrowserVersion: "141.0.7390.41", OS: "iOS", OSVersion: "18.5", Device: "mobile"},
		"Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1":                 {Browser: "Safari", BrowserVersion: "17.5", OS: "iOS", OSVersion: "17.5", Device: "tablet"},
		"Mozilla/5.0 (Linux; Android 10; K)" + webkit + "Chrome/141.0.0.0 Mobile Safari/537.36":                                                          {Browser: "Chrome", BrowserVersion: "141.0.0.0", OS: "Android", OSVersion: "10", Device: "mobile"},
		"Mozilla/5.0 (Linux; Android 14; SM-X910)" + webkit + "Chrome/141.0.0.0 Safari/537.36":                                                           {Browser: "Chrome", BrowserVersion: "141.0.0.0", OS: "Android", OSVersion: "14", Device: "tablet"},
		"Mozilla/5.0 (Linux; Android 13; CUBOT NOTE 50)" + webkit + "Chrome/141.0.0.0 Mobile Safari/537.36":                                              {Browser: "Chrome", BrowserVersion: "141.0.0.0", OS: "Android", OSVersion: "13", Device: "mobile"},
		"Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0":                                                                 {Browser: "Firefox", BrowserVersion: "143.0", OS: "Linux", Device: "desktop"},
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0)" + webkit + "Chrome/141.0.0.0 Safari/537.36":                                                           {Browser: "Chrome", BrowserVersion: "141.0.0.0", OS: "ChromeOS", OSVersion: "14541.0.0", Device: "desktop"},
		"Opera/9.80 (J2ME/MIDP; Opera Mini/7.1.32052/34.1244; U; en) Presto/2.8.119 Version/11.10":                                                       {Browser: "Opera Mini", BrowserVersion: "7.1.32052", Device: "mobile"},
		"Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0)" + webkit + "76.0.3809.146/6.0 TV Safari/537.36":                                                       {OS: "Tizen", OSVersion: "6.0", Device: "tv"},
		"Mozilla/5.0 (Web0S; Linux/SmartTV)" + webkit + "Chrome/94.0.4606.128 Safari/537.36 WebAppManager":                                               {Browser: "Chrome", BrowserVersion: "94.0.4606.128", OS: "webOS", Device: "tv"},
		"Mozilla/5.0 (PlayStation; PlayStation 5/2.26) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1.15":                            {Browser: "Safari", BrowserVersion: "13.0", OS: "PlayStation", Device: "console"},

		"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)":                                                                                                  {Bot: true},
		"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P)" + webkit + "Chrome/141.0.0.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": {Browser: "Chrome", BrowserVersion: "141.0.0.0", OS: "Android", OSVersion: "6.0.1", Device: "mobile", Bot: true},
		"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)":                                                                    {Bot: true},
		"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; SomethingNew/1.0; +us@example.com)":                                                                         {Bot: true},
		"Mozilla/5.0 (X11; Linux x86_64)" + webkit + "HeadlessChrome/156.0.0.0 Safari/537.36":                                                                                       {Browser: "Chrome", BrowserVersion: "156.0.0.0", OS: "Linux", Device: "desktop", Bot: true},
		"curl/8.5.0": {Bot: true},

		"analytics-node/6.2.0":                 {}, // a server's library is nobody's bot
		"analytics-go (version: 4.2.0)":        {},
		"MyApp/3.2 CFNetwork/1494 Darwin/23.4": {},
		"Mozilla/5.0 Test":                     {},
		"":                                     {},
	} {
		require.Equal(t, want, p.Parse(text), text)
	}
}

// FuzzParse holds the names to their lists, whatever a stranger sends.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"Mozilla/5.0 (Windows NT 10.0)" + webkit + "Chrome/141.0.0.0 Safari/537.36", "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) Version/..5", "Android \xff",
		"Opera Mini/", "Firefox/999999999999999999999999999999999999", "CrOS x86_64 ", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://x)", "(((((;/;/ en-US) Mobile/",
	} {
		f.Add(text)
	}
	p := useragent.New()
	known := func(list string) map[string]bool {
		names := map[string]bool{"": true}
		for name := range strings.SplitSeq(list, ",") {
			names[name] = true
		}
		return names
	}
	browsers := known("Android Browser,Chrome,Edge,Firefox,Internet Explorer,Opera,Opera Mini,Safari,Vivaldi,Amazon Silk,Samsung Browser,Falkon,Nintendo Browser,Yandex Browser,Huawei Browser")
	systems := known("Android,ChromeOS,iOS,Linux,FreeBSD,OpenBSD,macOS,Windows,Tizen,webOS,KaiOS,PlayStation,Nintendo,HarmonyOS")
	devices := known("desktop,mobile,tablet,tv,console")
	f.Fuzz(func(t *testing.T, text string) {
		a := p.Parse(text)
		require.Equal(t, a, p.Parse(text))
		require.True(t, browsers[a.Browser], a.Browser)
		require.True(t, systems[a.OS], a.OS)
		require.True(t, devices[a.Device], a.Device)
		for _, v := range []string{a.BrowserVersion, a.OSVersion} {
			require.LessOrEqual(t, len(v), 32)
			require.Empty(t, strings.Trim(v, "0123456789."))
		}
		require.False(t, a.Browser == "" && a.BrowserVersion != "" || a.OS == "" && a.OSVersion != "")
	})
}

func BenchmarkParse(b *testing.B) {
	p := useragent.New()
	b.ReportAllocs()
	for b.Loop() {
		p.Parse("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1")
	}
}
