package query

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/footfall-go/footfall"
)

// A cursor is the place of the last row of a page. It holds no right to
// anything: a forged one only starts elsewhere in the asker's own rows.

const maxCursor = 200

func encodeCursor(kind byte, numbers []int64) string {
	fields := make([]string, len(numbers))
	for i, n := range numbers {
		fields[i] = strconv.FormatInt(n, 36)
	}
	return base64.RawURLEncoding.EncodeToString([]byte(string(kind) + strings.Join(fields, ".")))
}

func decodeCursor(kind byte, text string, size int) ([]int64, bool) {
	if len(text) > maxCursor {
		return nil, false
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) == 0 || b[0] != kind {
		return nil, false
	}
	fields := strings.Split(string(b[1:]), ".")
	if len(fields) != size {
		return nil, false
	}
	return parseInts(fields)
}

func encodePersonCursor(id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte("p" + id))
}

func parsePersonCursor(text string) (id footfall.ID, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) != 1+2*len(id) || b[0] != 'p' {
		return id, false
	}
	_, err = hex.Decode(id[:], b[1:])
	return id, err == nil
}
