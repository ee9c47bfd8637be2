package clickhouse_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
)

// What the flattening made is what the engine reads, whatever the width of the
// dictionary's indexes.
func TestMapsInTheEngine(t *testing.T) {
	t.Parallel()
	for _, keys := range []int{0, 1, 255, 256, 257, 65_535, 65_537} {
		t.Run(fmt.Sprint(keys), func(t *testing.T) {
			t.Parallel()
			store, conn := setup(t)
			const perEvent = 1000
			b := claim(t, 0, keys/perEvent+2)
			var sum, texts uint64
			for i := range b.Events {
				var properties strings.Builder
				for k := i * perEvent; k < min(keys, (i+1)*perEvent); k++ {
					if k%2 == 0 {
						fmt.Fprintf(&properties, `,"key %d":%d`, k, k)
						sum += uint64(k)
					} else {
						fmt.Fprintf(&properties, `,"key %d":"text %d"`, k, k)
						texts++
					}
				}
				if properties.Len() > 0 {
					b.Events[i].Properties = "{" + properties.String()[1:] + "}"
				}
			}
			require.NoError(t, store.Insert(t.Context(), b, 0))
			var gotSum float64
			var gotTexts, wrong uint64
			require.NoError(t, conn.QueryRow(t.Context(), `SELECT sum(arraySum(mapValues(numbers))), sum(length(texts)),
				countIf(arrayExists((k, v) -> k != concat('key ', toString(toUInt64(v))), mapKeys(numbers), mapValues(numbers)) OR
					arrayExists((k, v) -> k != replaceOne(v, 'text', 'key'), mapKeys(texts), mapValues(texts))) FROM events`).Scan(&gotSum, &gotTexts, &wrong))
			require.InDelta(t, float64(sum), gotSum, 0)
			require.Equal(t, texts, gotTexts)
			require.Zero(t, wrong)
		})
	}
}

func TestFlattenedInTheEngine(t *testing.T) {
	t.Parallel()
	store, conn := setup(t)
	b := claim(t, 0, 3)
	b.Events[0].Properties = `{"price":19.90,"big":12345678901234567890,"name":"T\u00fcr","tags":["a","b"],"nested":{"deep":{"x":true}},"none":null,"$os":"mine"}`
	b.Events[0].Derived = `{"$os":"iOS","$path":"/p"}`
	b.Events[2].Properties = `{"price":1,"price":2}`
	require.NoError(t, store.Insert(t.Context(), b, 0))
	read := func(offset int) (texts map[string]string, numbers map[string]float64) {
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT texts, numbers FROM events WHERE _o = ?", offset).Scan(&texts, &numbers))
		return texts, numbers
	}
	texts, numbers := read(0)
	require.Equal(t, map[string]string{"big": "12345678901234567890", "name": "Tür", "tags": `["a","b"]`, "nested.deep.x": "true", "$os": "iOS", "$path": "/p"}, texts)
	require.Equal(t, map[string]float64{"price": 19.9, "big": 12345678901234567890}, numbers)
	texts, numbers = read(1)
	require.Empty(t, texts)
	require.Empty(t, numbers)
	_, numbers = read(2)
	require.Equal(t, map[string]float64{"price": 2}, numbers)
}

// The times that are kept as distances come back by the columns made for that.
func TestTimesInTheEngine(t *testing.T) {
	t.Parallel()
	store, conn := setup(t)
	b := claim(t, 0, 2)
	e := &b.Events[0]
	e.Original, e.Sent, e.Received = e.Time-5, e.Time+1000, e.Time+1234
	require.NoError(t, store.Insert(t.Context(), b, 0))
	var same bool
	require.NoError(t, conn.QueryRow(t.Context(), fmt.Sprintf("SELECT toUnixTimestamp64Milli(time) = %d AND toUnixTimestamp64Milli(original) = %d AND toUnixTimestamp64Milli(sent) = %d AND toUnixTimestamp64Milli(received) = %d FROM events WHERE _o = 0",
		e.Time, e.Original, e.Sent, e.Received)).Scan(&same))
	require.True(t, same)
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT original IS NULL AND sent IS NULL AND received = time FROM events WHERE _o = 1").Scan(&same))
	require.True(t, same)
}

// SQL computes the same ids as the door.
func TestIDExpr(t *testing.T) {
	t.Parallel()
	_, conn := setup(t)
	shop, err := owner("shop-1_x")
	require.NoError(t, err)
	texts := []string{"", "a", "'", `\`, "\x00", "a\x00b", "\xff\xfe", "日本語", "👩‍👩‍👧‍👧", "0", "null", `"`, strings.Repeat("x", 100), strings.Repeat("ü", 5000)}
	for i := range 200 {
		texts = append(texts, strings.Repeat("z", i), fmt.Sprint("user-", i))
	}
	for _, text := range texts {
		var visitor, user, group string
		literal := "unhex('" + fmt.Sprintf("%x", text) + "')"
		require.NoError(t, conn.QueryRow(t.Context(), fmt.Sprintf("SELECT lower(hex(reinterpretAsString(%s))), lower(hex(reinterpretAsString(%s))), lower(hex(reinterpretAsString(%s)))",
			schema.IDExpr("'shop-1_x'", 'v', literal), schema.IDExpr("'shop-1_x'", 'u', literal), schema.GroupIDExpr("'shop-1_x'", "'company'", literal))).Scan(&visitor, &user, &group))
		require.Equal(t, trimZeros(schema.VisitorID(shop, text)), visitor, "%q", text)
		require.Equal(t, trimZeros(schema.UserID(shop, text)), user, "%q", text)
		require.Equal(t, trimZeros(schema.GroupID(shop, "company", text)), group, "%q", text)
	}
}

// trimZeros does to an id what reinterpretAsString does to a number.
func trimZeros(id footfall.ID) string {
	text := id.String()
	for strings.HasSuffix(text, "00") {
		text = text[:len(text)-2]
	}
	return text
}

func TestStats(t *testing.T) {
	t.Parallel()
	store, conn := setup(t)
	stats, err := store.Stats(t.Context())
	require.NoError(t, err)
	require.Equal(t, uint64(0), stats.Rows[schema.Events])
	b := claim(t, 0, 10)
	require.NoError(t, store.Insert(t.Context(), b, 0))
	require.NoError(t, store.Insert(t.Context(), b, 1)) // doubles, until it is merged
	session := footfall.Session{Tenant: b.Events[0].Tenant, Session: 1, Opened: 1, Start: 1, Last: 1}
	for version := range uint64(3) {
		session.Version = version
		require.NoError(t, store.Upsert(t.Context(), &footfall.Upserts{Sessions: []footfall.Session{session}}))
	}
	stats, err = store.Stats(t.Context())
	require.NoError(t, err)
	require.Equal(t, "clickhouse", stats.Kind)
	require.Equal(t, schema.Version, stats.Schema)
	require.Equal(t, uint64(10), stats.Rows[schema.Events])
	require.Equal(t, uint64(1), stats.Rows[schema.Sessions])
	require.Equal(t, uint64(0), stats.Rows[schema.Identities])
	require.Positive(t, stats.Bytes)
	var version string
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT version()").Scan(&version))
	require.Equal(t, version, stats.Version)
}
