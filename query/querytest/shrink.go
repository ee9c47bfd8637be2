package querytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// shrink makes a failing case smaller while it fails: it drops rows, what rows
// have, and parts of the question. It tries at most so many smaller ones.
func shrink(rows []Row, question string, tries int, fails func(rows []Row, question string) bool) ([]Row, string) {
	try := func(rows []Row, question string) bool {
		tries--
		return tries >= 0 && fails(rows, question)
	}
	for size := len(rows) / 2; size > 0; size /= 2 {
		for i := 0; i < len(rows); {
			fewer := slices.Delete(slices.Clone(rows), i, min(i+size, len(rows)))
			if try(fewer, question) {
				rows = fewer
			} else {
				i += size
			}
		}
	}
	for again := true; again; {
		again = false
		for _, smaller := range smallerQuestions(question) {
			if try(rows, smaller) {
				question, again = smaller, true
				break
			}
		}
	}
	for i := range rows {
		for again := true; again; {
			again = false
			for _, plainer := range plainerRows(rows[i]) {
				changed := slices.Clone(rows)
				changed[i] = plainer
				if try(changed, question) {
					rows, again = changed, true
					break
				}
			}
		}
	}
	return rows, question
}

// plainerRows returns a row without one of the things it can do without.
func plainerRows(r Row) []Row {
	var all []Row
	if isStored(r.Kind) {
		for _, smaller := range smallerQuestions(r.To) {
			if _, err := parseSegment(smaller); err == nil {
				c := r
				c.To = smaller
				all = append(all, c)
			}
		}
	}
	if r.Properties != "" {
		for _, smaller := range smallerQuestions(r.Properties) {
			c := r
			if c.Properties = smaller; smaller == "{}" {
				c.Properties = ""
			}
			all = append(all, c)
		}
	}
	if r.Session != 0 {
		c := r
		c.Session = 0
		all = append(all, c)
	}
	if r.User != "" && r.Visitor != "" {
		c := r
		c.User = ""
		all = append(all, c)
	}
	return all
}

// smallerQuestions returns JSON without one of its members or items, or with a
// condition in place of the list or the negation it stands in.
func smallerQuestions(question string) []string {
	var all []string
	var root any
	d := json.NewDecoder(bytes.NewReader([]byte(question)))
	d.UseNumber()
	if d.Decode(&root) != nil {
		return nil
	}
	emit := func() {
		text, err := json.Marshal(root)
		if err == nil {
			all = append(all, string(text))
		}
	}
	var visit func(node any, replace func(any))
	visit = func(node any, replace func(any)) {
		switch node := node.(type) {
		case map[string]any:
			for _, name := range []string{"and", "or", "not"} {
				if list, ok := node[name].([]any); ok && len(list) > 0 {
					for _, item := range list {
						replace(item)
						emit()
					}
				} else if inner, ok := node[name].(map[string]any); ok {
					replace(inner)
					emit()
				}
				replace(node)
			}
			for name, v := range node {
				delete(node, name)
				emit()
				node[name] = v
				visit(v, func(other any) { node[name] = other })
				node[name] = v
			}
		case []any:
			for i, v := range node {
				replace(slices.Delete(slices.Clone(node), i, i+1))
				emit()
				replace(node)
				visit(v, func(other any) { node[i] = other })
				node[i] = v
			}
		}
	}
	visit(root, func(other any) { root = other })
	slices.SortStableFunc(all, func(a, b string) int { return len(a) - len(b) })
	if top, ok := root.(map[string]any); ok && top["kind"] == "trend" && top["interval"] != "total" {
		top["interval"] = "total" // whose answer is shorter
		emit()
	}
	return slices.Compact(all)
}

// failure writes a case that was found as a script.
func failure(s *Script, rows []Row, question string, want, got []string, what string) string {
	small := &Script{Name: s.Name, Settings: s.Settings, Now: s.Now, Steps: []Step{{Load: rows}, {Question: question, Rows: want}}}
	text := fmt.Sprintf("%s\n\n%s\n# the engine says\n", what, small)
	for _, row := range got {
		text += "#   " + row + "\n"
	}
	return text
}
