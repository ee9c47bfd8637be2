package main

import (
	"fmt"
	"io"
)

// table prints rows of Markdown as they come, so that a long run can be
// followed.
type table struct{ w io.Writer }

func newTable(w io.Writer) *table {
	t := &table{w: w}
	t.section("")
	return t
}

// section starts a new table.
func (t *table) section(title string) {
	if title != "" {
		fmt.Fprintf(t.w, "\n%s\n", title)
	}
	fmt.Fprintf(t.w, "\n| figure | measured | at least | aim | how |\n|---|---|---|---|---|\n")
}

func (t *table) row(cells ...string) {
	for _, c := range cells {
		fmt.Fprintf(t.w, "| %s ", c)
	}
	fmt.Fprintln(t.w, "|")
}
