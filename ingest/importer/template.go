package importer

import (
	"fmt"
	"strings"
)

// template is text with {column} in it.
type template []part

// part is a piece of text, or a column's name.
type part struct {
	text   string
	column bool
}

func parseTemplate(text string) (template, error) {
	var t template
	for text != "" {
		before, rest, found := strings.Cut(text, "{")
		if strings.Contains(before, "}") {
			return nil, fmt.Errorf("a } without its {")
		}
		if before != "" {
			t = append(t, part{text: before})
		}
		if !found {
			break
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed || name == "" || strings.Contains(name, "{") {
			return nil, fmt.Errorf("a column is written {name}")
		}
		t = append(t, part{text: name, column: true})
		text = after
	}
	return t, nil
}

// fill puts a row's cells in. If the template has columns and all their cells
// are empty the result is too: "r{id}" without an id must not make everybody
// the person "r".
func (t template) fill(r *row) string {
	if len(t) == 1 {
		if t[0].column {
			return r.text(t[0].text)
		}
		return t[0].text
	}
	var b strings.Builder
	columns, filled := false, false
	for _, p := range t {
		if !p.column {
			b.WriteString(p.text)
			continue
		}
		cell := r.text(p.text)
		columns, filled = true, filled || cell != ""
		b.WriteString(cell)
	}
	if columns && !filled {
		return ""
	}
	return b.String()
}
