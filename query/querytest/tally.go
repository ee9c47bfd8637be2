package querytest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/footfall-go/footfall/query"
)

// tally counts questions by kind. It is safe for concurrent use.
type tally struct {
	mu    sync.Mutex
	kinds map[string]*count
}

// count is what was asked of a kind, how much of it had something to tell, and
// how long the engine took.
type count struct {
	asked, told int
	took        time.Duration
}

func (t *tally) add(q query.Query, result any, took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.kinds == nil {
		t.kinds = map[string]*count{}
	}
	kind := kindOf(q)
	c := t.kinds[kind]
	if c == nil {
		c = new(count)
		t.kinds[kind] = c
	}
	c.asked++
	c.took += took
	if tells(result) {
		c.told++
	}
}

// asked returns how many questions there were.
func (t *tally) asked() (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.kinds {
		n += c.asked
	}
	return n
}

// String has a line for each kind.
func (t *tally) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var text strings.Builder
	for _, kind := range slices.Sorted(maps.Keys(t.kinds)) {
		c := t.kinds[kind]
		fmt.Fprintf(&text, "\n%20s %5d, %3d %% of them with something to tell, %v each", kind, c.asked, 100*c.told/c.asked, (c.took / time.Duration(c.asked)).Round(time.Millisecond))
	}
	return text.String()
}

// Of a kind at least one in so many questions is asked, and of those one in so
// many has something to tell; fewer prove too little.
const (
	rarest  = 50
	dullest = 3
)

// neglected returns the kinds that were hardly asked about, or to no avail. A run
// of few questions is no measure.
func (t *tally) neglected() (list []string) {
	all := t.asked()
	if all < enough/2 {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, kind := range kinds {
		if c := t.kinds[kind]; c == nil || c.asked*rarest < all || c.told*dullest < c.asked {
			list = append(list, kind)
		}
	}
	return list
}

// kinds are all that kindOf returns.
var kinds = []string{
	"trend", "funnel", "retention", "segment", "sessions", "events", "persons",
	"persons of trend", "persons of funnel", "persons of retention", "persons of segment",
}

func kindOf(q query.Query) string {
	if p, ok := q.(*query.Persons); ok && p.Of != nil {
		return p.Kind() + " of " + p.Of.Kind()
	}
	return q.Kind()
}

// tells reports whether a result is of anybody: engines that never find anything
// agree on all others.
func tells(result any) bool {
	switch r := result.(type) {
	case *query.TrendResult:
		return slices.ContainsFunc(r.Series, func(line query.Points) bool { return line.Total != nil && *line.Total != 0 })
	case *query.FunnelResult:
		return slices.ContainsFunc(r.Groups, func(group query.FunnelGroup) bool { return group.Steps[0].Count > 0 })
	case *query.RetentionResult:
		return slices.ContainsFunc(r.Groups, func(group query.CohortGroup) bool {
			return slices.ContainsFunc(group.Cohorts, func(c query.CohortRow) bool { return c.Size > 0 })
		})
	case *query.SegmentResult:
		return r.Count > 0
	case *query.SessionsResult:
		return slices.ContainsFunc(r.Count, func(n uint64) bool { return n > 0 })
	case *query.EventsResult:
		return len(r.Events) > 0
	case *query.PersonsResult:
		return r.Total > 0
	}
	return false
}
