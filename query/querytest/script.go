package querytest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/tenant"
)

// Script is a world that is loaded and asked in turns. A file of scripts has
// words at the beginning of lines and what belongs to them indented:
//
//	# A comment.
//	world a late link counts what was done before it
//	  zone America/New_York
//	  week sunday
//	  now 2024-03-05T12:00:00Z
//	load
//	  track 2024-03-01T10:00:00Z "Order Completed" visitor=phone session=1 {"price":10}
//	  page 2024-03-01T10:01:00Z visitor=phone session=1 {"$path":"/thanks"}
//	  link visitor:phone ann
//	  trait user:ann 2024-03-01T10:00:00Z plan "pro"
//	  member user:ann 2024-03-01T10:00:00Z company acme
//	ask
//	  {"kind":"trend","range":{"from":"2024-03-01","to":"2024-03-03"},"series":[{"event":"*","measure":"persons"}]}
//	rows
//	  bucket *
//	  2024-03-01T00:00:00-05:00 1
//	  2024-03-02T00:00:00-05:00 0
//	  total 1
//
// Other lines of load begin with screen, identify or group, which are events like
// page; unlink and alias, which have the form of link; and once, which has that
// of trait. Words with spaces in them are quoted as in Go. The lines of rows are
// those of [Rows], in which spaces count as one.
type Script struct {
	Name     string
	Settings tenant.Settings
	Now      time.Time
	Steps    []Step
}

// Step is one turn of a script: rows to load, or a question to ask.
type Step struct {
	Line     int // where it stands
	Load     []Row
	Question string // in JSON, "" if there is none
	Rows     []string
}

// ParseScripts reads a file of scripts. The error names the line.
func ParseScripts(text string) ([]*Script, error) {
	var p reader
	for i, line := range strings.Split(text, "\n") {
		p.line = i + 1
		if err := p.read(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", p.line, err)
		}
	}
	return p.scripts, nil
}

type reader struct {
	line    int
	scripts []*Script
	word    string // the last at the beginning of a line
}

func (p *reader) read(line string) error {
	text := strings.TrimSpace(line)
	if text == "" || text[0] == '#' {
		return nil
	}
	if line[0] != ' ' && line[0] != '\t' {
		return p.begin(text)
	}
	if len(p.scripts) == 0 {
		return errors.New("there is no world yet")
	}
	s := p.scripts[len(p.scripts)-1]
	if p.word == "world" {
		return s.setting(text)
	}
	step := &s.Steps[len(s.Steps)-1]
	switch p.word {
	case "load":
		row, err := parseRow(text)
		step.Load = append(step.Load, row)
		return err
	case "ask":
		step.Question += text
	default:
		step.Rows = append(step.Rows, strings.Join(strings.Fields(text), " "))
	}
	return nil
}

// begin reads a line that is not indented.
func (p *reader) begin(text string) error {
	word, rest, _ := strings.Cut(text, " ")
	if word == "world" {
		p.scripts = append(p.scripts, &Script{Name: strings.TrimSpace(rest), Now: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)})
		p.word = word
		return nil
	}
	if rest != "" {
		return fmt.Errorf("%q has lines of its own", word)
	}
	if len(p.scripts) == 0 {
		return errors.New("a file begins with a world")
	}
	s := p.scripts[len(p.scripts)-1]
	switch word {
	case "load", "ask":
		s.Steps = append(s.Steps, Step{Line: p.line})
	case "rows":
		if p.word != "ask" || s.Steps[len(s.Steps)-1].Question == "" {
			return errors.New("rows follow a question")
		}
	default:
		return fmt.Errorf("a line begins with world, load, ask or rows, not %q", word)
	}
	p.word = word
	return nil
}

// setting reads what a world is like.
func (s *Script) setting(text string) (err error) {
	name, value, _ := strings.Cut(text, " ")
	switch name {
	case "zone":
		s.Settings.Zone = value
		if _, err = time.LoadLocation(value); value == "Local" {
			err = errors.New("the machine's own zone is none")
		}
	case "week":
		switch value {
		case "sunday":
			s.Settings.WeekStart = tenant.SundayFirst
		case "monday":
		default:
			return fmt.Errorf("a week begins on sunday or monday, not %q", value)
		}
	case "now":
		s.Now, err = time.Parse(time.RFC3339Nano, value)
	case "retention":
		s.Settings.Retention, err = time.ParseDuration(value)
	default:
		return fmt.Errorf("a world has zone, week, now and retention, not %q", name)
	}
	return err
}

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
		default:
			return r, fmt.Errorf("an event has visitor, user, id and session, not %q", word)
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
	r.Of, r.Key = words[0], words[2]
	if r.Kind == "member" {
		if len(words) != 4 || !schema.IsGroupType(r.Key) {
			return r, errors.New("member has who, when, the type of a group and its id")
		}
		r.To = words[3]
		return r, checkOwner(r.Of, false)
	}
	// The value is JSON, which the cut into words has spoiled: it is the rest of
	// the line behind the third word.
	for range 4 {
		_, text = cutWord(text)
	}
	if r.To = text; !json.Valid([]byte(r.To)) {
		return r, fmt.Errorf("no JSON: %s", r.To)
	}
	return r, checkOwner(r.Of, true)
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

// String returns the script as it stands in a file.
func (s *Script) String() string {
	var b strings.Builder
	b.WriteString("world " + s.Name + "\n")
	if s.Settings.Zone != "" {
		b.WriteString("  zone " + s.Settings.Zone + "\n")
	}
	if s.Settings.WeekStart == tenant.SundayFirst {
		b.WriteString("  week sunday\n")
	}
	b.WriteString("  now " + s.Now.Format(time.RFC3339Nano) + "\n")
	if s.Settings.Retention != 0 {
		b.WriteString("  retention " + s.Settings.Retention.String() + "\n")
	}
	for _, step := range s.Steps {
		if step.Question != "" {
			b.WriteString("ask\n  " + step.Question + "\nrows\n")
			for _, row := range step.Rows {
				b.WriteString("  " + row + "\n")
			}
			continue
		}
		b.WriteString("load\n")
		for _, row := range step.Load {
			b.WriteString("  " + row.String() + "\n")
		}
	}
	return b.String()
}
