package query

import (
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// scalar is a value to compare with, seen both ways: as the text that equals
// it and, if it is one, as the number.
type scalar struct {
	text     string
	number   float64
	isNumber bool
	// canonical says that text is the text of number, so that the number in a
	// property equals it too: that of "42" is, that of "42.0" is not.
	canonical bool
}

func scalarOf(value any) (scalar, bool) {
	switch v := value.(type) {
	case string:
		return textScalar(v), true
	case json.Number:
		return numberScalar(v.String()), true
	case bool:
		return scalar{text: strconv.FormatBool(v)}, true
	}
	switch v := reflect.ValueOf(value); {
	case v.CanInt():
		return numberScalar(strconv.FormatInt(v.Int(), 10)), true
	case v.CanUint():
		return numberScalar(strconv.FormatUint(v.Uint(), 10)), true
	case v.CanFloat():
		f := v.Float()
		return numberScalar(strconv.FormatFloat(f, 'g', -1, 64)), !math.IsNaN(f) && !math.IsInf(f, 0)
	case v.Kind() == reflect.String:
		return textScalar(v.String()), true
	}
	return scalar{}, false
}

// listOf returns the values of a list, false if it is none.
func listOf(value any) ([]scalar, bool) {
	v := reflect.ValueOf(value)
	if v.Kind() != reflect.Slice {
		return nil, false
	}
	list := make([]scalar, v.Len())
	for i := range list {
		var ok bool
		if list[i], ok = scalarOf(v.Index(i).Interface()); !ok {
			return nil, false
		}
	}
	return list, true
}

// textScalar is a text, which may be one that numbers are equal to.
func textScalar(text string) scalar {
	s := scalar{text: text}
	if !looksLikeNumber(text) {
		return s
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return s
	}
	s.number, s.isNumber, s.canonical = f, true, formatNumber(f) == text
	return s
}

// numberScalar is a number as it was written. One that a float64 cannot give
// back is kept as a text where it is stored, so it is compared as one.
func numberScalar(written string) scalar {
	f, err := strconv.ParseFloat(written, 64)
	if err != nil {
		return scalar{text: written}
	}
	if f == 0 {
		f = 0 // with a sign it would be in no set that has the other
	}
	s := scalar{text: written, number: f, isNumber: true}
	if text := formatNumber(f); sameDecimal(text, written) {
		s.text, s.canonical = text, true
	}
	return s
}

// looksLikeNumber keeps out what ParseFloat reads and JSON does not: inf, nan,
// hexadecimal digits, underscores, a leading plus.
func looksLikeNumber(text string) bool {
	if text == "" || text[0] == '+' || len(text) > 400 {
		return false
	}
	return strings.Trim(text, "0123456789+-.eE") == ""
}

// formatNumber writes a number as the engine's toString does: the shortest
// digits, with an exponent below 1e-6 and from 1e21 on. There is one zero, as
// where numbers are stored.
func formatNumber(f float64) string {
	if f == 0 {
		return "0"
	}
	if a := math.Abs(f); a >= 1e-6 && a < 1e21 {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	text := strconv.FormatFloat(f, 'e', -1, 64)
	mantissa, exponent, _ := strings.Cut(text, "e")
	sign := ""
	if exponent[0] == '-' {
		sign = "-"
	}
	return mantissa + "e" + sign + strings.TrimLeft(exponent[1:], "0")
}

// sameDecimal reports whether two texts of numbers are one number, to the last
// digit.
func sameDecimal(a, b string) bool {
	na, da, ea := decimal(a)
	nb, db, eb := decimal(b)
	return da == db && (da == "" || na == nb && ea == eb)
}

// decimal takes a number apart: 0.digits × 10^exponent, without zeros at
// either end of the digits.
func decimal(text string) (negative bool, digits string, exponent int) {
	text, negative = strings.TrimPrefix(text, "-"), strings.HasPrefix(text, "-")
	mantissa, power, _ := strings.Cut(strings.ToLower(text), "e")
	if power != "" {
		exponent, _ = strconv.Atoi(power) // ParseFloat has read it
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	exponent += len(whole)
	digits = whole + fraction
	trimmed := strings.TrimLeft(digits, "0")
	exponent -= len(digits) - len(trimmed)
	return negative, strings.TrimRight(trimmed, "0"), exponent
}
