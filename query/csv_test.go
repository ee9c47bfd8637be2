package query

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTablesOfTrends(t *testing.T) {
	t.Parallel()
	n := func(f float64) *float64 { return &f }
	value := "pro"
	line := Points{Name: "A/B", Breakdown: &value, Total: n(3), Values: []*float64{n(1.5), nil}}
	result := &TrendResult{Buckets: []time.Time{time.Unix(0, 0).UTC(), time.Unix(86400, 0).UTC()}, Series: []Points{line}}
	require.Equal(t, [][]string{
		{"series", "breakdown", "bucket", "value"},
		{"A/B", "pro", "1970-01-01T00:00:00Z", "1.5"},
		{"A/B", "pro", "1970-01-02T00:00:00Z", ""},
	}, result.table())
	result.Series[0].Previous = &Previous{Total: n(4), Values: []*float64{nil, n(4)}}
	require.Equal(t, [][]string{
		{"series", "breakdown", "bucket", "value", "previous"},
		{"A/B", "pro", "1970-01-01T00:00:00Z", "1.5", ""},
		{"A/B", "pro", "1970-01-02T00:00:00Z", "", "4"},
	}, result.table())
}
