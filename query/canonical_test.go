package query

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// requireCanonical returns the canonical form of a question, which must be a
// question whose form is itself.
func requireCanonical(tb testing.TB, q Query) string {
	tb.Helper()
	form := Canonical(q)
	again, err := Parse(form)
	require.NoError(tb, err, "%s", form)
	require.Equal(tb, string(form), string(Canonical(again)))
	return string(form)
}

// TestEqualQuestions has questions that ask the same on one line, and of
// different lines none that do.
func TestEqualQuestions(t *testing.T) {
	t.Parallel()
	trend := func(rest string) string {
		return `{"kind":"trend","range":{"from":"2024-03-01","to":"2024-04-01"},"series":[{"event":"a"}]` + rest + `}`
	}
	where := func(filter string) string { return trend(`,"filter":` + filter) }
	const x, y = `{"property":"event.x","op":"eq","value":"1"}`, `{"property":"event.y","op":"is_set"}`
	segment := func(s string) string { return `{"kind":"segment","segment":` + s + `}` }
	funnel := func(rest string) string {
		return `{"kind":"funnel","range":{"last":"30d"},"steps":[{"event":"a"},{"event":"b"}]` + rest + `}`
	}
	seen := map[string]int{}
	for i, group := range [][]string{
		{trend(``), trend(`,"interval":"day","compare":"none","cumulative":false,"rolling":1,"filter":null`), strings.ReplaceAll(trend(``), `{"event":"a"}`, `{"event":"a","name":"a","measure":"events"}`)},
		{strings.ReplaceAll(trend(``), `"a"`, `"b"`)},
		{strings.ReplaceAll(trend(``), `{"event":"a"}`, `{"event":"a","name":"b"}`)},
		{strings.ReplaceAll(trend(``), `"2024-04-01"`, `"2024-04-01T00:00:00Z"`), strings.ReplaceAll(trend(``), `"2024-04-01"`, `"2024-04-01T02:00:00.000+02:00"`)},
		{strings.ReplaceAll(trend(``), `"from":"2024-03-01","to":"2024-04-01"`, `"last":"7d"`), strings.ReplaceAll(trend(``), `"from":"2024-03-01","to":"2024-04-01"`, `"last":"007d"`)},
		{strings.ReplaceAll(trend(``), `"from":"2024-03-01","to":"2024-04-01"`, `"last":"1w"`)},
		{trend(`,"zone":"Asia/Kathmandu"`)},
		{trend(`,"interval":"week"`)},
		{trend(`,"breakdown":{"property":"event.x"}`), trend(`,"breakdown":{"limit":10,"property":"event.x"}`)},
		{trend(`,"breakdown":{"property":"event.x","limit":9}`)},
		{trend(`,"compare":"previous_year"`)},
		{trend(`,"cumulative":true`)},
		{trend(`,"rolling":2`)},
		{trend(`,"formula":"A"`), strings.ReplaceAll(trend(`,"formula":"A"`), `{"event":"a"}`, `{"event":"a","name":"of no account"}`)},
		{trend(`,"formula":"A+0"`)},
		{where(x), where(`{"and":[` + x + `]}`), where(`{"or":[{"and":[` + x + `,` + x + `]},` + x + `]}`), where(`{"not":{"not":` + x + `}}`), where(`{"property":"event.x","op":"eq","value":1.0}`), where(`{"property":"event.x","op":"in","value":["1",1]}`), where(`{"not":{"property":"event.x","op":"ne","value":1}}`), where(`{"not":{"and":[{"property":"event.x","op":"not_in","value":[1]}]}}`)},
		{where(`{"property":"event.x","op":"eq","value":"1.0"}`)},
		{where(`{"not":` + x + `}`), where(`{"property":"event.x","op":"ne","value":1}`)},
		{where(`{"and":[` + x + `,` + y + `]}`), where(`{"and":[` + y + `,` + x + `,{"and":[` + y + `]}]}`), where(`{"and":[{"and":[` + x + `,` + y + `]}]}`), where(`{"and":[{"not":{"not":{"and":[` + y + `,` + x + `]}}},` + x + `]}`)},
		{where(`{"or":[` + x + `,` + y + `]}`), where(`{"or":[{"or":[` + y + `]},` + x + `]}`)},
		{where(`{"not":{"or":[` + x + `,` + y + `]}}`)},
		{where(`{"property":"event.x","op":"in","value":["b",2,"a"]}`), where(`{"property":"event.x","op":"in","value":["a","b","2","a"]}`)},
		{where(`{"property":"event.x","op":"not_in","value":["b",2,"a"]}`), where(`{"not":{"property":"event.x","op":"in","value":["2","b","a"]}}`)},
		{where(`{"property":"event.x","op":"gt","value":1}`), where(`{"property":"event.x","op":"gt","value":"1.00"}`), where(`{"property":"event.x","op":"gt","value":1e0}`)},
		{where(`{"property":"event.x","op":"gt","value":"2024-01-01"}`)},
		{where(`{"property":"event.x","op":"gt","value":"2024-01-01T00:00:00Z"}`), where(`{"property":"event.x","op":"gt","value":"2024-01-01T01:00:00+01:00"}`)},
		{where(`{"property":"event.x","op":"matches","value":"1"}`)},
		{`{"kind":"sessions","range":{"last":"1d"}}`, `{"kind":"sessions","range":{"last":"1d"},"interval":"total"}`, `{"kind":"sessions","range":{"last":"1d"},"max_age":"30s"}`},
		{`{"kind":"sessions","range":{"last":"1d"},"interval":"day"}`},
		{`{"kind":"events","range":{"last":"1d"}}`, `{"kind":"events","range":{"last":"1d"},"limit":100}`},
		{`{"kind":"events","range":{"last":"1d"},"person":"user:a"}`},
		{`{"kind":"persons","range":{"last":"1d"}}`},
		{`{"kind":"persons","range":{"last":"1d"},"of":{"kind":"trend","series":[{"event":"a"}]}}`, `{"kind":"persons","of":{"kind":"trend","interval":"day","range":{"last":"1d"},"series":[{"event":"a"}]},"at":{"series":0}}`},
		{`{"kind":"persons","range":{"last":"1d"},"of":{"kind":"trend","series":[{"event":"a"}]},"at":{"bucket":"2024-01-01"}}`},
		{funnel(``), funnel(`,"window":"14d","order":"ordered","by":"person","reach":"window","exclusion":"person","exclude":[],"hold":[]`), funnel(`,"window":"336h"`)},
		{funnel(`,"window":"none"`)},
		{funnel(`,"hold":["event.b","event.a"]`), funnel(`,"hold":["event.a","event.b","event.a"]`)},
		{funnel(`,"exclude":[{"event":"x","after":1,"before":2},{"event":"y","after":1,"before":2}]`), funnel(`,"exclusion":"attempt","exclude":[{"event":"y","after":1,"before":2,"name":"no"},{"event":"x","after":1,"before":2}]`)},
		{funnel(`,"breakdown":{"property":"event.x"}`), funnel(`,"breakdown":{"property":"event.x"},"attribution":"first"`)},
		{funnel(`,"breakdown":{"property":"event.x","attribution":"step","step":2}`), funnel(`,"breakdown":{"property":"event.x"},"attribution":"step","step":2`)},
		{`{"kind":"retention","range":{"last":"9w"},"start":{"event":"a"},"return":{"event":"a","name":"n"}}`, `{"kind":"retention","range":{"last":"9w"},"start":{"event":"a"},"return":{"event":"a"},"interval":"day","periods":7,"cohort":"first_ever","count":"on","buckets":"calendar"}`},
		{segment(`"x"`), segment(`{"and":["x"]}`), segment(`{"not":{"not":"x"}}`)},
		{segment(`{"not":"x"}`)},
		{segment(`{"and":["x","y"]}`), segment(`{"and":["y",{"and":["x","y"]}]}`)},
		{segment(`{"did":{"event":"a"}}`), segment(`{"did":{"event":"a","name":"b"},"count":{"gte":1}}`)},
		{segment(`{"did":{"event":"a"},"count":{"eq":0}}`), segment(`{"did":{"event":"a"},"count":{"gte":0,"lte":0}}`)},
		{segment(`{"did":{"event":"a"},"count":{"eq":2}}`), segment(`{"did":{"event":"a"},"count":{"lte":2,"gte":2}}`)},
		{segment(`{"did":{"event":"a"},"then":{"event":"b"},"in":"24h"}`), segment(`{"did":{"event":"a"},"then":{"event":"b"},"in":"1d"}`)},
		{segment(`{"did":{"event":"a"},"not_then":{"event":"b"},"in":"24h"}`)},
		{segment(`{"property":"person.x","op":"eq","value":1}`), segment(`{"not":{"property":"person.x","op":"not_in","value":["1"]}}`)},
		{segment(`{"first_seen":{"last":"7d"}}`)},
	} {
		for _, text := range group {
			var c checker
			root, problem := parseTree([]byte(text))
			require.Nil(t, problem)
			q := c.decodeQuery("", root)
			require.NotNil(t, q, text)
			q.check(&c) // all but what this version does not compute yet
			require.NoError(t, c.err(), text)
			form := string(Canonical(q))
			if before, ok := seen[form]; ok {
				require.Equal(t, i, before, "%s", form)
			} else {
				require.Equal(t, text, group[0], "%s", form)
			}
			seen[form] = i
		}
	}
}

