package query

import (
	"bytes"
	"encoding/json"
)

// MarshalJSON returns the JSON that [Parse] reads.
func (q *Trend) MarshalJSON() ([]byte, error) {
	type plain Trend
	return marshalKind(q.Kind(), (*plain)(q))
}

// MarshalJSON returns the JSON that [Parse] reads.
func (q *Funnel) MarshalJSON() ([]byte, error) {
	type plain Funnel
	return marshalKind(q.Kind(), (*plain)(q))
}

// MarshalJSON returns the JSON that [Parse] reads.
func (q *Retention) MarshalJSON() ([]byte, error) {
	type plain Retention
	return marshalKind(q.Kind(), (*plain)(q))
}

// MarshalJSON returns the JSON that [Parse] reads.
func (q *SegmentSize) MarshalJSON() ([]byte, error) {
	type plain SegmentSize
	return marshalKind(q.Kind(), (*plain)(q))
}

// MarshalJSON returns the JSON that [Parse] reads.
func (q *Sessions) MarshalJSON() ([]byte, error) {
	type plain Sessions
	return marshalKind(q.Kind(), (*plain)(q))
}

// MarshalJSON returns the JSON that [Parse] reads.
func (q *Events) MarshalJSON() ([]byte, error) {
	type plain Events
	return marshalKind(q.Kind(), (*plain)(q))
}

// MarshalJSON returns the JSON that [Parse] reads.
func (q *Persons) MarshalJSON() ([]byte, error) {
	type plain Persons
	return marshalKind(q.Kind(), (*plain)(q))
}

// marshalKind puts the kind in front of the members of a question.
func marshalKind(kind string, q any) ([]byte, error) {
	members, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	head := []byte(`{"kind":"` + kind + `"`)
	if bytes.Equal(members, []byte("{}")) {
		return append(head, '}'), nil
	}
	return append(append(head, ','), members[1:]...), nil
}
