package querytest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/query"
)

// passes reports whether a filter is true for an event.
func (a *asked) passes(filter *query.Filter, f *fact) bool {
	switch {
	case filter == nil:
		return true
	case filter.And != nil:
		for i := range filter.And {
			if !a.passes(&filter.And[i], f) {
				return false
			}
		}
		return true
	case filter.Or != nil:
		for i := range filter.Or {
			if a.passes(&filter.Or[i], f) {
				return true
			}
		}
		return false
	case filter.Not != nil:
		return !a.passes(filter.Not, f)
	case filter.Segment != nil:
		return a.inSegment(f.person, filter.Segment, a.moment, a.shared(nil))
	}
	v, ok := a.property(filter.Property, f)
	return a.compare(v, ok, filter.Op, filter.Value)
}

// property returns what an event has of a property.
func (a *asked) property(property string, f *fact) (value, bool) {
	scope, name, _ := strings.Cut(property, ".")
	switch scope {
	case "event":
		switch name {
		case "$name":
			return value{text: f.Name}, true
		case "$type":
			return value{text: f.Type.String()}, true
		}
		v, ok := f.values[name]
		return v, ok
	case "person":
		return a.trait(f.person, name)
	case "segment":
		return value{text: strconv.FormatBool(a.inSegment(f.person, &query.Segment{ID: name}, a.moment, a.shared(nil)))}, true
	case "group":
		kind, name, _ := strings.Cut(name, ".")
		group := a.group(kind, f)
		switch {
		case group == "":
			return value{}, false
		case name == "$id":
			return value{text: group}, true
		}
		return a.groupTrait(kind, group, name)
	}
	return a.sessionProperty(name, f)
}

// compare is a comparison. A missing property fails those that say what it is,
// and passes those that say what it is not.
func (a *asked) compare(v value, ok bool, op query.Op, with any) bool {
	switch op {
	case query.IsSet:
		return ok
	case query.IsNotSet:
		return !ok
	case query.Equal:
		return ok && v.text == textOfGo(with)
	case query.NotEqual:
		return !ok || v.text != textOfGo(with)
	case query.In:
		return ok && isOneOf(v.text, with)
	case query.NotIn:
		return !ok || !isOneOf(v.text, with)
	case query.Contains:
		return ok && strings.Contains(v.text, textOfGo(with))
	case query.NotContains:
		return !ok || !strings.Contains(v.text, textOfGo(with))
	case query.Matches:
		return ok && regexp.MustCompile(textOfGo(with)).MatchString(v.text)
	}
	return ok && a.inOrder(v, op, textOfGo(with))
}

// inOrder compares numbers with a number and times with a time.
func (a *asked) inOrder(v value, op query.Op, with string) bool {
	if number, err := strconv.ParseFloat(with, 64); err == nil && strings.Trim(with, "0123456789+-.eE") == "" {
		return v.isNumber && holds(op, v.number < number, v.number > number)
	}
	than, _ := a.cal.instant(with)
	at, ok := a.cal.instant(v.text)
	return ok && holds(op, at.Before(than), at.After(than))
}

func holds(op query.Op, less, greater bool) bool {
	switch op {
	case query.Less:
		return less
	case query.LessOrEqual:
		return !greater
	case query.Greater:
		return greater
	}
	return !less
}

func isOneOf(text string, list any) bool {
	values := reflect.ValueOf(list)
	for i := range values.Len() {
		if textOfGo(values.Index(i).Interface()) == text {
			return true
		}
	}
	return false
}

// textOfGo is the text of what a question compares with.
func textOfGo(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return numberOf(v.String()).text
	case float64:
		return numberOf(strconv.FormatFloat(v, 'g', -1, 64)).text
	}
	return fmt.Sprint(v)
}

// sessionProperty returns what the session of an event has.
func (a *asked) sessionProperty(name string, f *fact) (value, bool) {
	if f.Session == 0 {
		return value{}, false
	}
	if name == "entry" || name == "exit" {
		return a.view(name, f)
	}
	s := a.session(f)
	if s == nil {
		return value{}, false
	}
	if name == "views" {
		return numberOf(strconv.Itoa(int(s.Views))), true
	}
	return numberOf(strconv.FormatFloat(float64(s.Last-s.Start)/1000, 'g', -1, 64)), true
}

// view returns the path of the first or last view of an event's session, of a
// screen its name.
func (a *asked) view(name string, f *fact) (value, bool) {
	var views []*fact
	for _, other := range a.facts {
		if other.Visitor == f.Visitor && other.Session == f.Session && isView(other) {
			views = append(views, other)
		}
	}
	if len(views) == 0 {
		return value{}, false
	}
	view := views[0]
	if name == "exit" {
		view = views[len(views)-1]
	}
	key := "name"
	if view.Type.String() == "page" {
		key = "$path"
	}
	v, ok := view.values[key]
	// Paths and names of views are texts.
	return value{text: v.text}, ok && !v.isNumber
}

func isView(f *fact) bool {
	return (f.Type.String() == "page" || f.Type.String() == "screen") && f.Marks&footfall.NonInteractive == 0
}

// seconds is a length of time as a number.
func seconds(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }
