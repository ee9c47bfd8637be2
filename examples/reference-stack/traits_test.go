package referencestack

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTraits says things over HTTP, in the forms of Segment and PostHog, and
// asks for them: with each person, in filters, by company; again after a kill.
func TestTraits(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := up(t, dir)
	send := func(path string, body map[string]any) {
		body["writeKey"], body["api_key"] = writeKey, writeKey
		var answer struct{}
		s.call(t, http.MethodPost, path, writeKey, body, &answer)
	}
	batch := func(messages ...any) { send("/v1/batch", map[string]any{"batch": messages}) }
	type m = map[string]any
	at := func(second string, message m) m {
		message["timestamp"], message["messageId"] = "2024-03-01T10:00:"+second+"Z", second
		return message
	}
	batch(
		at("00", m{"type": "track", "event": "Buy", "anonymousId": "phone"}),
		at("05", m{"type": "identify", "anonymousId": "phone", "traits": m{"plan": "trial", "lang": "de"}}),
		at("08", m{"type": "identify", "anonymousId": "phone", "userId": "ann", "traits": m{"plan": "pro", "age": 42}}),
		at("07", m{"type": "identify", "userId": "ann", "traits": m{"plan": "free", "address": m{"city": "Bonn"}}}),
		at("09", m{"type": "group", "userId": "ann", "groupId": "acme", "traits": m{"groupType": "company", "size": 12}}),
		at("10", m{"type": "track", "event": "Buy", "userId": "bob", "context": m{"groups": m{"company": "acme"}}}),
		at("11", m{"type": "track", "event": "Buy", "userId": "eve", "context": m{"traits": m{"plan": "pro"}}}),
	)
	send("/capture/", m{"event": "Buy", "distinct_id": "pat", "uuid": "p1", "timestamp": "2024-03-01T10:00:20Z", "properties": m{
		"$set": m{"plan": "pro"}, "$set_once": m{"first": "x"}, "$groups": m{"company": "globex"},
	}})
	send("/capture/", m{"event": "$groupidentify", "distinct_id": "pat", "uuid": "p2", "timestamp": "2024-03-01T10:00:21Z", "properties": m{
		"$group_type": "company", "$group_key": "globex", "$group_set": m{"size": 7},
	}})
	check := func() {
		t.Helper()
		s.settled(t)
		persons := query[struct {
			Persons []struct {
				ID     string
				Traits map[string]any
			}
		}](t, s, m{"kind": "persons", "range": always})
		traits := map[string]any{}
		for _, p := range persons.Persons {
			traits[p.ID] = p.Traits
		}
		require.Equal(t, map[string]any{
			"user:ann": m{"plan": "pro", "age": 42.0, "lang": "de", "address": m{"city": "Bonn"}},
			"user:bob": m{}, "user:eve": m{}, "user:pat": m{"plan": "pro", "first": "x"},
		}, traits)
		total := func(filter m) float64 {
			answer := query[trend](t, s, m{"kind": "trend", "interval": "total", "range": always, "filter": filter, "series": []any{m{"event": "Buy"}}})
			return *answer.Series[0].Total
		}
		require.InDelta(t, 2, total(m{"property": "person.plan", "op": "eq", "value": "pro"}), 0)
		require.InDelta(t, 2, total(m{"property": "group.company.size", "op": "gt", "value": 10}), 0)
		require.InDelta(t, 1, total(m{"property": "group.company.size", "op": "is_not_set"}), 0)
		by := map[any]float64{}
		answer := query[trend](t, s, m{
			"kind": "trend", "interval": "total", "range": always, "breakdown": m{"property": "group.company.$id"}, "series": []any{m{"event": "Buy"}},
		})
		for _, line := range answer.Series {
			by[line.Breakdown] = *line.Total
		}
		require.Equal(t, map[any]float64{"acme": 2, "globex": 1, nil: 1}, by)
	}
	check()
	s.kill(t)
	s = up(t, dir)
	check()
	batch(at("30", m{"type": "identify", "userId": "eve", "traits": m{"plan": "late"}}))
	s.settled(t)
	require.Positive(t, s.status(t).Store.Rows["traits"])
}
