package query

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/schema"
)

// crowd are the persons behind a number. Each kind of question finds them its
// own way; how they are counted, listed, paged and described is the same for
// all. It has one of two forms.
type crowd struct {
	// rows returns a table with a column person, which has each of them at
	// least once. It is nil where there are ids.
	rows func(s *sql) string
	// ids are those that were counted here and not by a statement, each once,
	// in any order.
	ids []footfall.ID
}

// crowdOf returns who is behind the number that a question names. The identity
// edges are known.
func (r *run) crowdOf(ctx context.Context, q *Persons) (crowd, error) {
	switch of := q.question().(type) {
	case nil:
		return everybody(q.Filter), nil
	case *Trend:
		_, edges, _, err := r.bucketsOf(cmp.Or(of.Interval, Day), 1)
		if err != nil {
			return crowd{}, err
		}
		return r.plan().trendCrowd(of, q.cell(), edges)
	case *Funnel:
		return r.funnelCrowd(ctx, of, q.cell())
	case *Retention:
		return r.retentionCrowd(of, q.cell())
	case *SegmentSize:
		return segmentCrowd(of), nil
	default:
		return crowd{}, fmt.Errorf("nobody is behind a number of kind %q", of.Kind())
	}
}

// everybody are the persons with an event in the range, of any type, for which a
// filter is true.
func everybody(f *Filter) crowd {
	return crowd{rows: func(s *sql) string {
		where := s.between(s.since, s.to)
		if f != nil {
			where = append(where, s.filter(f))
		}
		return s.withPerson("", s.scan(actor, schema.Events, where...)+" GROUP BY actor")
	}}
}

// compilePersonPage returns the persons of a page, in the order of their ids,
// each with the number of persons on all pages.
func (p *plan) compilePersonPage(c crowd, limit int, after *footfall.ID) Statement {
	s := p.sql()
	persons := c.rows(s)
	rest := ""
	if after != nil {
		rest = " WHERE person > " + s.id(*after)
	}
	return s.statement("SELECT " + hexOf("person") + " AS person_id, total\n" +
		"FROM (SELECT person, count() OVER () AS total FROM (SELECT DISTINCT person FROM (" + persons + ")))" + rest +
		"\nORDER BY person ASC LIMIT " + itoa(page(limit)+1))
}

// pageOf is compilePersonPage for ids.
func pageOf(ids []footfall.ID, limit int, after *footfall.ID) []footfall.ID {
	ids = slices.SortedFunc(slices.Values(ids), compareIDs)
	if after != nil {
		n, found := slices.BinarySearchFunc(ids, *after, compareIDs)
		if found {
			n++
		}
		ids = ids[n:]
	}
	return ids[:min(len(ids), page(limit)+1)]
}

// compareIDs is the order of the store, where an id is a number of which the
// first byte is the lowest.
func compareIDs(a, b footfall.ID) int {
	slices.Reverse(a[:])
	slices.Reverse(b[:])
	return bytes.Compare(a[:], b[:])
}
