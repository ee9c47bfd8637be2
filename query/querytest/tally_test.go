package querytest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/tenant"
)

// TestGeneratedQuestionsAreSound asks the oracle what a run asks, and finds all
// kinds of questions in it.
func TestGeneratedQuestionsAreSound(t *testing.T) {
	t.Parallel()
	id, err := tenant.ParseID("shop")
	require.NoError(t, err)
	var all tally
	for number := range 2 * len(places) {
		place := places[number%len(places)]
		g, err := newGenerator(3, place, number)
		require.NoError(t, err)
		shop := &tenant.Tenant{ID: id, Settings: tenant.Settings{Zone: place.zone, WeekStart: place.start}.WithDefaults()}
		w := &World{}
		now := g.middle.Add(5 * 24 * time.Hour)
		require.NoError(t, w.fill(shop, g.world(), now))
		g.answer = func(q query.Query) any {
			answer, err := w.Answer(shop, q, now)
			require.NoError(t, err, "%+v", q)
			return answer.Result
		}
		for _, question := range g.questions() {
			q := question()
			all.add(q, g.answer(q), 0)
		}
	}
	require.Empty(t, all.neglected(), "%s", &all)
}

// TestNeglect has runs in which too little was asked, or nothing was found.
func TestNeglect(t *testing.T) {
	t.Parallel()
	of := func(sessions, told int) []string {
		all := tally{kinds: map[string]*count{}}
		for _, kind := range kinds {
			all.kinds[kind] = &count{asked: 100, told: 100}
		}
		all.kinds["sessions"] = &count{asked: sessions, told: told}
		return all.neglected()
	}
	require.Empty(t, of(100, 34))
	require.Equal(t, []string{"sessions"}, of(100, 33))
	require.Equal(t, []string{"sessions"}, of(20, 20))
	require.Equal(t, kinds[1:], (&tally{kinds: map[string]*count{"trend": {asked: enough, told: enough}}}).neglected())
	require.Empty(t, (&tally{kinds: map[string]*count{"trend": {asked: enough/2 - 1}}}).neglected(), "too few to tell")
}
