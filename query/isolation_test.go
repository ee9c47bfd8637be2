package query

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/internal/schema"
	"github.com/footfall-go/footfall/store/chdb/chdbtest"
)

// syntax is a node of a statement as the engine's own parser reads it.
type syntax struct {
	text     string // such as "Function equals" or "TableIdentifier events (alias e)"
	children []*syntax
}

// What stands for the tenant and the silo of a statement that is parsed.
const (
	parsedTenant = "THE TENANT"
	parsedSilo   = "THE SILO"
)

// parseStatement has the engine parse a statement. Parameters are filled in, the
// tenant's two with texts that nothing else has.
func parseStatement(tb testing.TB, conn driver.Conn, text string) *syntax {
	tb.Helper()
	params := clickhouse.Parameters{}
	for _, found := range placeholder.FindAllStringSubmatch(text, -1) {
		switch value := ""; {
		case found[1] == "tenant":
			params[found[1]] = parsedTenant
		case found[1] == "silo":
			params[found[1]] = parsedSilo
		case strings.HasPrefix(found[2], "Array"):
			params[found[1]] = "[]"
		default:
			if found[2] != "String" {
				value = "0"
			}
			params[found[1]] = value
		}
	}
	// The bounds that a statement sets itself would hold for the lines of its tree.
	text, _, _ = strings.Cut(text, "\nSETTINGS ")
	rows, err := conn.Query(clickhouse.Context(tb.Context(), clickhouse.WithParameters(params)), "EXPLAIN AST "+text)
	require.NoError(tb, err, text)
	defer func() { require.NoError(tb, rows.Close()) }()
	root := new(syntax)
	path := []*syntax{root} // the last node of each depth
	for rows.Next() {
		var line string
		require.NoError(tb, rows.Scan(&line))
		node := strings.TrimLeft(line, " ")
		depth := len(line) - len(node)
		require.Less(tb, depth, len(path), "the engine shows trees otherwise than by indents: %q", line)
		n := &syntax{text: childCount.ReplaceAllString(node, "")}
		path[depth].children = append(path[depth].children, n)
		path = append(path[:depth+1], n)
	}
	require.NoError(tb, rows.Err())
	require.Len(tb, root.children, 1)
	return root.children[0]
}

var (
	childCount = regexp.MustCompile(` \(children \d+\)$`)
	aliased    = regexp.MustCompile(` \(alias (.*)\)$`)
	// membership are the functions whose right side may be the name of a table.
	membership = regexp.MustCompile(`^Function (global)?(not|Not)?(null|Null)?[iI]n(IgnoreSet)?\b`)
	// elsewhere are functions that read what is no table of the statement.
	elsewhere = regexp.MustCompile(`^Function (dict\w*|joinGet\w*|file|catboost\w*)\b`)
)

// checkTenant walks a statement: each SELECT that reads a table reads nothing
// else and has both conditions of the tenant in a conjunction. It counts those.
func checkTenant(n *syntax, tables, own map[string]bool) (count int, err error) {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if alias := aliased.FindStringSubmatch(n.text); alias != nil && (alias[1] == "tenant" || alias[1] == "silo") {
		fail("%s hides the column of a table", n.text) // the engine prefers it to the column
	}
	switch {
	case n.text == "SelectQuery":
		read, err := n.readsTable(tables, own)
		errs = append(errs, err)
		if read != "" {
			count++
			if err := n.checkWhere(); err != nil {
				fail("the SELECT from %s %w", read, err)
			}
		}
	case elsewhere.MatchString(n.text):
		fail("%s reads something else", n.text)
	case membership.MatchString(n.text):
		if sides := n.children[0].children; strings.HasPrefix(sides[1].text, "Identifier ") {
			fail("%s is a table without its tenant", sides[1].text)
		}
	}
	for _, child := range n.children {
		inner, err := checkTenant(child, tables, own)
		count += inner
		errs = append(errs, err)
	}
	return count, errors.Join(errs...)
}

// readsTable returns the table of the store that a SELECT reads, "" if it reads
// only from inner ones and those in front of the statement.
func (n *syntax) readsTable(tables, own map[string]bool) (string, error) {
	at := slices.IndexFunc(n.children, func(c *syntax) bool { return c.text == "TablesInSelectQuery" })
	if at < 0 {
		return "", nil
	}
	read := ""
	for _, element := range n.children[at].children {
		for _, expression := range element.children {
			if expression.text != "TableExpression" {
				continue // how it is joined
			}
			source := aliased.ReplaceAllString(expression.children[0].text, "")
			name, isName := strings.CutPrefix(source, "TableIdentifier ")
			switch {
			case source == "Subquery", source == "Function numbers", own[name]:
			case !isName || !tables[name]:
				return "", fmt.Errorf("%s is no table of the store", source)
			case len(n.children[at].children) > 1:
				return "", fmt.Errorf("%s is read beside others, so that its columns need not be meant", name)
			default:
				read = name
			}
		}
	}
	return read, nil
}

// checkWhere looks at what stands right behind the tables, which is the WHERE.
func (n *syntax) checkWhere() error {
	at := slices.IndexFunc(n.children, func(c *syntax) bool { return c.text == "TablesInSelectQuery" })
	if at+1 >= len(n.children) {
		return errors.New("has no condition")
	}
	found := map[string]bool{}
	for _, condition := range n.children[at+1].conjunction() {
		if condition.text == "Function equals" {
			if sides := condition.children[0].children; len(sides) == 2 {
				found[sides[0].text+" = "+sides[1].text] = true
			}
		}
	}
	for _, want := range []string{"Identifier tenant = Literal '" + parsedTenant + "'", "Identifier silo = Literal '" + parsedSilo + "'"} {
		if !found[want] {
			return fmt.Errorf("lacks %s", want)
		}
	}
	return nil
}

