package clickhouse

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/footfall-go/footfall"
)

// Error is what ClickHouse answered instead of a result.
type Error struct {
	Code    int // ClickHouse's own, 0 if the answer had none
	Status  int // of HTTP
	Message string
}

// Error implements error.
func (e *Error) Error() string {
	if e.Message == "" {
		return fmt.Sprintf("clickhouse answered with status %d", e.Status)
	}
	return e.Message
}

// The codes that mean that a row holds a value its table cannot hold: the
// same rows fail again, while a batch without the guilty one does not. What
// is missing here on purpose are errors about the table (unknown, without the
// column, of another type): waiting for an operator is better than moving
// everything that was accepted into quarantine.
var permanentCodes = map[int]bool{
	6:   true, // CANNOT_PARSE_TEXT
	26:  true, // CANNOT_PARSE_QUOTED_STRING
	27:  true, // CANNOT_PARSE_INPUT_ASSERTION_FAILED
	38:  true, // CANNOT_PARSE_DATE
	41:  true, // CANNOT_PARSE_DATETIME
	69:  true, // ARGUMENT_OUT_OF_BOUND
	72:  true, // CANNOT_PARSE_NUMBER
	117: true, // INCORRECT_DATA
	128: true, // TOO_LARGE_ARRAY_SIZE
	131: true, // TOO_LARGE_STRING_SIZE
	190: true, // SIZES_OF_ARRAYS_DONT_MATCH
	321: true, // VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
	349: true, // CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
	407: true, // DECIMAL_OVERFLOW
	469: true, // VIOLATED_CONSTRAINT
	691: true, // UNKNOWN_ELEMENT_OF_ENUM
}

// tooManyParts is two errors in one code: back-pressure, which passes, and a
// block that touches too many partitions, which only a smaller one cures.
const tooManyParts = 252

var codeInText = regexp.MustCompile(`^Code: (\d+)\.`)

// mark returns the error, marked if no retry will cure it.
func (e *Error) mark() error {
	if e.Code == 0 {
		if found := codeInText.FindStringSubmatch(e.Message); found != nil {
			e.Code, _ = strconv.Atoi(found[1])
		}
	}
	switch {
	case permanentCodes[e.Code],
		e.Code == tooManyParts && strings.Contains(e.Message, "single INSERT block"),
		e.Code == 0 && e.Status == http.StatusRequestEntityTooLarge:
		return footfall.Permanent(e)
	}
	return e
}
