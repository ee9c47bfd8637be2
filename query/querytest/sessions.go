package querytest

import (
	"cmp"
	"slices"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/query"
)

// sessionKey names a session.
type sessionKey struct {
	visitor footfall.ID
	number  uint64
}

// totals returns the newest version of every session.
func (a *asked) totals() map[sessionKey]*footfall.Session {
	all := map[sessionKey]*footfall.Session{}
	for i := range a.world.Sessions {
		s := &a.world.Sessions[i]
		key := sessionKey{s.Visitor, s.Session}
		if old := all[key]; s.Tenant == a.tenant.ID && (old == nil || s.Version > old.Version) {
			all[key] = s
		}
	}
	return all
}

// session returns the session of an event, nil if there is none.
func (a *asked) session(f *fact) *footfall.Session {
	return a.totals()[sessionKey{f.Visitor, f.Session}]
}

func (a *asked) sessions(q *query.Sessions) *query.SessionsResult {
	starts, end := a.cal.buckets(cmp.Or(q.Interval, query.Total), a.from, a.to)
	if a.to.Before(end) {
		end = a.to
	}
	result := &query.SessionsResult{Buckets: starts, LastOpen: end.After(a.now)}
	chosen := a.sessionsOf(q)
	for i := range starts {
		var views, lengths []float64
		bounced := 0.0
		for _, s := range chosen {
			if bucket(starts, s.Start.Time()) != i {
				continue
			}
			length := seconds(s.Last.Time().Sub(s.Start.Time()))
			views, lengths = append(views, float64(s.Views)), append(lengths, length)
			if length < 10 && s.Views < 2 && !s.KeyEvent {
				bounced++
			}
		}
		n := float64(len(views))
		result.Count = append(result.Count, uint64(n))
		result.BounceRate = append(result.BounceRate, ratio(bounced, n))
		result.Views = append(result.Views, ratio(sum(views), n))
		result.Seconds = append(result.Seconds, spread(lengths))
	}
	result.Entry, result.Exit = a.mostFrequent(chosen, "entry"), a.mostFrequent(chosen, "exit")
	return result
}

func spread(list []float64) query.Spread {
	return query.Spread{Mean: ratio(sum(list), float64(len(list))), Median: quantile(list, 0.5), P90: quantile(list, 0.9)}
}

// sessionsOf returns the sessions that start in the range and have an event for
// which the filter is true.
func (a *asked) sessionsOf(q *query.Sessions) map[sessionKey]*footfall.Session {
	holding := map[sessionKey]bool{}
	for _, f := range a.facts {
		if f.Session != 0 && behaviour(f) && a.passes(q.Filter, f) {
			holding[sessionKey{f.Visitor, f.Session}] = true
		}
	}
	chosen := map[sessionKey]*footfall.Session{}
	for key, s := range a.totals() {
		start := s.Start.Time()
		if start.Before(a.from) || !start.Before(a.to) || a.gone(start) || q.Filter != nil && !holding[key] {
			continue
		}
		chosen[key] = s
	}
	return chosen
}

func (a *asked) gone(t time.Time) bool { return a.expired(&fact{at: t}) }

// mostFrequent returns the ten most frequent entries or exits.
func (a *asked) mostFrequent(chosen map[sessionKey]*footfall.Session, name string) []query.ValueCount {
	counts := map[string]uint64{}
	for key := range chosen {
		if v, ok := a.view(name, &fact{Event: &footfall.Event{Visitor: key.visitor, Session: key.number}}); ok {
			counts[v.text]++
		}
	}
	list := []query.ValueCount{}
	for text, n := range counts {
		list = append(list, query.ValueCount{Value: text, Count: n})
	}
	slices.SortFunc(list, func(x, y query.ValueCount) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.Value, y.Value))
	})
	return list[:min(len(list), 10)]
}
