package querytest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestShrink makes a case smaller that fails for a reason we know: an event B
// with a plan, and a question about persons.
func TestShrink(t *testing.T) {
	t.Parallel()
	g, err := newGenerator(1, places[0], 0)
	require.NoError(t, err)
	rows := append(g.world(), Row{Kind: "track", At: g.middle, Name: "B", Visitor: "x", User: "y", Session: 1, Properties: `{"plan":"pro","price":1}`})
	rows = append(rows, g.world()...)
	question := `{"filter":{"and":[{"property":"event.price","op":"gt","value":0},{"not":{"property":"event.plan","op":"is_set"}}]},"series":[{"event":"A"},{"event":"B","measure":"persons"}]}`
	tried := 0
	rows, question = shrink(rows, question, 1000, func(rows []Row, question string) bool {
		tried++
		if !strings.Contains(question, "persons") || !strings.Contains(question, "event.plan") {
			return false
		}
		for _, r := range rows {
			if r.Name == "B" && strings.Contains(r.Properties, "plan") {
				return true
			}
		}
		return false
	})
	require.Len(t, rows, 1)
	require.Equal(t, "B", rows[0].Name)
	require.NotContains(t, rows[0].Properties, "price")
	require.Zero(t, rows[0].Session)
	require.JSONEq(t, `{"filter":{"property":"event.plan"},"series":[{"measure":"persons"}]}`, question)
	require.LessOrEqual(t, tried, 1000)
}

// TestGeneratedScriptsCanBeRead writes generated worlds as scripts and reads
// them again.
func TestGeneratedScriptsCanBeRead(t *testing.T) {
	t.Parallel()
	for i, place := range places {
		g, err := newGenerator(2, place, i)
		require.NoError(t, err)
		s := &Script{Name: "found", Now: g.middle, Steps: []Step{{Load: g.world()}}}
		again, err := ParseScripts(s.String())
		require.NoError(t, err)
		require.Len(t, again, 1)
		require.Equal(t, s.String(), again[0].String())
	}
}
