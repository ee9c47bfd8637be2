package ingest

import (
	"bytes"

	"github.com/footfall-go/footfall/ingest/internal/envelope"
)

// legal refuses the texts that broken integrations send in place of an id: one
// of them would make a single person of everybody. Case and blanks around do
// not matter.
func legal(id []byte, f envelope.Field) refusal {
	switch {
	case len(id) > maxID:
		return refuse(IllegalID, f, f.String()+" has at most 512 bytes")
	case placeholder(id):
		return refuse(IllegalID, f, f.String()+" is a placeholder, not an id")
	}
	return refusal{}
}

// The longest placeholders.
const (
	zeroUUID   = "00000000-0000-0000-0000-000000000000"
	longestOne = len("not_authenticated")
)

func placeholder(id []byte) bool {
	if len(id) > 0 && (id[0] <= ' ' || id[len(id)-1] <= ' ') {
		if id = bytes.TrimSpace(id); len(id) == 0 {
			return true
		}
	}
	if len(id) > longestOne {
		return string(id) == zeroUUID
	}
	var buf [longestOne]byte
	for i, c := range id {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		buf[i] = c
	}
	switch string(buf[:len(id)]) {
	case "anon", "anonymous", "guest", "distinct_id", "id", "nil", "none", "null", "n/a", "na",
		"undefined", "unknown", "not_authenticated", "email", "true", "false", "0", "-1", "nan",
		"[]", "{}", "[object object]":
		return true
	}
	return false
}
