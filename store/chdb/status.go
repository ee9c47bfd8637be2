package chdb

import (
	"net/http"
	"strings"
)

// status returns the HTTP status a server sends with an error code.
func status(code int) int {
	switch code {
	case 36, 6, 25, 26, 38, 41, 72, 441, 675, 676, 376, 27, 427, 15, 44, 8, 66, 67, 167, 168, 223, 321, 62, 117, 53:
		return http.StatusBadRequest
	case 192, 193, 194, 497, 516:
		return http.StatusForbidden
	case 60, 46, 47, 50, 56, 81, 115, 98, 63, 73, 336, 78, 511:
		return http.StatusNotFound
	case 159:
		return http.StatusRequestTimeout
	case 307:
		return http.StatusRequestEntityTooLarge
	case 48:
		return http.StatusNotImplemented
	case 209, 76, 439:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

func contentType(format string) string {
	switch f := strings.ToLower(format); {
	case f == "json" || f == "jsoncompact" || f == "jsonstrings":
		return "application/json; charset=UTF-8"
	case strings.HasPrefix(f, "json") || f == "ndjson":
		return "application/x-ndjson; charset=UTF-8"
	case strings.HasPrefix(f, "csv"):
		return "text/csv; charset=UTF-8; header=absent"
	case strings.HasPrefix(f, "tabseparated") || strings.HasPrefix(f, "tsv"):
		return "text/tab-separated-values; charset=UTF-8"
	case f == "native" || strings.HasPrefix(f, "rowbinary") || f == "parquet" || strings.HasPrefix(f, "arrow"):
		return "application/octet-stream"
	}
	return "text/plain; charset=UTF-8"
}
