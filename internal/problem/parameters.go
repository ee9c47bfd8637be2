package problem

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// How much of a stranger's query an answer repeats.
const (
	maxNamed   = 10
	maxNameLen = 100
)

var pointer = strings.NewReplacer("~", "~0", "/", "~1")

// Parameters checks the query of a request to a route that knows all its
// parameters: one that it would ignore is most likely a name spelt wrong, whose
// answer would be about something else than was asked. It returns nil if there
// is nothing wrong.
func Parameters(r *http.Request, known ...string) *Problem {
	if r.URL.RawQuery == "" {
		return nil
	}
	p := &Problem{Title: "Invalid request", Status: http.StatusBadRequest}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		p.Errors = append(p.Errors, Error{Code: "invalid", Message: "the query string cannot be read: " + short(err.Error())})
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if slices.Contains(known, name) || len(p.Errors) == maxNamed {
			continue
		}
		message := "this route has no parameters"
		if len(known) > 0 {
			message = "the parameters of this route are " + strings.Join(known, ", ")
		}
		name = short(name)
		p.Errors = append(p.Errors, Error{Path: "/" + pointer.Replace(name), Code: "unknown_parameter", Message: "there is no parameter " + name + ": " + message})
	}
	if len(p.Errors) == 0 {
		return nil
	}
	p.Detail = p.Errors[0].Message
	return p
}

func short(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), maxNameLen)], "\uFFFD")
}
