package querytest

import (
	"errors"
	"fmt"
	"strings"
	"time"

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
// of trait. A segment is stored, or frozen as it is by then, with
//
//	store buyers {"did":{"event":"Order Completed"}}
//	freeze first-buyers "buyers"
//
// and from "partitions 4" on the log has so many, in a new epoch. Words with
// spaces in them are quoted as in Go. The lines of rows are
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
