package query

import (
	"slices"
	"strings"

	"github.com/footfall-go/footfall/internal/schema"
)

// Funnel asks how many get from a first event to a last one through those
// between, and how long it takes.
//
// Each event of the first step in the range begins an attempt. Of a unit (see
// By) the attempt that got furthest counts, of several the earliest.
type Funnel struct {
	Scope
	// Steps are the events on the way, 1 to 20.
	Steps []Selector `json:"steps"`
	// Order says what may lie between two steps. Defaults to [InOrder].
	Order Order `json:"order,omitempty"`
	// Window is how long an attempt may take from its first step, both ends
	// included: an integer and one of s, m, h, d, w, where a day is 24 hours;
	// or "none". Defaults to "14d".
	Window string `json:"window,omitempty"`
	// By is whose events make an attempt: "person", "session", or "group." and
	// a type of groups. Defaults to "person".
	By string `json:"by,omitempty"`
	// Exclude are events that must not happen between two steps.
	Exclude []Exclusion `json:"exclude,omitempty"`
	// Exclusion is what an excluded event ends. Defaults to [EndsAttempt].
	Exclusion ExclusionRule `json:"exclusion,omitempty"`
	// Hold are up to three properties that all events of an attempt must have
	// and agree on. What a person is said to be is the same for all events, so
	// that only those of persons who have it are steps.
	Hold []string `json:"hold,omitempty"`
	// Reach says where the later steps may lie. Defaults to [WithinWindow].
	Reach Reach `json:"reach,omitempty"`
	// Interval adds the numbers by the time of the first step: of those who
	// began in a bucket, each once for each bucket. Defaults to none.
	Interval Interval `json:"interval,omitempty"`
	// Breakdown splits by the values of a property of the attempt's events.
	Breakdown *FunnelBreakdown `json:"breakdown,omitempty"`
}

// Order says what may lie between two steps of a [Funnel].
type Order string

// The orders. Different steps with one time are in the order of the steps.
const (
	InOrder  Order = "ordered" // anything
	Strict   Order = "strict"  // nothing the same unit did
	AnyOrder Order = "any"     // the steps come in any order
)

// Exclusion is an event that must not happen between two steps.
type Exclusion struct {
	Selector
	// After and Before are the numbers of two steps, the first being 1. An
	// event at the very time of one of them is not between them. In JSON they
	// default to 1, and to the step that follows After.
	After  int `json:"after,omitempty"`
	Before int `json:"before,omitempty"`
}

// ExclusionRule says what an excluded event ends.
type ExclusionRule string

// The rules.
const (
	EndsAttempt ExclusionRule = "attempt" // which keeps the steps it has reached
	DropsPerson ExclusionRule = "person"  // who is in no step, as PostHog has it
)

// Reach says where the later steps of an attempt may lie.
type Reach string

// The reaches.
const (
	WithinWindow Reach = "window" // after the range, too
	WithinRange  Reach = "range"
)

// FunnelBreakdown splits a [Funnel] by the values of a property.
type FunnelBreakdown struct {
	Breakdown
	// Attribution says whose value counts. Defaults to [FirstTouch].
	Attribution Attribution `json:"attribution,omitempty"`
	// Step is the number of the step whose value counts by [AtStep].
	Step int `json:"step,omitempty"`
}

// Attribution says which event of an attempt has the value that counts.
type Attribution string

// The attributions.
const (
	FirstTouch Attribution = "first" // the first that has the property
	LastTouch  Attribution = "last"  // the last that has it
	AtStep     Attribution = "step"  // a given one; attempts that end before it do not count
)

// The units of a [Funnel] beside the groups of a type.
const (
	byPerson  = "person"
	bySession = "session"
)

// noWindow is the Window of a funnel without one.
const noWindow = "none"

// Kind returns "funnel".
func (q *Funnel) Kind() string { return "funnel" }

// Validate implements [Query].
func (q *Funnel) Validate() error { return validate(q) }

func (q *Funnel) check(c *checker) {
	q.Scope.check(c)
	c.checkSteps(q.Steps)
	oneOf(c, "/order", q.Order, InOrder, Strict, AnyOrder)
	oneOf(c, "/exclusion", q.Exclusion, EndsAttempt, DropsPerson)
	oneOf(c, "/reach", q.Reach, WithinWindow, WithinRange)
	oneOf(c, "/interval", q.Interval, Hour, Day, Week, Month)
	if q.Window != "" && q.Window != noWindow {
		c.checkSpan("/window", q.Window, `"none"`)
	}
	if groupType, ok := strings.CutPrefix(q.By, ofGroup+"."); q.By != "" && q.By != byPerson && q.By != bySession && (!ok || !schema.IsGroupType(groupType)) {
		c.fail("/by", "bad_value", "a funnel is by person, session or group.TYPE, not %q", clip(q.By))
	}
	if len(q.Exclude) > maxExclusions {
		c.fail("/exclude", "too_many", "a funnel excludes at most %d events", maxExclusions)
		return
	}
	for i := range q.Exclude {
		q.Exclude[i].check(c, index("/exclude", i), len(q.Steps))
	}
	if len(q.Hold) > maxHeld {
		c.fail("/hold", "too_many", "at most %d properties are held", maxHeld)
	} else {
		for i, name := range q.Hold {
			c.checkProperty(index("/hold", i), name)
		}
	}
	if q.Breakdown != nil {
		q.Breakdown.check(c, len(q.Steps))
	}
}

func (c *checker) checkSteps(steps []Selector) {
	switch {
	case len(steps) == 0:
		c.fail("/steps", "required", "at least one step is required")
	case len(steps) > maxSteps:
		c.fail("/steps", "too_many", "a funnel has at most %d steps", maxSteps)
		return
	}
	for i := range steps {
		c.checkSelector(index("/steps", i), &steps[i])
	}
}

func (e *Exclusion) check(c *checker, path string, steps int) {
	c.checkSelector(path, &e.Selector)
	if e.After < 1 || e.After >= steps {
		c.fail(path+"/after", "bad_value", "after is the number of a step with another behind it, from 1 to %d", max(1, steps-1))
	}
	if e.Before <= e.After || e.Before > steps {
		c.fail(path+"/before", "bad_value", "before is the number of a step behind after, at most %d", steps)
	}
}

func (b *FunnelBreakdown) check(c *checker, steps int) {
	b.Breakdown.check(c)
	oneOf(c, "/breakdown/attribution", b.Attribution, FirstTouch, LastTouch, AtStep)
	switch {
	case b.Attribution == AtStep && (b.Step < 1 || b.Step > steps):
		c.fail("/breakdown/step", "bad_value", "step is the number of a step, from 1 to %d", steps)
	case b.Attribution != AtStep && b.Step != 0:
		c.fail("/breakdown/step", "conflict", "step goes with attribution %q", AtStep)
	}
}

// oneOf reports a value that is neither absent nor one of a set.
func oneOf[T ~string](c *checker, path string, value T, allowed ...T) {
	if value == "" || slices.Contains(allowed, value) {
		return
	}
	list := ""
	for i, a := range allowed {
		switch {
		case i == 0:
		case i == len(allowed)-1:
			list += " or "
		default:
			list += ", "
		}
		list += string(a)
	}
	c.fail(path, "bad_value", "%s is %s, not %q", path[1:], list, clip(string(value)))
}
