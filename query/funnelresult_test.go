package query

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/tenant"
)

// unitRows are the units of a funnel of two steps with a breakdown, as a
// statement returns them: each gets to both, with a label of its own.
// What is asked first is which identity edges there are.
type unitRows struct{ asked, left int }

func (u *unitRows) Query(context.Context, Statement) (Rows, error) {
	u.asked++
	u.left = 1
	if u.asked > 1 {
		u.left = 50_000
	}
	return u, nil
}

func (u *unitRows) Next() bool {
	u.left--
	return u.left >= 0
}

func (u *unitRows) Scan(dest ...any) error {
	if u.asked == 1 {
		return nil
	}
	label := fmt.Sprintf("=%d", u.left%20_000)
	var b []byte
	for step := range 2 {
		b = binary.LittleEndian.AppendUint64(b, 1<<63|uint64(step)*1500<<2|1<<step)
		b = binary.LittleEndian.AppendUint64(b, 0)
		b = binary.LittleEndian.AppendUint64(b, uint64(step))
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(label))), label...)
	}
	*dest[0].(*string) = string(b)
	return nil
}

func (u *unitRows) Err() error             { return nil }
func (u *unitRows) Close() error           { return nil }
func (u *unitRows) Read() (uint64, uint64) { return 0, 0 }

// TestFunnelsHaveBounds shows that what is held of units counts for the memory of
// a question as well as what the store needs.
func TestFunnelsHaveBounds(t *testing.T) {
	t.Parallel()
	q, err := Parse([]byte(`{"kind":"funnel",` + month + `,"steps":[{"event":"A"},{"event":"B"}],"breakdown":{"property":"event.p","limit":1}}`))
	require.NoError(t, err)
	ask := func(memory int64) (*Answer, error) {
		engine, err := NewEngine(Config{Conn: &unitRows{}, MaxMemory: memory})
		require.NoError(t, err)
		return engine.Run(t.Context(), &tenant.Tenant{ID: mustID(t)}, q)
	}
	answer, err := ask(0)
	require.NoError(t, err)
	groups := answer.Result.(*FunnelResult).Groups
	require.Len(t, groups, 2)
	require.Equal(t, []uint64{3, 49_997}, []uint64{groups[0].Steps[1].Count, groups[1].Steps[1].Count})
	require.InDelta(t, 1.5, *groups[1].Steps[1].Seconds.P90, 0)
	_, err = ask(1 << 20)
	require.ErrorIs(t, err, ErrLimit)
}

// TestUnitsCutShort reads every beginning of a unit's bytes.
func TestUnitsCutShort(t *testing.T) {
	t.Parallel()
	rows := &unitRows{}
	var data string
	require.NoError(t, rows.Scan(&data))
	for length := range len(data) {
		u := &funnelUnit{shape: funnelShape{bits: 2, placed: true, labeled: true}}
		u.funnel.Steps = 2
		u.dest = []any{&u.data}
		err := u.read(cut{rows, data[:length]})
		whole := length == 0 || length == len(data)/2
		require.Equal(t, whole, err == nil, length)
	}
}

// cut is a row with other bytes.
type cut struct {
	*unitRows
	data string
}

func (c cut) Scan(dest ...any) error {
	*dest[0].(*string) = c.data
	return nil
}

func TestFunnelTable(t *testing.T) {
	t.Parallel()
	x, one, half := "x", 1.0, 0.5
	result := &FunnelResult{Groups: []FunnelGroup{
		{
			Breakdown: &x, Steps: stepsOf([]string{"A", "B"}, []uint64{2, 1}, [][]int64{nil, {1500}}),
			Trend: []FunnelBucket{{From: time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC), Counts: []uint64{2, 1}}},
		},
		{Steps: stepsOf([]string{"A", "B"}, []uint64{0, 0}, [][]int64{nil, nil})},
	}}
	require.Equal(t, FunnelStep{Name: "A", Count: 2, FromPrevious: &one, FromFirst: &one, Histogram: []Bin{}}, result.Groups[0].Steps[0])
	require.Equal(t, []Bin{{1, 2, 1}}, result.Groups[0].Steps[1].Histogram)
	require.Equal(t, &half, result.Groups[0].Steps[1].FromPrevious)
	var b strings.Builder
	writeCSV(&b, result.table())
	require.Equal(t, `breakdown,from,step,name,count,dropped,from_previous,from_first,seconds_mean,seconds_median,seconds_p90
x,,1,A,2,0,1,1,,,
x,,2,B,1,1,0.5,0.5,1.5,1.5,1.5
x,2024-03-01T00:00:00Z,1,A,2,0,1,1,,,
x,2024-03-01T00:00:00Z,2,B,1,1,0.5,0.5,,,
,,1,A,0,0,,,,,
,,2,B,0,0,,,,,
`, b.String())
}

func TestSpread(t *testing.T) {
	t.Parallel()
	s := spreadOf([]int64{3000, 1000, 2700, 2000})
	require.InDelta(t, 2.175, *s.Mean, 0)
	require.InDelta(t, 2.35, *s.Median, 0)
	require.InDelta(t, 2.91, *s.P90, 0, "as R has it by type 7")
	require.Equal(t, Spread{}, spreadOf(nil))
}

func TestHistogram(t *testing.T) {
	t.Parallel()
	const second, hour, day = 1000, 3_600_000, 24 * 3_600_000
	for name, test := range map[string]struct {
		ms   []int64
		want []Bin
	}{
		"nothing":            {nil, []Bin{}},
		"at once":            {[]int64{0, 0, 999}, []Bin{{0, 1, 3}}},
		"an edge":            {[]int64{999, 1000}, []Bin{{0, 1, 1}, {1, 2, 1}}},
		"twenty bins":        {[]int64{0, 19 * second}, []Bin{{0, 1, 1}, {19, 20, 1}}},
		"twenty-one":         {[]int64{0, 20 * second}, []Bin{{0, 2, 1}, {20, 22, 1}}},
		"far away":           {[]int64{3600 * second, 3610 * second}, []Bin{{3600, 3601, 1}, {3610, 3611, 1}}},
		"hours":              {[]int64{0, hour - 1, hour, 5 * hour, 19 * hour}, []Bin{{0, 3600, 2}, {3600, 7200, 1}, {18000, 21600, 1}, {68400, 72000, 1}}},
		"days":               {[]int64{0, 13 * day}, []Bin{{0, 86400, 1}, {13 * 86400, 14 * 86400, 1}}},
		"weeks that doubled": {[]int64{0, 7 * 20 * day}, []Bin{{0, 14 * 86400, 1}, {140 * 86400, 154 * 86400, 1}}},
		"a hundred years":    {[]int64{0, 36_525 * day}, []Bin{{0, 512 * 7 * 86400, 1}, {10 * 512 * 7 * 86400, 11 * 512 * 7 * 86400, 1}}},
	} {
		require.Equal(t, test.want, histogramOf(test.ms), name)
	}
}
