package query

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Answers keeps answers for other processes that are asked the same. A key is
// never used for two answers: what could be seen when the question was asked is
// part of it, as Config.Version told, and so is the minute. So it does not matter
// when an answer is forgotten, and it is no error if there is none.
//
// Both calls stand in the way of somebody who waits, so that an implementation
// gives up soon; errors are not told to anybody. Package query/redis has one.
type Answers interface {
	// Get returns what was set, nil if there is nothing.
	Get(ctx context.Context, key string) ([]byte, error)
	// Set keeps an answer for about so long, or does not.
	Set(ctx context.Context, key string, answer []byte, ttl time.Duration) error
}

// answersFor is how long an answer can be asked for: its key has the minute.
const answersFor = time.Minute

// foreign is an answer that another process has computed.
type foreign struct{ value any }

// find looks whether another process was asked the same.
func (r *run) find(ctx context.Context, kind string, key answerKey) (any, bool) {
	text, err := r.engine.config.Answers.Get(ctx, hex.EncodeToString(key[:]))
	if err != nil || text == nil {
		return nil, false
	}
	value, err := decodeAnswer(kind, text)
	return value, err == nil // what cannot be read is not there
}

// encodeAnswer returns an answer as it is sent.
func encodeAnswer(value any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(value)
	return b.Bytes(), err
}

// decodeAnswer reads what encodeAnswer wrote. Times have their offsets in place
// of their zone's name.
func decodeAnswer(kind string, text []byte) (any, error) {
	if kind == "catalog" {
		catalog := new(Catalog)
		return catalog, json.Unmarshal(text, catalog)
	}
	type plain Answer
	answer := struct {
		*plain
		Result json.RawMessage `json:"result"`
	}{plain: new(plain)}
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, err
	}
	result := resultOf(kind)
	if result == nil || answer.Kind != kind {
		return nil, fmt.Errorf("an answer of kind %q to one of %q", answer.Kind, kind)
	}
	if err := json.Unmarshal(answer.Result, result); err != nil {
		return nil, err
	}
	answer.plain.Result = result
	return (*Answer)(answer.plain), nil
}

// resultOf returns an empty result of a kind, nil of what is none.
func resultOf(kind string) any {
	switch kind {
	case (*Trend)(nil).Kind():
		return new(TrendResult)
	case (*Funnel)(nil).Kind():
		return new(FunnelResult)
	case (*Retention)(nil).Kind():
		return new(RetentionResult)
	case (*SegmentSize)(nil).Kind():
		return new(SegmentResult)
	case (*Sessions)(nil).Kind():
		return new(SessionsResult)
	case (*Events)(nil).Kind():
		return new(EventsResult)
	case (*Persons)(nil).Kind():
		return new(PersonsResult)
	}
	return nil
}
