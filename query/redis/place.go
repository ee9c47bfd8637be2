package redis

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/rueidis"
)

// place is where an event stands in its stream: its id, by which Redis finds it,
// and its number, by which is known how many are between.
type place struct {
	id     string
	number int64 // 0 before all
	first  int64 // number of its stream; not part of a cursor
}

func placeOf(entry *rueidis.XRangeEntry) (place, error) {
	number, err1 := strconv.ParseInt(entry.FieldValues["n"], 10, 64)
	first, err2 := strconv.ParseInt(entry.FieldValues["first"], 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		return place{}, fmt.Errorf("read the number of a live event: %w", err)
	}
	return place{entry.ID, number, first}, nil
}

// cursor returns a text for a place.
func (p place) cursor() string { return p.id + "." + strconv.FormatInt(p.number, 36) }

// parsePlace reads a cursor.
func parsePlace(cursor string) (place, bool) {
	id, digits, _ := strings.Cut(cursor, ".")
	number, err := strconv.ParseInt(digits, 36, 64)
	ms, seq, _ := strings.Cut(id, "-")
	_, err1 := strconv.ParseUint(ms, 10, 63)
	_, err2 := strconv.ParseUint(seq, 10, 63)
	return place{id: id, number: number}, err == nil && err1 == nil && err2 == nil && number >= 0
}

// missed returns how many events stood between a place and the next there is, -1
// if that cannot be known.
func (p place) missed(next place) int64 {
	switch {
	case p.number == 0: // when the stream had not begun
		return next.number - next.first
	case p.number < next.first || p.number >= next.number:
		return -1 // it is of another stream
	}
	return next.number - p.number - 1
}
