package clickhouse_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
)

// A trait is compared like a property of the same value, so both must be read
// alike.
func TestTraitsReadLikeProperties(t *testing.T) {
	t.Parallel()
	store, conn := setup(t)
	values := []string{
		`42`, `42.0`, `-0`, `-0.0`, `19.90`, `1e3`, `1e400`, `-1.5e-9`, `12345678901234567890`, `9007199254740993`, `0.1`,
		`""`, `"42"`, `"T\u00fcr \"x\" \\"`, `"\ud83d\ude00 \ud83d"`, `true`, `false`, `null`, `[]`, `[ ]`, `["a",{"b":1}]`, `[[]]`, `{}`,
	}
	b := claim(t, 0, len(values))
	var u footfall.Upserts
	for i, value := range values {
		e := &b.Events[i]
		e.Properties = `{"k":` + value + `}`
		u.Traits = append(u.Traits, footfall.Trait{
			Tenant: e.Tenant, ID: e.Visitor, Kind: footfall.TraitSet, Key: "k", Value: value, Position: e.Position,
		})
	}
	// Only an object is one value, where properties are taken apart.
	u.Traits = append(u.Traits, footfall.Trait{
		Tenant: b.Events[0].Tenant, ID: schema.VisitorID(b.Events[0].Tenant, "nested"), Kind: footfall.TraitSet, Key: "k", Value: ` {"city": "Bonn"} `,
	})
	require.NoError(t, store.Insert(t.Context(), b, 0))
	require.NoError(t, store.Upsert(t.Context(), &u))
	rows, err := conn.Query(t.Context(), `SELECT e.properties, mapContains(e.texts,'k'), e.texts['k'], mapContains(e.numbers,'k'), e.numbers['k'],
		toBool(bitTest(t.best.has, 0)), t.best.text, toBool(bitTest(t.best.has, 1)), t.best.number FROM events AS e JOIN traits AS t ON e.visitor = t.id`)
	require.NoError(t, err)
	defer rows.Close()
	compared := 0
	for rows.Next() {
		var properties, text, wantText string
		var hasText, hasNumber bool
		var wantHasText, wantHasNumber uint8
		var number, wantNumber float64
		require.NoError(t, rows.Scan(&properties, &wantHasText, &wantText, &wantHasNumber, &wantNumber, &hasText, &text, &hasNumber, &number))
		require.Equal(t, []any{wantHasText == 1, wantText, wantHasNumber == 1, wantNumber}, []any{hasText, text, hasNumber, number}, properties)
		compared++
	}
	require.NoError(t, rows.Err())
	require.Equal(t, len(values), compared)
	var text string
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT best.text FROM traits WHERE best.has = 1 AND best.text LIKE '{%'").Scan(&text))
	require.JSONEq(t, `{"city":"Bonn"}`, text)
}
