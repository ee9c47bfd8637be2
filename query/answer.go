package query

import (
	"encoding/json"
	"time"
)

// Answer is the answer to a [Query].
type Answer struct {
	Kind string `json:"kind"`
	// Zone is the time zone of days, weeks and months.
	Zone  string `json:"zone"`
	Range Window `json:"range"`
	// Watermark is the moment up to which everything that had been accepted
	// is counted. It is zero where the engine was not told.
	Watermark time.Time `json:"watermark,omitzero"`
	// Exact says that no number is an estimate.
	Exact bool `json:"exact"`
	// Text is the question in plain English.
	Text  string `json:"text"`
	Stats Stats  `json:"stats"`
	// Result is a *TrendResult, *FunnelResult, *RetentionResult, *SegmentResult,
	// *SessionsResult, *EventsResult or *PersonsResult, after the kind.
	Result any `json:"result"`
}

// Window is a half-open range of time.
type Window struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Stats tells what an answer took.
type Stats struct {
	Rows         uint64 `json:"rows"`  // read by the store, 0 where it does not tell
	Bytes        uint64 `json:"bytes"` // likewise
	Milliseconds int64  `json:"ms"`
	Cached       bool   `json:"cached"`
}

// TrendResult is the result of a [Trend].
type TrendResult struct {
	// Buckets are the starts of the buckets.
	Buckets []time.Time `json:"buckets"`
	// LastOpen says that the last bucket has not ended yet.
	LastOpen bool     `json:"last_open"`
	Series   []Points `json:"series"`
}

// Points are the numbers of a series, or of one value of its breakdown.
type Points struct {
	Name string `json:"name"`
	// Breakdown is the value of the property, [Other] for all that are not
	// shown, and nil for events without the property or without a breakdown.
	Breakdown *string `json:"breakdown"`
	// Total is the number over the whole range, nil where there is none.
	Total *float64 `json:"total"`
	// Values has a number for each bucket, nil where there is none.
	Values []*float64 `json:"values"`
	// Previous are the numbers of the range it is compared with, nil without a
	// comparison.
	Previous *Previous `json:"previous,omitempty"`
}

// Previous are the numbers of an earlier range.
type Previous struct {
	Total *float64 `json:"total"`
	// Values has as many numbers as the line beside it, nil where the earlier
	// range has no such bucket.
	Values []*float64 `json:"values"`
}

// Other stands for the values of a breakdown that are not shown.
const Other = "$other"

// SessionsResult is the result of [Sessions]: numbers for each bucket, and
// where the sessions of the range began and ended.
type SessionsResult struct {
	Buckets    []time.Time `json:"buckets"`
	LastOpen   bool        `json:"last_open"`
	Count      []uint64    `json:"count"`
	BounceRate []*float64  `json:"bounce_rate"`
	Views      []*float64  `json:"views"` // a session has on average
	Seconds    []Spread    `json:"seconds"`
	// Entry and Exit are the most frequent paths of first and last views.
	// Sessions without one are not among them.
	Entry []ValueCount `json:"entry"`
	Exit  []ValueCount `json:"exit"`
}

// Spread describes a set of numbers; its members are nil if the set is empty.
type Spread struct {
	Mean   *float64 `json:"mean"`
	Median *float64 `json:"median"`
	P90    *float64 `json:"p90"`
}

// ValueCount is a value and how often it was found.
type ValueCount struct {
	Value string `json:"value"`
	Count uint64 `json:"count"`
}

// EventsResult is the result of [Events].
type EventsResult struct {
	Events []Event `json:"events"`
	// Next is the cursor of the page that follows, nil at the end.
	Next *string `json:"next"`
}

// Event is one event as its sender knows it. Visitor and User are the sender's
// texts, nil if there is none; they may also be nil in the first second of an
// id's life.
type Event struct {
	ID         string          `json:"id"`
	Type       string          `json:"type"`
	Name       string          `json:"name"`
	Time       time.Time       `json:"time"`
	Original   *time.Time      `json:"original"`
	Sent       *time.Time      `json:"sent"`
	Received   time.Time       `json:"received"`
	Visitor    *string         `json:"visitor"`
	User       *string         `json:"user"`
	Person     *string         `json:"person"` // "user:ID" or "visitor:ID"
	Session    *string         `json:"session"`
	Properties json.RawMessage `json:"properties"`
	Context    json.RawMessage `json:"context"`
}

// PersonsResult is the result of [Persons].
type PersonsResult struct {
	// Total is how many persons there are on all pages.
	Total   uint64   `json:"total"`
	Persons []Person `json:"persons"`
	// Next is the cursor of the page that follows, nil at the end.
	Next *string `json:"next"`
}

// Person is somebody who did something.
type Person struct {
	// ID is "user:ID" or "visitor:ID". It may be empty in the first second of
	// an id's life, before its text is stored.
	ID string `json:"id"`
	// User is the sender's id of the user, nil for a visitor never seen as one.
	User *string `json:"user"`
	// Visitors are the anonymousIds of the person's events, at most 100.
	Visitors []string `json:"visitors"`
	// Traits are what counts of what was said of the person's ids, as it was
	// sent, at most 1000 of an id; what was last said to be null is not there.
	Traits map[string]json.RawMessage `json:"traits"`
	// FirstSeen and LastSeen are over all that the person did, not only in the
	// range; of one who did nothing, over what says who it is.
	FirstSeen time.Time `json:"first_seen"`
	LastSeen  time.Time `json:"last_seen"`
}

// next returns the cursor of the page that follows, nil if there is none.
func (a *Answer) next() *string {
	switch result := a.Result.(type) {
	case *EventsResult:
		return result.Next
	case *PersonsResult:
		return result.Next
	}
	return nil
}
