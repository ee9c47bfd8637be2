package query

import (
	"slices"
	"strconv"
	"strings"
)

// accessor is how a statement gets at a property: as a text, as a number, and
// whether it has either. A constant "0" or "1" says that it never or always
// does. Where a property has both, the text is what the sender wrote.
type accessor struct {
	hasText, text string
	hasNum, num   string
}

// eventProperty reads a column of the events table.
func (s *sql) eventProperty(name string) accessor {
	switch name {
	case "$name":
		return accessor{hasText: "1", text: "name", hasNum: "0"}
	case "$type":
		return accessor{hasText: "1", text: "toString(type)", hasNum: "0"}
	}
	key := s.text(name)
	return accessor{
		hasText: "mapContains(texts, " + key + ")", text: "texts[" + key + "]",
		hasNum: "mapContains(numbers, " + key + ")", num: "numbers[" + key + "]",
	}
}

// segmentProperty tells of events whether their persons are in a stored segment.
func (s *sql) segmentProperty(id string) accessor {
	return accessor{hasText: "1", text: "if(" + s.inSegment(&Segment{ID: id}) + ", 'true', 'false')", hasNum: "0"}
}

// present is true where the property is not missing.
func (a accessor) present() string {
	switch {
	case a.hasText == "1" || a.hasNum == "1":
		return "1"
	case a.hasText == "0":
		return a.hasNum
	case a.hasNum == "0":
		return a.hasText
	}
	return "(" + a.hasText + " OR " + a.hasNum + ")"
}

// asText is the property's text, that of its number where it has only that,
// and the empty text where it is missing.
func (a accessor) asText() string {
	switch {
	case a.hasNum == "0":
		return a.text // the empty text where the map has no such key
	case a.hasNum == "1":
		return "toString(" + a.num + ")"
	}
	return "multiIf(" + a.hasText + ", " + a.text + ", " + a.hasNum + ", toString(" + a.num + "), '')"
}

// asNumber is the property's number, NULL where it has none.
func (a accessor) asNumber() string {
	switch a.hasNum {
	case "0":
		return "CAST(NULL AS Nullable(Float64))"
	case "1":
		return "toNullable(toFloat64(" + a.num + "))"
	}
	return "if(" + a.hasNum + ", " + a.num + ", NULL)"
}

// compare returns the condition for a comparison that a missing property
// fails; the others are negations of these.
func (s *sql) compare(a accessor, op Op, value any) string {
	switch op {
	case IsSet:
		return a.present()
	case Equal:
		v, _ := scalarOf(value)
		return s.oneOf(a, []scalar{v})
	case In:
		list, _ := listOf(value)
		return s.oneOf(a, list)
	case Contains:
		v, _ := scalarOf(value)
		return both(a.present(), "position("+a.asText()+", "+s.text(v.text)+") > 0")
	case Matches:
		v, _ := scalarOf(value)
		return both(a.present(), "match("+a.asText()+", "+s.text("(?-s)"+v.text)+")")
	default:
		return s.order(a, op, value)
	}
}

// oneOf is equality of texts. A number that the engine would print as one of
// them is found as a number, which needs no printing.
func (s *sql) oneOf(a accessor, values []scalar) string {
	var texts []string
	var numbers []float64
	empty := false
	for _, v := range values {
		texts = append(texts, v.text)
		empty = empty || v.text == ""
		if v.canonical {
			numbers = append(numbers, v.number)
		}
	}
	byText, byNumber := "0", "0"
	if a.hasText != "0" {
		byText = a.text + " = " + s.text(texts[0])
		if len(texts) > 1 {
			byText = a.text + " IN " + s.texts(texts)
		}
		if empty { // which a missing key would equal
			byText = both(a.hasText, byText)
		}
	}
	if a.hasNum != "0" && len(numbers) > 0 {
		byNumber = a.num + " = " + s.float(numbers[0])
		if len(numbers) > 1 {
			byNumber = a.num + " IN " + s.param("Array(Float64)", numbers)
		}
		byNumber = both(a.hasNum, byNumber)
		if a.hasText != "0" {
			byNumber = both("NOT "+a.hasText, byNumber)
		}
	}
	switch {
	case byNumber == "0":
		return byText
	case byText == "0":
		return byNumber
	}
	return "(" + byText + " OR (" + byNumber + "))"
}

