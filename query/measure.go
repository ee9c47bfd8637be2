package query

import (
	"fmt"
	"strings"
)

// aggregate is a measure over seriesRows: calls of the engine's aggregate
// functions, and what is made of their results. Those of num skip events
// without the property and are NULL where there are none.
type aggregate struct {
	format string
	calls  []call
}

// call is name(param)(args); the first parentheses are missing without a param.
type call struct{ name, param, args string }

var (
	sumOfNum   = call{name: "sumKahan", args: "num"}
	persons    = call{name: "uniqExact", args: "person"}
	aggregates = map[Measure]aggregate{
		CountEvents:   {"toFloat64(%s)", []call{{name: "count"}}},
		CountPersons:  {"toFloat64(%s)", []call{persons}},
		CountSessions: {"toFloat64(%s)", []call{{name: "uniqExactIf", args: "(visitor, session), session != 0"}}},
		PerPerson:     {"%s / %s", []call{{name: "sum", args: "n"}, persons}},
		Sum:           {"%s", []call{sumOfNum}},
		Avg:           {"%s / %s", []call{sumOfNum, {name: "count", args: "num"}}},
		Min:           {"%s", []call{{name: "min", args: "num"}}},
		Max:           {"%s", []call{{name: "max", args: "num"}}},
		Median:        quantile("0.5"),
		P90:           quantile("0.9"),
		P95:           quantile("0.95"),
		P99:           quantile("0.99"),
	}
)

func quantile(q string) aggregate {
	return aggregate{"%s", []call{{name: "quantileExactInclusive", param: q, args: "num"}}}
}

func (c call) of(combinator, args string) string {
	text := c.name + combinator
	if c.param != "" {
		text += "(" + c.param + ")"
	}
	return text + "(" + args + ")"
}

// value returns the expression for the number.
func (a aggregate) value() string {
	return a.render(func(_ int, c call) string { return c.of("", c.args) })
}

// states returns what a number over several groups is merged from, as columns.
func (a aggregate) states() string {
	list := make([]string, len(a.calls))
	for i, c := range a.calls {
		list[i] = c.of("State", c.args) + " AS s" + itoa(i)
	}
	return strings.Join(list, ", ")
}

// merged returns the expression for the number over a window of states.
func (a aggregate) merged(window string) string {
	return a.render(func(i int, c call) string { return c.of("Merge", "s"+itoa(i)) + " OVER " + window })
}

// merge returns the expression for the number over the states of a group.
func (a aggregate) merge() string {
	return a.render(func(i int, c call) string { return c.of("Merge", "s"+itoa(i)) })
}

// light reports whether its states are a few numbers each.
func (a aggregate) light() bool {
	for _, c := range a.calls {
		if strings.HasPrefix(c.name, "uniq") || strings.HasPrefix(c.name, "quantile") {
			return false
		}
	}
	return true
}

func (a aggregate) render(text func(i int, c call) string) string {
	list := make([]any, len(a.calls))
	for i, c := range a.calls {
		list[i] = text(i, c)
	}
	return fmt.Sprintf(a.format, list...)
}
