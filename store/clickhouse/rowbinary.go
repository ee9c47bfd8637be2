package clickhouse

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"strings"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/tenant"
)

var errTorn = errors.New("the answer ends in the middle of a row")

// rowBinary reads results in ClickHouse's format of that name. After the first
// violation bad is set and every value is zero.
type rowBinary struct {
	rest []byte
	bad  bool
}

func (r *rowBinary) more() bool { return !r.bad && len(r.rest) > 0 }

func (r *rowBinary) take(n int) []byte {
	if n < 0 || n > len(r.rest) {
		r.bad, r.rest = true, nil
		return make([]byte, min(max(n, 0), 16))
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *rowBinary) u16() uint16 { return binary.LittleEndian.Uint16(r.take(2)) }
func (r *rowBinary) u32() uint32 { return binary.LittleEndian.Uint32(r.take(4)) }
func (r *rowBinary) u64() uint64 { return binary.LittleEndian.Uint64(r.take(8)) }

func (r *rowBinary) id() footfall.ID { return footfall.ID(r.take(16)) }

func (r *rowBinary) time() footfall.Millis { return footfall.Millis(r.u64()) }

func (r *rowBinary) length() int {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 || n > math.MaxInt32 {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[size:]
	return int(n)
}

func (r *rowBinary) text() string {
	n := r.length()
	if n > len(r.rest) {
		r.bad, r.rest = true, nil
		return ""
	}
	return string(r.take(n))
}

func (r *rowBinary) tenant() tenant.ID {
	id, err := tenant.ParseID(r.text())
	if err != nil {
		r.bad, r.rest = true, nil
	}
	return id
}

// quote returns a text as an SQL literal. Whatever is not plain is written in
// hexadecimal: there is no rule of escaping to get wrong.
func quote(text string) string {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '\'' || c == '\\' {
			return "unhex('" + hex.EncodeToString([]byte(text)) + "')"
		}
	}
	return "'" + text + "'"
}

func quoteAll(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = quote(text)
	}
	return strings.Join(quoted, ", ")
}

// quoteIDs returns ids as a list of SQL expressions.
func quoteIDs(ids []footfall.ID) string {
	quoted := make([]string, len(ids))
	for i, id := range ids {
		quoted[i] = quoteID(id)
	}
	return strings.Join(quoted, ", ")
}

func quoteID(id footfall.ID) string { return "reinterpretAsUInt128(unhex('" + id.String() + "'))" }
