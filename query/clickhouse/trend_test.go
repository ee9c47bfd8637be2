package clickhouse_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/query"
)

func TestTrendMeasures(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.write(
		ev{at: "2024-01-01T10:00:00Z", name: "Buy", visitor: "a", session: 1, props: `{"price":10,"plan":"pro"}`},
		ev{at: "2024-01-01T11:00:00Z", name: "Buy", visitor: "a", session: 1, props: `{"price":20,"plan":"pro"}`},
		ev{at: "2024-01-02T00:00:00Z", name: "Buy", visitor: "b", session: 2, props: `{"price":30,"plan":"free"}`},
		ev{at: "2024-01-02T23:59:59.999Z", name: "Buy", visitor: "b", props: `{"price":"40"}`},
		ev{at: "2024-01-04T00:00:00Z", name: "Buy", visitor: "c"},
		ev{at: "2024-01-01T10:00:00Z", name: "$identify", typ: 4, visitor: "a"},
	)
	ask := func(measure string) string {
		return w.result(`{"kind":"trend","range":{"from":"2024-01-01","to":"2024-01-04"},"series":[{"event":"Buy",` + measure + `}]}`)
	}
	head := `{"buckets":["2024-01-01T00:00:00Z","2024-01-02T00:00:00Z","2024-01-03T00:00:00Z"],"last_open":false,"series":[{"name":"Buy","breakdown":null,`
	for measure, want := range map[string]string{
		`"measure":"events"`:                    `"total":4,"values":[2,2,0]`,
		`"measure":"persons"`:                   `"total":2,"values":[1,1,0]`,
		`"measure":"sessions"`:                  `"total":2,"values":[1,1,0]`,
		`"measure":"per_person"`:                `"total":2,"values":[2,2,null]`,
		`"measure":"sum","of":"event.price"`:    `"total":60,"values":[30,30,0]`,
		`"measure":"avg","of":"event.price"`:    `"total":20,"values":[15,30,null]`,
		`"measure":"min","of":"event.price"`:    `"total":10,"values":[10,30,null]`,
		`"measure":"max","of":"event.price"`:    `"total":30,"values":[20,30,null]`,
		`"measure":"median","of":"event.price"`: `"total":20,"values":[15,30,null]`,
		`"measure":"p90","of":"event.price"`:    `"total":28,"values":[19,30,null]`,
		`"measure":"sum","of":"event.nothing"`:  `"total":0,"values":[0,0,0]`,
		`"measure":"max","of":"event.nothing"`:  `"total":null,"values":[null,null,null]`,
		`"measure":"max","of":"event.$name"`:    `"total":null,"values":[null,null,null]`,
		`"name":"sales"`:                        `"total":4,"values":[2,2,0]`,
	} {
		got := ask(measure)
		if measure == `"name":"sales"` {
			require.Contains(t, got, `"name":"sales"`)
			require.Contains(t, got, want)
			continue
		}
		require.Equal(t, head+want+`}]}`, got, measure)
	}
	require.InDelta(t, 4, w.total(`{"kind":"trend","interval":"total","range":{"from":"2024-01-01","to":"2024-01-04"},"series":[{"event":"*"}]}`), 0,
		"identify is no behaviour")
	require.InDelta(t, 1, w.total(`{"kind":"trend","interval":"total","range":{"from":"2024-01-01","to":"2024-01-04"},"series":[{"event":"$identify"}]}`), 0,
		"but can be asked for")
}

func points(a *query.Answer) []query.Points { return a.Result.(*query.TrendResult).Series }

// shape writes the lines of a trend on one line each.
func shape(a *query.Answer) (text string) {
	for _, line := range points(a) {
		name := "null"
		if line.Breakdown != nil {
			name = *line.Breakdown
		}
		text += line.Name + "/" + name + " " + show(line.Total) + ":"
		for _, value := range line.Values {
			text += " " + show(value)
		}
		text += "\n"
	}
	return text
}

func show(f *float64) string {
	if f == nil {
		return "-"
	}
	return strconv.FormatFloat(*f, 'g', -1, 64)
}

func TestBreakdown(t *testing.T) {
	t.Parallel()
	w := setup(t)
	var events []ev
	for i, e := range []struct{ day, plan, visitor string }{
		{"01", `"pro"`, "a"},
		{"01", `"pro"`, "a"},
		{"02", `"pro"`, "a"},
		{"01", `"free"`, "b"},
		{"02", `"free"`, "c"},
		{"02", `"x"`, "d"},
		{"01", `"y"`, "d"},
		{"01", `7`, "d"},
		{"01", `null`, "e"},
		{"02", `null`, "f"},
		{"02", `""`, "g"},
	} {
		events = append(events, ev{at: "2024-01-" + e.day + "T12:00:00Z", name: "A", visitor: e.visitor, props: `{"price":` + strconv.Itoa(i) + `,"plan":` + e.plan + `}`})
	}
	w.write(events...)
	ask := func(rest string) string {
		return "\n" + shape(w.ask(`{"kind":"trend","range":{"from":"2024-01-01","to":"2024-01-03"},`+rest+`}`))
	}
	require.Equal(t, `
A/pro 3: 2 1
A/free 2: 1 1
A/null 2: 1 1
A/$other 4: 2 2
`, ask(`"breakdown":{"property":"event.plan","limit":3},"series":[{"event":"A"}]`))
	require.Equal(t, `
A/free 2: 1 1
A/null 2: 1 1
A/$other 3: 2 3
`, ask(`"breakdown":{"property":"event.plan","limit":2},"series":[{"event":"A","measure":"persons"}]`), "the rest is counted over the rest: d did several things")
	require.Equal(t, `
A/pro 3: 2 1
A/free 2: 1 1
A/null 2: 1 1
A/ 1: 0 1
A/7 1: 1 0
A/x 1: 0 1
A/y 1: 1 0
`, ask(`"breakdown":{"property":"event.plan"},"series":[{"event":"A"}]`))
	require.Equal(t, `
A/ 10: - 10
A/$other 9: 8 9
`, ask(`"breakdown":{"property":"event.plan","limit":1},"series":[{"event":"A","measure":"max","of":"event.price"}]`), "the greatest by the measure itself")
	require.Equal(t, `
one/A 11: 11
`, "\n"+shape(w.ask(`{"kind":"trend","interval":"total",`+wholeYear+`,"breakdown":{"property":"event.$name"},"series":[{"event":"*","name":"one"}]}`)))
	require.Equal(t, "\n", ask(`"breakdown":{"property":"event.plan"},"series":[{"event":"Nothing"}]`))
	w.write(
		ev{at: "2024-01-01T12:00:00Z", name: "Owe", visitor: "a", props: `{"price":-1,"plan":"debt"}`},
		ev{at: "2024-01-01T12:00:00Z", name: "Owe", visitor: "a", props: `{"plan":"none"}`},
	)
	require.Equal(t, "\nOwe/none 0: 0 0\nOwe/$other -1: -1 0\n",
		ask(`"breakdown":{"property":"event.plan","limit":1},"series":[{"event":"Owe","measure":"sum","of":"event.price"}]`), "the sum of nothing is over one below 0")
}
