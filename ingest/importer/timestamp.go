package importer

import (
	"strconv"
	"time"
)

// zoned and local are the ways a time is written, most frequent first.
var (
	zoned = []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999 -0700 MST", "2006-01-02 15:04:05.999999999 -0700", "02/Jan/2006:15:04:05 -0700", time.RFC1123Z}
	local = []string{"2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02"}
)

// timestamp rewrites a time as RFC 3339 in UTC. What names no zone is read in
// the given one; ten digits are seconds since 1970, thirteen milliseconds. Text
// that is no time stays what it is: the door will refuse it by name.
func timestamp(text string, zone *time.Location) string {
	if t, ok := parseTime(text, zone); ok {
		return t.UTC().Format(time.RFC3339Nano)
	}
	return text
}

func parseTime(text string, zone *time.Location) (time.Time, bool) {
	if digits(text) == len(text) && (len(text) == 10 || len(text) == 13) {
		n, err := strconv.ParseInt(text, 10, 64)
		if len(text) == 10 {
			n *= 1000
		}
		return time.UnixMilli(n), err == nil
	}
	for _, layout := range local {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, true
		}
	}
	for _, layout := range zoned {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
