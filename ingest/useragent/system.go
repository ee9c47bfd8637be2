package useragent

import (
	"strings"

	"github.com/medama-io/go-useragent/agents"
)

// The kinds of device.
const (
	desktop = "desktop"
	mobile  = "mobile"
	tablet  = "tablet"
	tv      = "tv"
	console = "console"
)

// systems are those the library does not know or takes for Linux, by a word of
// theirs.
var systems = [...]struct{ word, name string }{
	{"Tizen", "Tizen"},
	{"Web0S", "webOS"},
	{"KAIOS", "KaiOS"},
	{"PlayStation", "PlayStation"},
	{"Nintendo", "Nintendo"},
	{"OpenHarmony", "HarmonyOS"},
	{"FreeBSD", "FreeBSD"},
}

func system(found agents.OS, userAgent string) string {
	switch found {
	case agents.OSMacOS:
		return "macOS" // as its maker writes it
	case "", agents.OSLinux:
		for _, s := range systems {
			if strings.Contains(userAgent, s.word) {
				return s.name
			}
		}
	}
	return string(found)
}

// before are the words that a system's version stands behind.
var before = map[string][]string{
	"Windows":   {"Windows NT "},
	"macOS":     {"Mac OS X "},
	"iOS":       {"iPhone OS ", "CPU OS "},
	"Android":   {"Android "},
	"ChromeOS":  {"CrOS x86_64 ", "CrOS aarch64 ", "CrOS armv7l "},
	"Tizen":     {"Tizen "},
	"KaiOS":     {"KAIOS/"},
	"HarmonyOS": {"OpenHarmony "},
}

func systemVersion(system, userAgent string) string {
	for _, word := range before[system] {
		if _, rest, ok := strings.Cut(userAgent, word); ok {
			return version(strings.ReplaceAll(rest[:min(len(rest), 32)], "_", "."))
		}
	}
	return ""
}

// Words of devices that are looked at on a wall or played with.
var (
	tvWords      = [...]string{"SmartTV", "SMART-TV", "Smart TV", "AppleTV", "Apple TV", "GoogleTV", "Android TV", "HbbTV", "BRAVIA", "Web0S", "; AFT", "CrKey", "Roku", " TV "}
	consoleWords = [...]string{"PlayStation", "Xbox", "Nintendo"}
)

// device corrects the library where makers have said how to tell.
func device(found agents.Device, system, userAgent string) string {
	switch {
	case contains(userAgent, consoleWords[:]):
		return console
	case found == agents.DeviceTV && system != "Windows" && system != "macOS", contains(userAgent, tvWords[:]):
		return tv
	case system == "Android":
		// The browsers of telephones say Mobile, those of tablets do not.
		if strings.Contains(userAgent, "Mobile") || strings.Contains(userAgent, "Dalvik") {
			return mobile
		}
		return tablet
	case found == agents.DeviceMobile:
		return mobile
	case found == agents.DeviceTablet:
		return tablet
	case found == agents.DeviceDesktop:
		return desktop
	}
	switch system { // of a bot that is a browser as well
	case "Windows", "macOS", "Linux", "ChromeOS", "FreeBSD", "OpenBSD":
		return desktop
	case "iOS":
		if strings.Contains(userAgent, "iPad") {
			return tablet
		}
		return mobile
	}
	return ""
}

func contains(text string, words []string) bool {
	for _, word := range words {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}