// rewritten returns a filter that asks the same, written in another way.
func rewritten(random *rand.Rand, f Filter) Filter {
	all := func(parts []Filter) []Filter {
		list := make([]Filter, len(parts))
		for i, part := range parts {
			list[i] = rewritten(random, part)
		}
		if random.IntN(3) == 0 {
			list = append(list, rewritten(random, parts[0]))
		}
		random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		return list
	}
	switch {
	case f.And != nil:
		f = Filter{And: all(f.And)}
	case f.Or != nil:
		f = Filter{Or: all(f.Or)}
	case f.Not != nil:
		inner := rewritten(random, *f.Not)
		f = Filter{Not: &inner}
	case random.IntN(3) == 0:
		inner := Filter{Property: f.Property, Op: inverse(f.Op), Value: f.Value}
		f = Filter{Not: &inner}
	}
	switch random.IntN(6) {
	case 0:
		return Filter{And: []Filter{f}}
	case 1:
		return Filter{Or: []Filter{f, f}}
	case 2:
		return Filter{Not: &Filter{Not: &f}}
	}
	return f
}

func inverse(op Op) Op {
	for negative, positive := range negations {
		if positive == op {
			return negative
		}
	}
	return negations[op]
}

// generated returns a filter over three properties.
func generated(random *rand.Rand, depth int) Filter {
	kind := random.IntN(6)
	if depth == 0 || kind > 2 {
		return Filter{Property: "event." + string(rune('a'+random.IntN(3))), Op: []Op{IsSet, IsNotSet}[random.IntN(2)]}
	}
	parts := []Filter{generated(random, depth-1), generated(random, depth-1)}
	switch kind {
	case 0:
		return Filter{And: parts}
	case 1:
		return Filter{Or: parts}
	}
	return Filter{Not: &parts[0]}
}

