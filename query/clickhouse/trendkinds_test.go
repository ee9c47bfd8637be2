package clickhouse_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/query"
)

// compared is shape with the numbers of the range before in brackets.
func compared(a *query.Answer) string {
	text := ""
	for i, row := range strings.Split(strings.TrimSuffix(shape(a), "\n"), "\n") {
		text += row + " ["
		p := points(a)[i].Previous
		text += show(p.Total) + ":"
		for _, value := range p.Values {
			text += " " + show(value)
		}
		text += "]\n"
	}
	return text
}

func TestFormula(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.write(
		ev{at: "2024-01-01T10:00:00Z", name: "Buy", visitor: "a", props: `{"price":10,"plan":"pro"}`},
		ev{at: "2024-01-01T11:00:00Z", name: "Buy", visitor: "a", props: `{"price":20,"plan":"free"}`},
		ev{at: "2024-01-02T10:00:00Z", name: "Buy", visitor: "b", props: `{"price":40,"plan":"pro"}`},
		ev{at: "2024-01-01T09:00:00Z", name: "Look", visitor: "a", props: `{"plan":"free"}`},
		ev{at: "2024-01-01T09:00:00Z", name: "Look", visitor: "b", props: `{"plan":"free"}`},
		ev{at: "2024-01-01T09:00:00Z", name: "Look", visitor: "c", props: `{"plan":"pro"}`},
		ev{at: "2024-01-02T09:00:00Z", name: "Look", visitor: "c", props: `{"plan":"trial"}`},
	)
	ask := func(rest string) string {
		return shape(w.ask(`{"kind":"trend","range":{"from":"2024-01-01","to":"2024-01-04"},` + rest + `}`))
	}
	const series = `"series":[{"event":"Buy","measure":"sum","of":"event.price"},{"event":"Look","measure":"persons"}]`
	require.Equal(t, "A/B/null 23.333333333333332: 10 40 -\n", ask(`"formula":"A/B",`+series), "the total is that of the totals, and nothing is divided by 0")
	require.Equal(t, "(a+1)*2 - -B/null 145: 65 83 2\n", ask(`"formula":"(a+1)*2 - -B",`+series))
	// The values are those of the first series; of the second only the rest is
	// in the others, which the first has none of.
	require.Equal(t, "A/B/pro 50: 10 - -\nA/B/free 10: 10 - -\nA/B/$other 0: - 0 -\n", ask(`"formula":"A/B","breakdown":{"property":"event.plan"},`+series))
	require.Equal(t, "A/B/pro 50: 10 - -\nA/B/$other 6.666666666666667: 10 0 -\n", ask(`"formula":"A/B","breakdown":{"property":"event.plan","limit":1},`+series))
	require.Equal(t, "A/B/null 23.333333333333332: 10 23.333333333333332 23.333333333333332\n", ask(`"formula":"A/B","cumulative":true,`+series), "of cumulative numbers")
	require.Equal(t, "A-A/null -: - -\n", shape(w.ask(`{"kind":"trend","range":{"from":"2024-01-01","to":"2024-01-03"},"formula":"A-A","series":[{"event":"Buy","measure":"max","of":"event.nothing"}]}`)))

	// Behind a line of a formula stand those of one of its series.
	of := `{"kind":"trend","range":{"from":"2024-01-01","to":"2024-01-04"},"formula":"A/B","breakdown":{"property":"event.plan","limit":1},` + series + `}`
	require.Equal(t, "a b c", w.behind(of, `{"series":1,"breakdown":"$other"}`))
	require.Equal(t, "a", w.behind(of, `{"series":0,"breakdown":"$other"}`))
}

func TestCumulative(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.write(
		ev{at: "2024-01-02T10:00:00Z", name: "Buy", visitor: "a", session: 1, props: `{"price":10,"plan":"pro"}`},
		ev{at: "2024-01-02T11:00:00Z", name: "Buy", visitor: "b", session: 1, props: `{"price":20,"plan":"free"}`},
		ev{at: "2024-01-04T10:00:00Z", name: "Buy", visitor: "a", session: 1, props: `{"price":60,"plan":"free"}`},
	)
	for measure, want := range map[string]string{
		`"measure":"events"`:                    "3: 0 2 2 3 3",
		`"measure":"persons"`:                   "2: 0 2 2 2 2",
		`"measure":"sessions"`:                  "2: 0 2 2 2 2",
		`"measure":"per_person"`:                "1.5: - 1 1 1.5 1.5",
		`"measure":"sum","of":"event.price"`:    "90: 0 30 30 90 90",
		`"measure":"avg","of":"event.price"`:    "30: - 15 15 30 30",
		`"measure":"min","of":"event.price"`:    "10: - 10 10 10 10",
		`"measure":"max","of":"event.price"`:    "60: - 20 20 60 60",
		`"measure":"median","of":"event.price"`: "20: - 15 15 20 20",
		`"measure":"p99","of":"event.nothing"`:  "-: - - - - -",
	} {
		got := shape(w.ask(`{"kind":"trend","range":{"from":"2024-01-01","to":"2024-01-06"},"cumulative":true,"series":[{"event":"Buy",` + measure + `}]}`))
		require.Equal(t, "Buy/null "+want+"\n", got, measure)
	}
	require.Equal(t, "Buy/free 2: 0 1 1 2 2\nBuy/pro 1: 0 1 1 1 1\n",
		shape(w.ask(`{"kind":"trend","range":{"from":"2024-01-01","to":"2024-01-06"},"cumulative":true,"breakdown":{"property":"event.plan"},"series":[{"event":"Buy"}]}`)))
	require.Equal(t, "Buy/null 2: 2\n",
		shape(w.ask(`{"kind":"trend","interval":"total","range":{"from":"2024-01-01","to":"2024-01-06"},"cumulative":true,"series":[{"event":"Buy","measure":"persons"}]}`)))
}

