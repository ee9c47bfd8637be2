package querytest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/query"
)

// paged reports whether the answer to a question comes in pages.
func paged(q query.Query) bool {
	switch q.(type) {
	case *query.Events, *query.Persons:
		return true
	}
	return false
}

// wholeOf is a question for all that there is, in one page.
func wholeOf(q query.Query) query.Query {
	switch q := q.(type) {
	case *query.Events:
		whole := *q
		whole.Limit = maxPage
		return &whole
	case *query.Persons:
		whole := *q
		whole.Limit = maxPage
		return &whole
	}
	return q
}

// maxPage is the longest page, which holds all of a generated world.
const maxPage = 1000

// pages asks the engine for one page after the other, and puts them together.
func (p *pair) pages(tb testing.TB, q query.Query) any {
	tb.Helper()
	switch q := q.(type) {
	case *query.Events:
		page, all := *q, &query.EventsResult{Events: []query.Event{}}
		for range maxPage {
			part := p.ask(tb, &page).(*query.EventsResult)
			all.Events = append(all.Events, part.Events...)
			if part.Next == nil {
				return all
			}
			page.Cursor = *part.Next
		}
	case *query.Persons:
		page, all := *q, &query.PersonsResult{Persons: []query.Person{}}
		for range maxPage {
			part := p.ask(tb, &page).(*query.PersonsResult)
			all.Total, all.Persons = part.Total, append(all.Persons, part.Persons...)
			if part.Next == nil {
				return all
			}
			page.Cursor = *part.Next
		}
	}
	require.FailNow(tb, "the pages do not end")
	return nil
}
