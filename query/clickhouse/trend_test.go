package clickhouse_test

import (
	"testing"

	"github.com/stretchr/testify/require"
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
		`"measure":"events"`:                       `"total":4,"values":[2,2,0]`,
		`"measure":"persons"`:                      `"total":2,"values":[1,1,0]`,
		`"measure":"sessions"`:                     `"total":2,"values":[1,1,0]`,
		`"measure":"per_person"`:                   `"total":2,"values":[2,2,null]`,
		`"measure":"sum","of":"event.price"`:       `"total":60,"values":[30,30,0]`,
		`"measure":"avg","of":"event.price"`:       `"total":20,"values":[15,30,null]`,
		`"measure":"min","of":"event.price"`:       `"total":10,"values":[10,30,null]`,
		`"measure":"max","of":"event.price"`:       `"total":30,"values":[20,30,null]`,
		`"measure":"median","of":"event.price"`:    `"total":20,"values":[15,30,null]`,
		`"measure":"p90","of":"event.price"`:       `"total":28,"values":[19,30,null]`,
		`"measure":"sum","of":"event.nothing"`:     `"total":0,"values":[0,0,0]`,
		`"measure":"max","of":"event.nothing"`:     `"total":null,"values":[null,null,null]`,
		`"measure":"max","of":"event.$name"`:       `"total":null,"values":[null,null,null]`,
		`"name":"sales"`:                           `"total":4,"values":[2,2,0]`,
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