var orderSigns = map[Op]string{Greater: " > ", GreaterOrEqual: " >= ", Less: " < ", LessOrEqual: " <= "}

// order compares numbers with a number and times with a time.
func (s *sql) order(a accessor, op Op, value any) string {
	v, _ := scalarOf(value)
	if v.isNumber {
		if a.hasNum == "0" {
			return "0"
		}
		return both(a.hasNum, a.num+orderSigns[op]+s.float(v.number))
	}
	t, _ := parseMoment(v.text, s.cal.loc)
	if a.hasText == "0" {
		return "0"
	}
	// Best effort reads much that is no time, so the text must begin like one.
	parsed := "parseDateTime64BestEffortOrNull(" + a.text + ", 3, " + s.text(s.cal.loc.String()) + ")"
	return both("match("+a.text+", '^[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]([T ]|$)')",
		"ifNull("+parsed+orderSigns[op]+s.moment(t.UnixMilli())+", 0)")
}

func both(a, b string) string {
	switch {
	case a == "0" || b == "0":
		return "0"
	case a == "1":
		return b
	case b == "1":
		return a
	}
	return a + " AND " + b
}

// filter returns the condition for a filter over a row of events, or of
// sessions where only session properties are asked for.
func (s *sql) filter(f *Filter) string {
	join := func(filters []Filter, with string) string {
		text := ""
		for i := range filters {
			if i > 0 {
				text += with
			}
			text += s.filter(&filters[i])
		}
		return "(" + text + ")"
	}
	switch {
	case f.And != nil:
		return join(f.And, " AND ")
	case f.Or != nil:
		return join(f.Or, " OR ")
	case f.Not != nil:
		return "NOT " + s.filter(f.Not)
	case f.Segment != nil:
		return "(" + s.inSegment(f.Segment) + ")"
	}
	op, negated := negations[f.Op]
	if !negated {
		op = f.Op
	}
	p := parseProperty(f.Property)
	var condition string
	switch p.scope {
	case ofSession:
		condition = s.sessionCondition(p.name, op, f.Value)
	case ofPerson:
		condition = s.personCondition(p.name, op, f.Value)
	case ofGroup:
		condition = s.groupCondition(p.name, op, f.Value)
	case ofSegment:
		condition = s.compare(s.segmentProperty(p.name), op, f.Value)
	default:
		condition = s.compare(s.eventProperty(p.name), op, f.Value)
	}
	if negated {
		return "NOT (" + condition + ")"
	}
	return "(" + condition + ")"
}

// selected returns the conditions for the events of a selector.
func (s *sql) selected(e *Selector) []string {
	conditions := []string{behaviour}
	if e.Event != "*" {
		conditions[0] = "name = " + s.text(e.Event)
	}
	if e.Filter != nil {
		conditions = append(conditions, s.filter(e.Filter))
	}
	return conditions
}

// named is true for the events of all selectors and perhaps for others, with
// whatever anybody did if that is asked for. It narrows down what is read by what
// the table is sorted by, which the selectors' own conditions do not once they
// are columns.
func (s *sql) named(everything bool, selectors ...*Selector) string {
	var names []string
	for _, e := range selectors {
		everything = everything || e.Event == "*"
		if !slices.Contains(names, e.Event) {
			names = append(names, e.Event)
		}
	}
	switch {
	case !everything:
		return "name IN " + s.texts(names)
	case slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, "$") }):
		// What only says who somebody is may be asked for as well.
		return "(" + behaviour + " OR name IN " + s.texts(names) + ")"
	}
	return behaviour
}

// behaviour is true for what somebody did. The other types only say who
// somebody is.
const behaviour = "type IN ('track', 'page', 'screen')"

// seconds turns edges into what a statement binds: their distance from the
// first, which keeps ten thousand of them short.
func seconds(edges []int64) []int64 {
	list := make([]int64, len(edges))
	for i, edge := range edges {
		list[i] = (edge - edges[0]) / 1000
	}
	return list
}

// bucketOf returns the expression for the bucket a time lies in, as seconds
// from the first edge.
func (s *sql) bucketOf(column string, edges []int64) string {
	return "roundDown(intDiv(" + millis(column) + " - " + s.integer(edges[0]) + ", 1000), " + s.param("Array(Int64)", seconds(edges)) + ")"
}

func itoa(n int) string { return strconv.Itoa(n) }
