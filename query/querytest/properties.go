package querytest

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// value is what a property has: always a text and, of a JSON number, the number.
type value struct {
	text     string
	number   float64
	isNumber bool
}

// textOf writes a number as a breakdown shows it: the shortest digits, with an
// exponent below 1e-6 and from 1e21 on.
func textOf(f float64) string {
	if a := math.Abs(f); a == 0 || a >= 1e-6 && a < 1e21 {
		return strconv.FormatFloat(f+0, 'f', -1, 64)
	}
	text := strconv.FormatFloat(f, 'e', -1, 64)
	for _, padded := range []string{"e+0", "e+", "e-0"} {
		if before, after, ok := strings.Cut(text, padded); ok {
			return before + strings.TrimSuffix(padded[:2], "+") + after
		}
	}
	return text
}

// numberOf returns the value of a JSON number. Its text is that of the number
// unless that is another number than was written.
func numberOf(written string) value {
	f, err := strconv.ParseFloat(written, 64)
	if err != nil {
		return value{text: written} // it is too great
	}
	if f == 0 {
		f = 0 // there is no negative one
	}
	v := value{text: textOf(f), number: f, isNumber: true}
	if !sameNumber(written, v.text) {
		v.text = written
	}
	return v
}

// sameNumber compares decimal numbers to the last digit.
func sameNumber(a, b string) bool {
	if len(a) > 400 || strings.Contains(a, "e-9") && len(a) > 8 {
		return false // a denominator that no float64 has
	}
	x, okX := new(big.Rat).SetString(a)
	y, okY := new(big.Rat).SetString(b)
	return okX && okY && x.Cmp(y) == 0
}

// scalar returns the value of JSON that is no object, false where there is none:
// null, and lists of nothing. A list is one text.
func scalar(raw json.RawMessage) (value, bool) {
	switch text := strings.TrimSpace(string(raw)); {
	case text == "null" || text == "":
		return value{}, false
	case text[0] == '"':
		var v value
		err := json.Unmarshal(raw, &v.text)
		return v, err == nil
	case text[0] == '[' || text[0] == '{':
		var b bytes.Buffer // the space between is nothing that was said
		err := json.Compact(&b, raw)
		return value{text: b.String()}, err == nil && b.Len() > 2
	case text == "true" || text == "false":
		return value{text: text}, true
	default:
		return numberOf(text), true
	}
}

// maxDepth is how deep objects have properties of their own.
const maxDepth = 16

// flatten returns the properties of an event by their names, those of objects
// within it behind a dot. What the door derived goes before what was sent.
func flatten(properties, derived string) map[string]value {
	values := map[string]value{}
	hidden := map[string]bool{}
	var list struct {
		Names []string `json:"$unflattened"`
	}
	_ = json.Unmarshal([]byte(derived), &list) // most have none
	for _, name := range list.Names {
		hidden[name] = true
	}
	put := func(name string, raw json.RawMessage) {
		delete(values, name)
		if v, ok := scalar(raw); ok {
			values[name] = v
		}
	}
	members(properties, "", 1, func(name string, raw json.RawMessage) {
		if !hidden[name] {
			put(name, raw)
		}
	})
	members(derived, "", 1, put)
	return values
}

// members calls put for the members of a JSON object, in order.
func members(text, path string, depth int, put func(name string, raw json.RawMessage)) {
	d := json.NewDecoder(strings.NewReader(text))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return
	}
	for d.More() {
		key, err := d.Token()
		name, ok := key.(string)
		if err != nil || !ok {
			return
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil && err != io.EOF {
			return
		}
		name = path + name
		if text := strings.TrimSpace(string(raw)); strings.HasPrefix(text, "{") && depth < maxDepth {
			members(text, name+".", depth+1, put)
			continue
		}
		put(name, raw)
	}
}
