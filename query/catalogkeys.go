package query

import (
	"cmp"
	"context"
	"slices"
)

const (
	catalogKeys  = 10_000 // names of texts, and of numbers
	catalogMixed = 100    // names that are both
)

// keyCount is how many events have a property, and how many have it as a number.
type keyCount struct {
	key            string
	total, numbers uint64
}

// eventProperties lists the properties of events, without their values.
//
// What an event has as text and as number counts once. To put the names of each
// event together takes three times as long as to count texts and numbers by
// themselves and to look again at names that are both. Where those are many,
// which hardly any tenant has, it is done after all.
func (r *run) eventProperties(ctx context.Context, q CatalogQuery) ([]PropertyName, error) {
	texts, err := r.countKeys(ctx, q, "texts")
	if err != nil {
		return nil, err
	}
	numbers, err := r.countKeys(ctx, q, "numbers")
	if err != nil {
		return nil, err
	}
	var counts []keyCount
	var mixed []string
	for key, n := range texts {
		if numbers[key] > 0 {
			mixed = append(mixed, key)
		} else {
			counts = append(counts, keyCount{key, n, 0})
		}
	}
	for key, n := range numbers {
		if texts[key] == 0 {
			counts = append(counts, keyCount{key, n, n})
		}
	}
	// The names are parameters of the next statement.
	long := slices.ContainsFunc(mixed, func(key string) bool { return len(key) > 2*catalogValue })
	if long || len(mixed) > catalogMixed || max(len(texts), len(numbers)) > catalogKeys {
		return r.countedNames(ctx, r.plan().compilePropertyNames(q))
	}
	again, err := r.countMixed(ctx, q, mixed)
	if err != nil {
		return nil, err
	}
	counts = append(counts, again...)
	slices.SortFunc(counts, func(a, b keyCount) int { return cmp.Or(cmp.Compare(b.total, a.total), cmp.Compare(a.key, b.key)) })
	counts = counts[:min(len(counts), page(q.Limit))]
	list := make([]PropertyName, len(counts))
	for i, c := range counts {
		list[i] = newPropertyName(ofEvent+"."+c.key, c.total, c.numbers, c.total-c.numbers)
	}
	return list, nil
}

// countKeys returns how many events have each name among their texts or among
// their numbers; more than catalogKeys names are some of them.
func (r *run) countKeys(ctx context.Context, q CatalogQuery, side string) (map[string]uint64, error) {
	counts := map[string]uint64{}
	err := r.each(ctx, r.plan().compilePropertyKeys(q, side), func(rows Rows) error {
		var key string
		var n uint64
		err := rows.Scan(&key, &n)
		counts[key] = n
		return err
	})
	return counts, err
}

// countMixed counts what has names that are texts and numbers.
func (r *run) countMixed(ctx context.Context, q CatalogQuery, keys []string) ([]keyCount, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	slices.Sort(keys) // those of one store make one statement
	counts := make([]keyCount, len(keys))
	var into []any
	for i, key := range keys {
		counts[i].key = key
		into = append(into, &counts[i].total, &counts[i].numbers)
	}
	err := r.each(ctx, r.plan().compileMixedProperties(q, keys), func(rows Rows) error { return rows.Scan(into...) })
	return counts, err
}
