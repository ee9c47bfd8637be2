package ingest

import "bytes"

// ours reports whether a name among the properties is one that the door
// derives, or part of one. A sender may not set it: where the door finds nothing
// out, nothing is known, and a visitor must not pass for no bot, from another
// country or of another group by saying so. Other names with "$" are free; so are
// $browser, $browser_version and $os, which many a sender finds out by itself and
// could as well make up a user agent for. Where there is one, that counts.
func ours(name []byte) bool {
	switch string(name) {
	case "$url", "$path", "$referrer", "$referrer_domain", "$referrer_source",
		"$utm_source", "$utm_medium", "$utm_campaign", "$utm_term", "$utm_content",
		"$os_version", "$device", "$bot",
		"$ip", "$country", "$region", "$city",
		"$locale", "$timezone", "$screen_width", "$screen_height", "$app_version", "$library",
		"$group_id", "$groups", "$event_name", "$unflattened", "$interactive":
		return true
	}
	// Names with dots, as the store makes them of objects.
	first, _, dotted := bytes.Cut(name, []byte{'.'})
	return dotted && ours(first)
}
