package querytest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/query"
)

// parseRow reads a line of load.
func parseRow(text string) (r Row, err error) {
	words, object, err := split(text)
	if err != nil {
		return r, err
	}
	r.Kind, words = words[0], words[1:]
	_, isLink := linkKinds[r.Kind]
	_, isTrait := traitKinds[r.Kind]
	_, isEvent := eventTypes[r.Kind]
	switch {
	case isStored(r.Kind) && len(words) >= 1:
		return r.stored(words[0], text)
	case r.Kind == "partitions" && len(words) == 1:
		r.To = words[0]
		if n, err := strconv.ParseUint(r.To, 10, 16); err != nil || n == 0 || strconv.FormatUint(n, 10) != r.To {
			return r, fmt.Errorf("partitions are a number, not %q", r.To)
		}
		return r, nil
	case isLink && len(words) == 2:
		r.Of, r.To = words[0], words[1]
		return r, checkOwner(r.Of, false)
	case isTrait && len(words) >= 3:
		return r.said(words, text)
	case isEvent && len(words) >= 1:
		return r.event(words, object)
	}
	return r, fmt.Errorf("no row of a world: %q", text)
}

// split cuts a line into words; a JSON object at its end is given apart.
func split(text string) (words []string, object string, err error) {
	for text = strings.TrimLeft(text, " \t"); text != "" && text[0] != '{'; text = strings.TrimLeft(text, " \t") {
		end := strings.IndexAny(text, " \t\"")
		switch {
		case end < 0:
			end = len(text)
		case text[end] == '"':
			quoted, err := strconv.QuotedPrefix(text[end:])
			if err != nil {
				return nil, "", fmt.Errorf("a quoted word does not end: %q", text)
			}
			word, _ := strconv.Unquote(quoted) // it is one
			words = append(words, text[:end]+word)
			text = text[end+len(quoted):]
			continue
		}
		words = append(words, text[:end])
		text = text[end:]
	}
	if len(words) == 0 {
		return nil, "", errors.New("a row begins with a word")
	}
	return words, text, nil
}

func (r Row) event(words []string, object string) (Row, error) {
	var err error
	if r.At, err = parseTime(words[0]); err != nil {
		return r, err
	}
	words = words[1:]
	if r.Kind == "track" {
		if len(words) == 0 || words[0] == "" {
			return r, errors.New("a track has a name")
		}
		r.Name, words = words[0], words[1:]
	}
	for _, word := range words {
		name, value, _ := strings.Cut(word, "=")
		switch name {
		case "visitor":
			r.Visitor = value
		case "user":
			r.User = value
		case "id":
			r.ID = value
		case "session":
			if r.Session, err = strconv.ParseUint(value, 10, 64); err != nil {
				return r, fmt.Errorf("a session is a number, not %q", value)
			}
		case "mark":
			at := slices.IndexFunc(markNames, func(m markName) bool { return m.name == value })
			if at < 0 {
				return r, fmt.Errorf("there is no mark %q", value)
			}
			r.Marks |= markNames[at].mark
		default:
			return r, fmt.Errorf("an event has visitor, user, id, session and mark, not %q", word)
		}
	}
	switch {
	case r.Visitor == "" && r.User == "":
		return r, errors.New("an event has a visitor or a user")
	case r.Session != 0 && r.Visitor == "":
		return r, errors.New("only events of a visitor have a session")
	case object != "" && !json.Valid([]byte(object)):
		return r, fmt.Errorf("no JSON: %s", object)
	}
	r.Properties = object
	return r, nil
}

func (r Row) said(words []string, text string) (Row, error) {
	var err error
	if r.At, err = parseTime(words[1]); err != nil {
		return r, err
	}
	r.Of, r.Key, words = words[0], words[2], words[3:]
	// A value is JSON, which the cut into words has spoiled: it is the rest of the
	// line behind the key, and cannot begin like this.
	for range 4 {
		_, text = cutWord(text)
	}
	member := r.Kind == "member"
	if strings.HasPrefix(text, "id=") && (!member || len(words) > 1) {
		r.ID, words = strings.TrimPrefix(words[0], "id="), words[1:]
		_, text = cutWord(text)
	}
	if member {
		if len(words) != 1 || !schema.IsGroupType(r.Key) {
			return r, errors.New("member has who, when, the type of a group and its id")
		}
		r.To = words[0]
		return r, checkOwner(r.Of, false)
	}
	if r.To = text; !json.Valid([]byte(r.To)) {
		return r, fmt.Errorf("no JSON: %s", r.To)
	}
	return r, checkOwner(r.Of, true)
}

// stored reads an id and a segment in JSON.
func (r Row) stored(id, text string) (Row, error) {
	r.Key = id
	for range 2 {
		_, text = cutWord(text)
	}
	r.To = text
	_, err := parseSegment(r.To)
	return r, err
}

func parseSegment(text string) (*query.Segment, error) {
	q, err := query.Parse([]byte(`{"kind":"segment","segment":` + text + `}`))
	if err != nil {
		return nil, err
	}
	size, ok := q.(*query.SegmentSize)
	if !ok {
		return nil, fmt.Errorf("no segment: %s", text)
	}
	return &size.Segment, nil
}

// cutWord takes the first word of a line off.
func cutWord(text string) (word, rest string) {
	text = strings.TrimLeft(text, " \t")
	end := strings.IndexAny(text, " \t\"")
	if end < 0 {
		return text, ""
	}
	if text[end] == '"' {
		quoted, _ := strconv.QuotedPrefix(text[end:]) // the line was cut before
		end += len(quoted)
	}
	return text[:end], strings.TrimLeft(text[end:], " \t")
}

func checkOwner(of string, groups bool) error {
	scope, id, _ := strings.Cut(of, ":")
	kind, _, typed := strings.Cut(id, ":")
	if id == "" || scope != "user" && scope != "visitor" && (scope != "group" || !groups || !typed || !schema.IsGroupType(kind)) {
		return fmt.Errorf("whose row it is, is visitor:ID, user:ID or, of traits, group:TYPE:ID, not %q", of)
	}
	return nil
}

func parseTime(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || t.Year() < 1970 || t.Year() > 2200 {
		return t, fmt.Errorf("no time: %q", text)
	}
	return t.Truncate(time.Millisecond), nil
}
