package query

import (
	"context"
	"slices"
	"strings"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/match"
)

// funnelCrowd are the persons who got to a step of a funnel, or to the step
// before and no further, with the value of the breakdown that a cell names. Of
// units that are no persons they are those who began the attempts.
func (r *run) funnelCrowd(ctx context.Context, q *Funnel, at Cell) (crowd, error) {
	counted := *q
	counted.Interval = ""
	t := newFunnelTable(&counted, r.engine.config.MaxMemory)
	ids := map[string][]footfall.ID{} // by label
	err := r.matchFunnel(ctx, &counted, nil, true, func(u *funnelUnit, m *match.Matcher) error {
		a := m.Best()
		if a == nil {
			return nil
		}
		label := ""
		if q.Breakdown != nil {
			t.add(u, m) // to know which values are others
			var ok bool
			if label, ok = u.label(q.Breakdown, a); !ok {
				return nil
			}
		}
		if at.Outcome == Dropped && a.Level == at.Step-1 || at.Outcome != Dropped && a.Level >= at.Step {
			if at.names(label, q.Breakdown != nil) {
				of := ids[label]
				if of == nil {
					label = strings.Clone(label)
				}
				ids[label] = append(of, u.person(a))
				t.spent += 3 * int64(len(footfall.ID{}))
			}
		}
		if t.spent > t.memory {
			return errTooMuch("the funnel has too many units or values")
		}
		return nil
	})
	if err != nil {
		return crowd{}, err
	}
	labels := []string{""}
	if q.Breakdown != nil && at.Breakdown != nil {
		labels = []string{"=" + *at.Breakdown}
		if *at.Breakdown == Other {
			_, labels = t.shown()
		}
	}
	c := crowd{ids: []footfall.ID{}}
	for _, label := range labels {
		c.ids = append(c.ids, ids[label]...)
	}
	// A person may have begun several units.
	slices.SortFunc(c.ids, compareIDs)
	c.ids = slices.Compact(c.ids)
	return c, nil
}

// names reports whether a label may be the one that a cell of a breakdown is
// about.
func (at *Cell) names(label string, broken bool) bool {
	switch {
	case !broken:
		return true
	case at.Breakdown == nil:
		return label == ""
	}
	return *at.Breakdown == Other || label == "="+*at.Breakdown
}
