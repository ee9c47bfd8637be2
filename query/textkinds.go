package query

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

func (q *Trend) describe() string {
	series := make([]string, len(q.Series))
	for i := range q.Series {
		series[i] = q.Series[i].describe()
		if q.Formula != "" {
			series[i] = string(rune('A'+i)) + " is the " + series[i]
		}
	}
	text := strings.Join(series, "; ")
	if q.Formula != "" {
		text = clip(q.Formula) + perInterval(q.Interval, Day) + ", where " + text
	} else {
		text += perInterval(q.Interval, Day)
	}
	if b := q.Breakdown; b != nil {
		text += b.describe()
	}
	switch q.Compare {
	case PreviousPeriod:
		text += ", compared with the period before"
	case PreviousYear:
		text += ", compared with the year before"
	}
	if q.Cumulative {
		text += ", cumulative"
	}
	if q.Rolling > 1 {
		text += fmt.Sprintf(", as the mean of %d", q.Rolling)
	}
	return text
}

func (b *Breakdown) describe() string {
	return fmt.Sprintf(", by %s (the first %d)", nameOf(b.Property), b.limit())
}

// describe renders which events are meant.
func (s *Selector) describe() string {
	text := strconv.Quote(clip(s.Event))
	if s.Event == "*" {
		text = "any event"
	}
	if s.Filter != nil {
		text += " where " + s.Filter.describe()
	}
	return text
}

func (q *Funnel) describe() string {
	steps := make([]string, len(q.Steps))
	for i := range q.Steps {
		steps[i] = q.Steps[i].describe()
	}
	unit := cmp.Or(q.By, byPerson)
	if groupType, ok := strings.CutPrefix(unit, ofGroup+"."); ok {
		unit = clip(groupType)
	}
	units := plural(unit)
	text := "funnel of " + units + " from " + strings.Join(steps, " to ")
	switch q.Order {
	case Strict:
		text += " with nothing between"
	case AnyOrder:
		text = "funnel of " + units + " with " + strings.Join(steps, " and ") + " in any order"
	}
	switch q.Window {
	case noWindow:
	case "":
		text += " within 14 days"
	default:
		text += " within " + spanWords(q.Window)
	}
	if q.Reach == WithinRange {
		text += " and the range"
	}
	for i := range q.Exclude {
		e := &q.Exclude[i]
		text += fmt.Sprintf(", without %s between steps %d and %d", e.describe(), e.After, e.Before)
	}
	if q.Exclusion == DropsPerson && len(q.Exclude) > 0 {
		text += ", which drops the " + unit
	}
	for i, name := range q.Hold {
		text += []string{", with the same ", " and "}[min(i, 1)] + strings.TrimPrefix(nameOf(name), "the ")
	}
	if q.Interval != "" {
		text += perInterval(q.Interval, Total)
	}
	if b := q.Breakdown; b != nil {
		text += b.describe()
		switch b.Attribution {
		case LastTouch:
			text += " last seen"
		case AtStep:
			text += fmt.Sprintf(" at step %d", b.Step)
		}
	}
	return text
}

// plural returns the plural of a noun, which a tenant may have named a type of
// groups by.
func plural(noun string) string {
	stem, y := strings.CutSuffix(noun, "y")
	switch {
	case y && strings.TrimRight(stem, "aeiou") == stem:
		return stem + "ies"
	case strings.HasSuffix(noun, "s"), strings.HasSuffix(noun, "x"), strings.HasSuffix(noun, "ch"), strings.HasSuffix(noun, "sh"):
		return noun + "es"
	}
	return noun + "s"
}

func (q *Retention) describe() string {
	text := "persons who did " + q.Start.describe()
	switch q.Cohort {
	case FirstInRange:
		text += " for the first time in the range"
	case Recurring:
	default:
		text += " for the first time ever"
	}
	interval := cmp.Or(q.Interval, Day)
	text += fmt.Sprintf(" and %s in the %d %ss after", q.Return.describe(), q.periods(), interval)
	if q.Count == OnOrAfterward {
		text += " or later"
	}
	if q.Buckets == RollingBuckets {
		text += ", counted from each person's own start"
	}
	text += ", per " + string(interval)
	if q.Breakdown != nil {
		text += q.Breakdown.describe()
	}
	return text
}

func (q *Persons) describe() string {
	if q.Of == nil {
		return "the persons who did something or said who they are"
	}
	at := q.cell()
	return at.describe(q.Of) + ": " + words(q.Of)
}

// describe says which number of a question's answer a cell is, as whose it is.
func (at *Cell) describe(of Query) string {
	text := "the persons counted"
	switch of := of.(type) {
	case *Trend:
		text = "the persons behind the total"
		if at.Bucket != "" {
			text = "the persons behind the " + string(cmp.Or(of.Interval, Day)) + " from " + clip(at.Bucket)
		}
		if len(of.Series) > 1 && at.Series < len(of.Series) {
			text += " of series " + strconv.Itoa(at.Series+1)
		}
	case *Funnel:
		text = fmt.Sprintf("the persons who reached step %d", at.Step)
		if at.Outcome == Dropped {
			text = fmt.Sprintf("the persons who reached step %d and not step %d", at.Step-1, at.Step)
		}
	case *Retention:
		text = "the persons of the cohort from " + clip(at.Cohort)
		if !at.Size {
			later := ""
			if of.Count == OnOrAfterward {
				later = " or later"
			}
			text += fmt.Sprintf(" who returned in period %d%s", at.Period, later)
		}
	case *SegmentSize:
		text = "the persons in the segment"
	}
	switch b := breakdownOf(of); {
	case b == nil:
	case at.Breakdown == nil:
		text += " without " + nameOf(b.Property)
	case *at.Breakdown == Other:
		text += " with another value of " + nameOf(b.Property) + " than those shown"
	default:
		text += " with " + nameOf(b.Property) + " " + strconv.Quote(clip(*at.Breakdown))
	}
	return text
}

// breakdownOf returns what a question is broken down by, nil for nothing.
func breakdownOf(q Query) *Breakdown {
	switch q := q.(type) {
	case *Trend:
		return q.Breakdown
	case *Retention:
		return q.Breakdown
	case *Funnel:
		if q.Breakdown != nil {
			return &q.Breakdown.Breakdown
		}
	}
	return nil
}

// words renders a range as its sender wrote it.
func (r Range) words() string {
	if r.Last == "" {
		return "from " + clip(r.From) + " to " + clip(r.To)
	}
	if n, _, _ := parseLast(r.Last); n == 1 {
		return lastWords(r.Last)
	}
	return "in " + lastWords(r.Last)
}

// lastWords renders the Last of a range; of one that is its open unit alone as
// people say it.
func lastWords(text string) string {
	switch n, unit, _ := parseLast(text); {
	case n > 1:
		return "the last " + spanWords(text)
	case unit == 'd':
		return "today"
	default:
		return "this " + unitWords[unit]
	}
}

// spanWords renders a length of time: "14 days".
func spanWords(text string) string {
	n, unit, _ := parseLast(text)
	word := fmt.Sprintf("%d %s", n, unitWords[unit])
	if n == 1 {
		return word
	}
	return word + "s"
}

var unitWords = map[byte]string{'s': "second", 'm': "minute", 'h': "hour", 'd': "day", 'w': "week"}
