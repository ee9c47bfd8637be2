package query

import (
	"fmt"
	"slices"
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

// aggregate returns what computes the measure of a series.
func (s *Series) aggregate() aggregate {
	a := aggregates[s.measure()]
	if s.Approximate {
		a.calls = slices.Clone(a.calls)
		for i := range a.calls {
			a.calls[i] = a.calls[i].estimate()
		}
	}
	return a
}

// estimated reports whether any number of the answer is an estimate.
func estimated(q Query) bool {
	trend, ok := q.(*Trend)
	return ok && slices.ContainsFunc(trend.Series, func(s Series) bool { return s.Approximate })
}

// estimated reports whether an estimate of the measure is any cheaper.
func (m Measure) estimated() bool {
	return slices.ContainsFunc(aggregates[m].calls, func(c call) bool { return c.estimate() != c })
}

// estimate returns the call that estimates the same: HyperLogLog with 2^17 cells,
// and the sketch of Greenwald and Khanna with an error of the rank of 1/1000.
func (c call) estimate() call {
	switch c.name {
	case "uniqExact":
		c.name, c.param = "uniqCombined64", "17"
	case "uniqExactIf":
		c.name, c.param = "uniqCombined64If", "17"
	case "quantileExactInclusive":
		c.name, c.param = "quantileGK", "1000, "+c.param
	}
	return c
}

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
