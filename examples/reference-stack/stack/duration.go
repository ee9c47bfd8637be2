package stack

import (
	"fmt"
	"strconv"
	"time"
)

// Duration is a time span written as an integer and one of s m h d w; a bare 0
// is allowed.
type Duration time.Duration

var units = map[byte]time.Duration{
	's': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour,
}

// Set implements [flag.Value].
func (d *Duration) Set(text string) error {
	if text == "0" {
		*d = 0
		return nil
	}
	if text == "" {
		return fmt.Errorf("a duration is an integer and one of s m h d w")
	}
	unit, ok := units[text[len(text)-1]]
	n, err := strconv.ParseUint(text[:len(text)-1], 10, 32)
	if !ok || err != nil || time.Duration(n) > (1<<63-1)/unit {
		return fmt.Errorf("%q is no duration: write an integer and one of s m h d w", text)
	}
	*d = Duration(time.Duration(n) * unit)
	return nil
}

// String writes the duration in the largest unit that divides it.
func (d Duration) String() string {
	for _, unit := range []byte("wdhms") {
		if n := time.Duration(d); n != 0 && n%units[unit] == 0 {
			return strconv.FormatInt(int64(n/units[unit]), 10) + string(unit)
		}
	}
	return "0"
}

// UnmarshalText reads what Set does.
func (d *Duration) UnmarshalText(text []byte) error { return d.Set(string(text)) }