// conjunction returns the conditions that all have to be true.
func (n *syntax) conjunction() []*syntax {
	if n.text != "Function and" {
		return []*syntax{n}
	}
	var all []*syntax
	for _, child := range n.children[0].children {
		all = append(all, child.conjunction()...)
	}
	return all
}

func checkParsed(tb testing.TB, conn driver.Conn, text string) (int, error) {
	tb.Helper()
	tables, own := map[string]bool{}, map[string]bool{}
	for _, table := range schema.Tables {
		tables[table.Name] = true
	}
	for _, found := range ownTable.FindAllStringSubmatch(text, -1) {
		own[found[1]] = !tables[found[1]]
	}
	return checkTenant(parseStatement(tb, conn, text), tables, own)
}

// TestEveryReadIsOfItsTenant has the engine parse every statement there is, and
// looks for the tenant in what it read rather than in the text. That the walk
// finds all tables of the text shows that it does not look away.
func TestEveryReadIsOfItsTenant(t *testing.T) {
	t.Parallel()
	conn := chdbtest.Conn(t, "default")
	seen := map[string]bool{}
	for name := range corpus {
		q := question(t, name)
		for _, known := range peoples() {
			for part, s := range statements(t, q, planFor(t, q, known)) {
				if seen[s.SQL] {
					continue
				}
				seen[s.SQL] = true
				count, err := checkParsed(t, conn, s.SQL)
				require.NoError(t, err, "%s of %s: %s", part, name, s.SQL)
				require.Equal(t, len(reads(s.SQL)), count, s.SQL)
			}
		}
	}
	for _, known := range peoples() {
		for part, s := range catalogStatements(planFor(t, question(t, "trend"), known)) {
			count, err := checkParsed(t, conn, s.SQL)
			require.NoError(t, err, "%s of the catalog: %s", part, s.SQL)
			require.Equal(t, len(reads(s.SQL)), count, s.SQL)
		}
	}
	require.Greater(t, len(seen), 200)
}

// TestABrokenStatementIsFound breaks every statement that is compiled where
// much is known of persons, at one of the places where it reads a table.
func TestABrokenStatementIsFound(t *testing.T) {
	t.Parallel()
	conn := chdbtest.Conn(t, "default")
	const both = "tenant = {tenant:String} AND silo = {silo:String}"
	breaks := []string{
		"silo = {silo:String}", "tenant = {tenant:String}", "tenant = {tenant:String} OR silo = {silo:String}",
		"NOT (" + both + ")", "(" + both + " OR 1)", "tenant != {tenant:String} AND silo = {silo:String}",
		"tenant = {silo:String} AND silo = {silo:String}", "e.tenant = {tenant:String} AND silo = {silo:String}",
		"tenant IN (SELECT tenant FROM events) AND silo = {silo:String}",
	}
	tried, seen := map[string]int{}, map[string]bool{}
	for name := range corpus {
		q := question(t, name)
		for part, s := range statements(t, q, planFor(t, q, peoples()["everything"])) {
			if seen[s.SQL] {
				continue
			}
			seen[s.SQL] = true
			// The places and the ways take turns.
			at, way := len(seen)%strings.Count(s.SQL, both), breaks[tried[q.Kind()]%len(breaks)]
			tried[q.Kind()]++
			head, rest := cutNth(s.SQL, both, at)
			_, err := checkParsed(t, conn, head+way+rest)
			require.Error(t, err, "place %d of %s of %s with %s", at, part, name, way)
		}
	}
	require.Greater(t, len(seen), 60)
	for _, text := range []string{
		"SELECT 1 FROM events", "SELECT 1 FROM system.tables WHERE " + both, "SELECT 1 FROM file('x', 'CSV', 'a String') WHERE " + both,
		"SELECT 1 FROM what WHERE " + both, "SELECT 1 FROM footfall.events WHERE " + both,
		"SELECT {tenant:String} AS tenant FROM events WHERE " + both,
		"SELECT 1 FROM events GROUP BY tenant, silo HAVING " + both + " OR 1",
		"SELECT 1 FROM events JOIN sessions ON 1 = 1 WHERE " + both,
		"SELECT 1 FROM events WHERE " + both + " AND visitor IN sessions",
		"SELECT 1 FROM events WHERE " + both + " AND visitor GLOBAL NOT IN sessions",
		"SELECT 1 FROM events WHERE " + both + " UNION ALL SELECT 1 FROM events",
		"SELECT (SELECT count() FROM events) FROM events WHERE " + both,
		"SELECT dictGet('d', 'a', tenant) FROM events WHERE " + both, "SELECT file('x') FROM events WHERE " + both,
		"WITH events AS (SELECT 1 AS x)\nSELECT 1 FROM events",
	} {
		_, err := checkParsed(t, conn, text)
		require.Error(t, err, text)
	}
	count, err := checkParsed(t, conn, "WITH own AS (SELECT 1 FROM events FINAL WHERE "+both+")\nSELECT 1 FROM own AS o JOIN (SELECT 1 FROM sessions AS s WHERE x AND ("+both+")) AS p ON 1 = 1 HAVING 1 OR 2")
	require.NoError(t, err)
	require.Equal(t, 2, count)
}

// cutNth cuts a text around what stands in it for the nth time, from 0.
func cutNth(text, what string, n int) (head, rest string) {
	at := 0
	for range n {
		at += strings.Index(text[at:], what) + len(what)
	}
	at += strings.Index(text[at:], what)
	return text[:at], text[at+len(what):]
}