func TestCompare(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.write(
		ev{at: "2023-03-01T10:00:00Z", name: "Buy", visitor: "z", props: `{"plan":"free"}`},
		ev{at: "2024-02-28T10:00:00Z", name: "Buy", visitor: "a", props: `{"plan":"free"}`},
		ev{at: "2024-02-28T10:00:00Z", name: "Buy", visitor: "b", props: `{"plan":"old"}`},
		ev{at: "2024-02-29T10:00:00Z", name: "Buy", visitor: "a", props: `{"plan":"pro"}`},
		ev{at: "2024-03-01T10:00:00Z", name: "Buy", visitor: "a", props: `{"plan":"pro"}`},
		ev{at: "2024-03-02T10:00:00Z", name: "Buy", visitor: "b", props: `{"plan":"pro"}`},
		ev{at: "2024-03-02T11:00:00Z", name: "Buy", visitor: "b", props: `{"plan":"free"}`},
	)
	ask := func(rest string) string {
		return compared(w.ask(`{"kind":"trend","range":{"from":"2024-03-01","to":"2024-03-03"},"series":[{"event":"Buy","measure":"persons"}],` + rest + `}`))
	}
	require.Equal(t, "Buy/null 2: 1 1 [2: 2 1]\n", ask(`"compare":"previous_period"`))
	require.Equal(t, "Buy/null 2: 1 1 [1: 1 0]\n", ask(`"compare":"previous_year"`))
	require.Equal(t, "Buy/null 2: 1 2 [2: 2 2]\n", ask(`"compare":"previous_period","cumulative":true`))
	require.Equal(t, "Buy/null 2: 1 1 [2: 2 1.5]\n", ask(`"compare":"previous_period","rolling":2`))
	require.Equal(t, "2*A/null 4: 2 2 [4: 4 2]\n", ask(`"compare":"previous_period","formula":"2*A"`))
	// The values are those of the range itself, and old is one of the others.
	require.Equal(t, "Buy/pro 2: 1 1 [1: 0 1]\nBuy/free 1: 0 1 [1: 1 0]\n", ask(`"compare":"previous_period","breakdown":{"property":"event.plan"}`))
	require.Equal(t, "Buy/pro 2: 1 1 [1: 0 1]\nBuy/$other 1: 0 1 [2: 2 0]\n", ask(`"compare":"previous_period","breakdown":{"property":"event.plan","limit":1}`))
	// March has 31 days, February 29.
	year := points(w.ask(`{"kind":"trend","range":{"from":"2024-03-01","to":"2024-05-01"},"interval":"month","compare":"previous_period","series":[{"event":"Buy"}]}`))[0]
	require.Equal(t, "3", show(year.Previous.Total))
	require.Len(t, year.Previous.Values, 2)
	year = points(w.ask(`{"kind":"trend","range":{"from":"2024-02-28","to":"2024-03-02"},"compare":"previous_year","series":[{"event":"Buy"}]}`))[0]
	require.Equal(t, "1: 0 1 -", show(year.Previous.Total)+": "+show(year.Previous.Values[0])+" "+show(year.Previous.Values[1])+" "+show(year.Previous.Values[2]),
		"there was no 29 February, so that one day is missing at the end")
	require.Contains(t, w.result(`{"kind":"trend","range":{"from":"1900-01-02","to":"1900-01-04"},"compare":"previous_year","series":[{"event":"Buy"}]}`), `"previous":{"total":0,"values":[0,0]}`)
	require.Contains(t, w.result(`{"kind":"trend","range":{"from":"1950-01-01","to":"2024-04-01"},"interval":"month","compare":"previous_period","series":[{"event":"Buy","measure":"sessions"}],"filter":{"property":"session.views","op":"is_not_set"}}`), `"total":0`)
}
