package clickhouse

import (
	"math"
	"strconv"
	"strings"
)

// powers of ten that a float64 holds exactly.
var powers = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// number reads a number. It is exact if the float64 gives back the decimal
// number that was written, if not its digits: 19.90 is, 9007199254740993 is
// not. Up to 15 digits a float64 always does.
func (s *scanner) number() (literal string, value float64, exact, ok bool) {
	start := s.at
	negative := s.take('-')
	var mantissa uint64
	digits, scale := 0, 0
	first := s.at
	for ; s.at < len(s.text); s.at++ {
		c := s.text[s.at] - '0'
		if c > 9 {
			break
		}
		if mantissa = mantissa*10 + uint64(c); mantissa != 0 {
			digits++
		}
	}
	if s.at == first {
		return "", 0, false, false
	}
	if s.take('.') {
		first = s.at
		for ; s.at < len(s.text); s.at++ {
			c := s.text[s.at] - '0'
			if c > 9 {
				break
			}
			if mantissa = mantissa*10 + uint64(c); mantissa != 0 {
				digits++
			}
		}
		if scale = s.at - first; scale == 0 {
			return "", 0, false, false
		}
	}
	if c := s.peek() | 0x20; c == 'e' || digits > 15 || scale >= len(powers) {
		return s.longNumber(start)
	}
	value = float64(mantissa) / powers[scale]
	if negative && mantissa != 0 {
		value = -value
	}
	return s.text[start:s.at], value, true, true
}

// longNumber reads the rest of a number with an exponent or many digits.
func (s *scanner) longNumber(start int) (literal string, value float64, exact, ok bool) {
	for s.at < len(s.text) && strings.IndexByte("0123456789+-eE.", s.text[s.at]) >= 0 {
		s.at++
	}
	literal = s.text[start:s.at]
	value, err := strconv.ParseFloat(literal, 64)
	if err != nil && !math.IsInf(value, 0) {
		return "", 0, false, false
	}
	if value == 0 {
		value = 0 // not -0, which no text of ours equals
	}
	return literal, value, finite(value) && sameDecimal(literal, strconv.FormatFloat(value, 'e', -1, 64)), true
}

func finite(v float64) bool { return !math.IsInf(v, 0) }

// sameDecimal reports whether two literals mean the same decimal number.
func sameDecimal(a, b string) bool {
	aDigits, aScale, aOK := decimal(a)
	bDigits, bScale, bOK := decimal(b)
	return aOK && bOK && aDigits == bDigits && (aDigits == "" || aScale == bScale && strings.HasPrefix(a, "-") == strings.HasPrefix(b, "-"))
}

// decimal returns a number's digits from the first to the last that is not
// zero, and the power of ten of the last.
func decimal(literal string) (digits string, scale int, ok bool) {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(strings.TrimPrefix(literal, "-")), "e")
	if exponent != "" {
		n, err := strconv.Atoi(exponent)
		if err != nil {
			return "", 0, false
		}
		scale = n
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits, scale = whole+fraction, scale-len(fraction)
	for strings.HasSuffix(digits, "0") {
		digits, scale = digits[:len(digits)-1], scale+1
	}
	return strings.TrimLeft(digits, "0"), scale, true
}
