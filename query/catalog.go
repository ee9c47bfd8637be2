package query

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/footfall-go/footfall/tenant"
)

// CatalogQuery chooses what a [Catalog] lists.
type CatalogQuery struct {
	// Search is a text that the names have in them, whatever the case of its
	// letters. Defaults to any.
	Search string
	// Event is the name of the events whose properties are listed; traits are
	// listed all the same. Defaults to all that somebody did.
	Event string
	// Limit is how many events are listed, and how many properties of events
	// and of traits, each; at most 1000. Defaults to 100.
	Limit int
}

// Catalog is what can be asked for: the names of a tenant's events and
// properties, those seen most often first.
type Catalog struct {
	Events     []EventName    `json:"events"`
	Properties []PropertyName `json:"properties"`
}

// EventName is a name of events.
type EventName struct {
	Name      string    `json:"name"`
	Count     uint64    `json:"count"`
	FirstSeen time.Time `json:"first_seen"`
	LastSeen  time.Time `json:"last_seen"`
}

// PropertyName is a property as filters and breakdowns name it: "event.price",
// "person.plan", "group.company.size".
type PropertyName struct {
	Name string `json:"name"`
	// Types are "number" and "text", those that some value is. What is true or
	// false, or a list, is a text.
	Types []string `json:"types"`
	// Count is how many events, persons, or groups that somebody is in have it.
	Count uint64 `json:"count"`
	// Top are the most frequent values, at most 5, of those with up to 200
	// bytes. Of events' properties they are those of the newest days, as many as
	// have 100,000 events together.
	Top []ValueCount `json:"top"`
}

const (
	catalogTop    = 5
	catalogValue  = 200     // bytes
	catalogRecent = 100_000 // events
)

func (q CatalogQuery) check() error {
	var c checker
	c.checkPage(q.Limit)
	for path, text := range map[string]string{"/q": q.Search, "/event": q.Event} {
		if len(text) > maxText || !isText(text) {
			c.fail(path, "bad_value", "it is UTF-8 of at most %d bytes without zero bytes", maxText)
		}
	}
	return c.err()
}

// Catalog lists what a tenant's questions can be about. Its errors are those of
// [Engine.Run].
func (e *Engine) Catalog(ctx context.Context, t *tenant.Tenant, q CatalogQuery) (*Catalog, error) {
	began := time.Now()
	if err := q.check(); err != nil {
		return nil, err
	}
	r, err := e.begin(t, Scope{Range: always}, began)
	if err != nil {
		return nil, err
	}
	question := func() []byte { return fmt.Appendf(nil, "%q %q %d", q.Search, q.Event, page(q.Limit)) }
	value, own, err := r.share(ctx, "catalog", question, 0, func(ctx context.Context) (any, error) { return r.catalog(ctx, q) })
	var stats Stats
	if own {
		stats = r.stats()
	}
	e.metrics.record(ctx, "catalog", time.Since(began), stats, err)
	if err != nil {
		return nil, err
	}
	return value.(*Catalog), nil
}

// always is all that the store can keep.
var always = Range{From: earliest.Format(time.DateOnly), To: latest.Format(time.DateOnly)}

func (r *run) catalog(ctx context.Context, q CatalogQuery) (*Catalog, error) {
	if _, err := r.planWithPeople(ctx); err != nil {
		return nil, err
	}
	catalog := &Catalog{Events: []EventName{}, Properties: []PropertyName{}}
	err := r.each(ctx, r.plan().compileEventNames(q), func(rows Rows) error {
		var e EventName
		var first, last int64
		err := rows.Scan(&e.Name, &e.Count, &first, &last)
		e.FirstSeen, e.LastSeen = time.UnixMilli(first).UTC(), time.UnixMilli(last).UTC()
		catalog.Events = append(catalog.Events, e)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the events: %w", err)
	}
	properties, err := r.eventProperties(ctx, q)
	if err == nil {
		err = r.addValues(ctx, q, properties)
	}
	if err != nil {
		return nil, fmt.Errorf("list the properties: %w", err)
	}
	traits, err := r.traitNames(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("list the traits: %w", err)
	}
	catalog.Properties = append(append(catalog.Properties, properties...), traits...)
	return catalog, nil
}

func newPropertyName(name string, total, numbers, texts uint64) PropertyName {
	p := PropertyName{Name: name, Types: []string{}, Count: total, Top: []ValueCount{}}
	if numbers > 0 {
		p.Types = append(p.Types, "number")
	}
	if texts > 0 {
		p.Types = append(p.Types, "text")
	}
	return p
}

// countedNames reads names with how many have them.
func (r *run) countedNames(ctx context.Context, names Statement) (list []PropertyName, err error) {
	err = r.each(ctx, names, func(rows Rows) error {
		var name string
		var total, numbers, texts uint64
		err := rows.Scan(&name, &total, &numbers, &texts)
		list = append(list, newPropertyName(name, total, numbers, texts))
		return err
	})
	return list, err
}

// traitNames reads the names of traits with their most frequent values.
func (r *run) traitNames(ctx context.Context, q CatalogQuery) (list []PropertyName, err error) {
	err = r.each(ctx, r.plan().compileTraitNames(q), func(rows Rows) error {
		var name string
		var total, numbers, texts uint64
		var values []string
		var counts []uint64
		if err := rows.Scan(&name, &total, &numbers, &texts, &values, &counts); err != nil {
			return err
		}
		p := newPropertyName(name, total, numbers, texts)
		for i, value := range values {
			p.Top = append(p.Top, ValueCount{value, counts[i]})
		}
		list = append(list, p)
		return nil
	})
	return list, err
}

// addValues reads the most frequent values of listed properties of events.
func (r *run) addValues(ctx context.Context, q CatalogQuery, list []PropertyName) error {
	if len(list) == 0 {
		return nil
	}
	all := make([]string, len(list))
	at := map[string]int{}
	for i, p := range list {
		all[i], at[p.Name] = p.Name, i
	}
	// The names are parameters of the next statement, and those of strangers
	// may be long.
	top, err := r.recentValues(ctx, q, slices.DeleteFunc(all, func(name string) bool { return len(name) > 2*catalogValue }))
	if err != nil {
		return err
	}
	return r.each(ctx, top, func(rows Rows) error {
		var name string
		var v ValueCount
		err := rows.Scan(&name, &v.Value, &v.Count)
		if i, ok := at[name]; ok {
			list[i].Top = append(list[i].Top, v)
		}
		return err
	})
}

// recentValues looks for values in the newest days that have enough events.
func (r *run) recentValues(ctx context.Context, q CatalogQuery, names []string) (Statement, error) {
	p := r.plan()
	since, count := p.to, uint64(0)
	err := r.each(ctx, p.compileDays(q), func(rows Rows) error {
		var first int64
		var n uint64
		err := rows.Scan(&first, &n)
		if count < catalogRecent {
			since = first
		}
		count += n
		return err
	})
	if err != nil {
		return Statement{}, err
	}
	p = r.plan()
	p.since = max(p.since, since)
	for i, name := range names {
		names[i] = strings.TrimPrefix(name, ofEvent+".")
	}
	return p.compilePropertyValues(q, names), nil
}
