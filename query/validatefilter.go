package query

import (
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

func (c *checker) checkComparison(path string, f *Filter) {
	usable := c.checkProperty(path+"/property", f.Property)
	if usable && parseProperty(f.Property).ofPersons() {
		c.countOfPersons(path)
	}
	at := path + "/value"
	switch f.Op {
	case IsSet, IsNotSet:
		if f.Value != nil {
			c.fail(at, "bad_value", "%q has no value", f.Op)
		}
		return
	case In, NotIn:
		c.checkList(at, f)
		return
	case Equal, NotEqual, Contains, NotContains, Matches, Greater, GreaterOrEqual, Less, LessOrEqual:
	case "":
		c.fail(path+"/op", "required", "op is required")
		return
	default:
		c.fail(path+"/op", "bad_value", "an op is one of eq, ne, in, not_in, contains, not_contains, matches, gt, gte, lt, lte, is_set and is_not_set, not %q", clip(string(f.Op)))
		return
	}
	if f.Value == nil {
		c.fail(at, "required", "%q needs a value; a missing property is asked for with is_not_set", f.Op)
		return
	}
	v, ok := scalarOf(f.Value)
	if !ok {
		c.fail(at, "bad_type", "the value is a text, a number or a bool")
		return
	}
	c.checkText(at, v.text)
	switch f.Op {
	case Matches:
		c.checkPattern(at, f.Value, v.text)
	case Greater, GreaterOrEqual, Less, LessOrEqual:
		_, isTime := parseMoment(v.text, time.UTC)
		if !v.isNumber && !isTime {
			c.fail(at, "bad_value", "%q compares with a number, a date or an RFC 3339 time, not %q", f.Op, clip(v.text))
		}
		if usable && isTime && !v.isNumber && parseProperty(f.Property).scope == ofSession {
			c.fail(at, "bad_value", "%s is no time", f.Property)
		}
	}
}

func (c *checker) checkList(path string, f *Filter) {
	values, ok := listOf(f.Value)
	switch {
	case f.Value == nil:
		c.fail(path, "required", "%q needs a list of values", f.Op)
	case !ok:
		c.fail(path, "bad_type", "the value is a list of texts, numbers and bools")
	case len(values) == 0:
		c.fail(path, "required", "at least one value is required")
	case len(values) > maxValues:
		c.fail(path, "too_many", "a list has at most %d values", maxValues)
	default:
		size := 0
		for i, v := range values {
			c.checkText(index(path, i), v.text)
			size += len(v.text)
		}
		if size > 8*maxText {
			c.fail(path, "too_long", "the values of a list have at most %d bytes", 8*maxText)
		}
	}
}

func (c *checker) checkText(path, text string) {
	if len(text) > maxText {
		c.fail(path, "too_long", "a value has at most %d bytes", maxText)
	}
	if !utf8.ValidString(text) {
		c.fail(path, "bad_value", "a value is UTF-8")
	}
}

// checkPattern accepts what Go's regexp accepts: RE2 with the same bounds on
// repetition, which the engine's RE2 accepts too.
func (c *checker) checkPattern(path string, value any, pattern string) {
	if _, ok := value.(string); !ok {
		c.fail(path, "bad_type", "a regular expression is a text")
		return
	}
	if len(pattern) > maxPattern {
		c.fail(path, "too_long", "a regular expression has at most %d bytes", maxPattern)
		return
	}
	if strings.ContainsRune(pattern, 0) {
		c.fail(path, "bad_value", "a regular expression has no zero bytes")
		return
	}
	if _, err := regexp.Compile(pattern); err != nil {
		c.fail(path, "bad_value", "not a regular expression of RE2: %s", clip(strings.TrimPrefix(err.Error(), "error parsing regexp: ")))
	}
}

func isText(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }
