package query

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// InvalidError says what is wrong with a question.
type InvalidError struct {
	Problems []Problem
}

// Problem is one mistake in a question.
type Problem struct {
	Path    string // JSON pointer to where it is, "" for the whole
	Code    string // for programs: required, unknown_field, bad_type, bad_value, unsupported …
	Message string // for people
}

func (e *InvalidError) Error() string {
	texts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		texts[i] = p.Message
		if p.Path != "" {
			texts[i] = p.Path + ": " + p.Message
		}
	}
	return "query: " + strings.Join(texts, "; ")
}

// The ways a sound question fails. What a [Conn] returns wraps them.
var (
	// ErrTimeout says that the answer was not found in the tenant's time.
	ErrTimeout = errors.New("query: out of time")
	// ErrLimit says that the answer needs more rows or memory than allowed.
	ErrLimit = errors.New("query: over the limit of rows or memory")
	// ErrUnavailable says that the store cannot be reached.
	ErrUnavailable = errors.New("query: the store is unavailable")
)

// maxProblems bounds an error about a question that is wrong everywhere.
const maxProblems = 50

// checker collects mistakes.
type checker struct {
	problems  []Problem
	nodes     int // filters seen
	ofPersons int // of them, those on persons and groups
	segments  []reference
	inOf      bool
	beside    map[string]string // where a member stands that may stand in two places
}

func (c *checker) fail(path, code, format string, args ...any) {
	if given, ok := c.beside[path]; ok {
		path = given
	}
	if len(c.problems) < maxProblems {
		c.problems = append(c.problems, Problem{path, code, fmt.Sprintf(format, args...)})
	}
}

func (c *checker) err() error {
	if len(c.problems) == 0 {
		return nil
	}
	return &InvalidError{c.problems}
}

// reference is where a question names a stored segment.
type reference struct{ path, id string }

// countOfPersons counts the conditions that each take a statement of their own.
func (c *checker) countOfPersons(path string) {
	if c.ofPersons++; c.ofPersons == maxOfPersons+1 {
		c.fail(path, "too_many", "a question has at most %d conditions on persons and groups", maxOfPersons)
	}
}

func validate(q Query) error {
	_, err := checked(q)
	return err
}

// checked validates a question and returns the stored segments that it names.
func checked(q Query) ([]reference, error) {
	var c checker
	q.check(&c)
	return c.segments, c.err()
}

func index(path string, i int) string { return path + "/" + strconv.Itoa(i) }

// clip shortens what a stranger wrote so that it fits a message.
func clip(text string) string {
	const most = 60
	if len(text) <= most {
		return text
	}
	cut := most
	for cut > 0 && text[cut]&0xc0 == 0x80 {
		cut--
	}
	return text[:cut] + "…"
}
