package problem

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxBefore bounds how much of a mistake is said in the words of others.
const maxBefore = 200

// Object reads a body that is one JSON object into the values its members are
// for, which are pointers. It names every mistake with its place: what is not
// among the fields, what is there twice, and what is of the wrong type. A null
// is as good as absent.
func Object(w http.ResponseWriter, r *http.Request, limit int64, fields map[string]any) *Problem {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if _, long := errors.AsType[*http.MaxBytesError](err); long {
		return &Problem{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("the body is at most %d bytes", limit)}
	}
	if err != nil {
		return &Problem{Status: http.StatusBadRequest, Detail: "the body could not be read"}
	}
	found := readObject(body, fields)
	if len(found) == 0 {
		return nil
	}
	return Invalid(found...)
}

// Invalid says that a request is wrong, and in what.
func Invalid(mistakes ...Error) *Problem {
	return &Problem{Title: "Invalid request", Status: http.StatusBadRequest, Detail: mistakes[0].Message, Errors: mistakes}
}

func readObject(body []byte, fields map[string]any) (found []Error) {
	whole := func(code, message string) []Error { return []Error{{Code: code, Message: message}} }
	switch body = bytes.TrimSpace(body); {
	case len(body) == 0:
		return whole("required", "a JSON object is required")
	case !utf8.Valid(body):
		return whole("invalid_json", "the body is not UTF-8")
	}
	// Before anything is kept of it: it also bounds how deep it nests.
	if err := json.Unmarshal(body, new(json.RawMessage)); err != nil {
		return whole("invalid_json", "the body is not one JSON value: "+clip(err.Error()))
	}
	if body[0] != '{' {
		return whole("bad_type", "the body is a JSON object")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	_, _ = d.Token() // the brace
	seen := map[string]bool{}
	for d.More() && len(found) < maxNamed {
		token, err := d.Token()
		name, ok := token.(string)
		var value json.RawMessage
		if err == nil && ok {
			err = d.Decode(&value)
		}
		if err != nil { // the body is sound JSON
			return whole("invalid_json", clip(err.Error()))
		}
		path := "/" + pointer.Replace(short(name))
		into, known := fields[name]
		switch {
		case !known:
			found = append(found, Error{Path: path, Code: "unknown_field", Message: "there is no field " + short(name) + ": the fields are " + list(fields)})
		case seen[name]:
			found = append(found, Error{Path: path, Code: "conflict", Message: name + " is there twice"})
		case string(value) == "null":
		default:
			if err := json.Unmarshal(value, into); err != nil {
				found = append(found, Error{Path: path, Code: codeOf(err), Message: name + " is wrong: " + says(err)})
			}
		}
		seen[name] = true
	}
	return found
}

// codeOf tells a value of the wrong type from one that is wrong otherwise.
func codeOf(err error) string {
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return "bad_type"
	}
	return "bad_value"
}

// says is the mistake without the names of Go's types.
func says(err error) string {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return "it must not be " + clip(wrong.Value)
	}
	return clip(err.Error())
}

func clip(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), maxBefore)], "\uFFFD")
}

func list(fields map[string]any) string {
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