// table is what a filter says of every set of the three properties.
func table(f *Filter) (bits byte) {
	for set := range 8 {
		if truth(f, set) {
			bits |= 1 << set
		}
	}
	return bits
}

func truth(f *Filter, set int) bool {
	holds := func(f Filter) bool { return truth(&f, set) }
	switch {
	case f.And != nil:
		return !slices.ContainsFunc(f.And, func(f Filter) bool { return !holds(f) })
	case f.Or != nil:
		return slices.ContainsFunc(f.Or, holds)
	case f.Not != nil:
		return !truth(f.Not, set)
	}
	return set>>(f.Property[len("event.")]-'a')&1 == 1 == (f.Op == IsSet)
}

// TestRewrittenQuestionsAreEqual generates filters: written in another way they
// have the same form, and those that have one say the same of everything.
func TestRewrittenQuestionsAreEqual(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	forms := map[string]byte{}
	ask := func(f *Filter) string {
		return string(Canonical(&Events{Scope: Scope{Range: Range{Last: "1d"}, Filter: f}}))
	}
	for range 5000 {
		f := generated(random, 3)
		form := ask(&f)
		other := rewritten(random, f)
		require.Equal(t, form, ask(&other), "%s and %s", show(f), show(other))
		bits, known := forms[form]
		require.True(t, !known || bits == table(&f), "%s", form)
		forms[form] = table(&f)
	}
	require.Greater(t, len(forms), 100)
}

func show(f Filter) string {
	b, err := json.Marshal(f)
	return fmt.Sprint(string(b), err)
}

// BenchmarkCanonical is what a question costs whose answer is kept.
func BenchmarkCanonical(b *testing.B) {
	q := question(b, "filter_event")
	b.ReportAllocs()
	for b.Loop() {
		Canonical(q)
	}
}
