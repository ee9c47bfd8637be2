package query

import (
	"cmp"
	"context"
	"fmt"
)

func (r *run) sessions(ctx context.Context, q *Sessions) (*SessionsResult, error) {
	starts, edges, open, err := r.bucketsOf(cmp.Or(q.Interval, Total), 1)
	if err != nil {
		return nil, err
	}
	n := len(starts)
	result := &SessionsResult{
		Buckets: starts, LastOpen: open,
		Count: make([]uint64, n), BounceRate: make([]*float64, n), Views: make([]*float64, n), Seconds: make([]Spread, n),
	}
	at := bucketIndex(edges)
	viewed := false
	err = r.each(ctx, r.plan().compileSessions(q, edges), func(rows Rows) error {
		var bucket int64
		var count, stayed uint64
		var depth, mean, median, p90 float64
		if err := rows.Scan(&bucket, &count, &stayed, &depth, &mean, &median, &p90); err != nil {
			return err
		}
		i, ok := at[bucket]
		if !ok {
			return fmt.Errorf("the store made up a bucket at %d s", bucket)
		}
		viewed = viewed || depth > 0
		bounced := float64(count-stayed) / float64(count)
		result.Count[i], result.BounceRate[i], result.Views[i] = count, &bounced, &depth
		result.Seconds[i] = Spread{&mean, &median, &p90}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("measure the sessions: %w", err)
	}
	result.Entry, result.Exit = []ValueCount{}, []ValueCount{}
	if !viewed {
		return result, nil // finding the same sessions again would list nothing
	}
	if err := r.topViews(ctx, q, result); err != nil {
		return nil, fmt.Errorf("list the entries and exits: %w", err)
	}
	return result, nil
}

func (r *run) topViews(ctx context.Context, q *Sessions, result *SessionsResult) error {
	return r.each(ctx, r.plan().compileViews(q), func(rows Rows) error {
		var end uint64
		var v ValueCount
		if err := rows.Scan(&end, &v.Value, &v.Count); err != nil {
			return err
		}
		list := &result.Entry
		if end == 1 {
			list = &result.Exit
		}
		*list = append(*list, v)
		return nil
	})
}
