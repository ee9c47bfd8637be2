package query

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/tenant"
)

func TestPreviousRanges(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		zone     string
		how      Comparison
		interval Interval
		from, to string
		want     [2]string
	}{
		"the days before":                      {"UTC", PreviousPeriod, Day, "2024-03-01", "2024-04-01", [2]string{"2024-01-30", "2024-03-01"}},
		"the month before":                     {"UTC", PreviousPeriod, Month, "2024-03-01", "2024-04-01", [2]string{"2024-02-01", "2024-03-01"}},
		"the quarter before":                   {"UTC", PreviousPeriod, Month, "2024-04-01", "2024-07-01", [2]string{"2024-01-01", "2024-04-01"}},
		"a month that is not over":             {"UTC", PreviousPeriod, Month, "2024-03-01", "2024-03-10", [2]string{"2024-02-01", "2024-03-01"}},
		"days over a change of the clock":      {"America/New_York", PreviousPeriod, Day, "2024-03-10", "2024-03-12", [2]string{"2024-03-08", "2024-03-10"}},
		"in all over a change of the clock":    {"America/New_York", PreviousPeriod, Total, "2024-03-10", "2024-03-12", [2]string{"2024-03-08", "2024-03-10"}},
		"the week before":                      {"UTC", PreviousPeriod, Week, "2024-03-04", "2024-03-11", [2]string{"2024-02-26", "2024-03-04"}},
		"weeks that do not begin on a Monday":  {"UTC", PreviousPeriod, Week, "2024-03-06", "2024-03-20", [2]string{"2024-02-21", "2024-03-06"}},
		"days and a rest":                      {"UTC", PreviousPeriod, Total, "2024-03-10", "2024-03-11T12:00:00Z", [2]string{"2024-03-08T12:00:00Z", "2024-03-10"}},
		"hours":                                {"UTC", PreviousPeriod, Hour, "2024-03-10T05:00:00Z", "2024-03-10T08:00:00Z", [2]string{"2024-03-10T02:00:00Z", "2024-03-10T05:00:00Z"}},
		"hours, one of which has 30 minutes":   {"Australia/Lord_Howe", PreviousPeriod, Hour, "2024-04-07T02:00:00+10:30", "2024-04-07T05:00:00+10:30", [2]string{"2024-04-07T00:00:00+11:00", "2024-04-07T02:00:00+10:30"}},
		"days before a skipped one":            {"Pacific/Apia", PreviousPeriod, Day, "2011-12-31", "2012-01-02", [2]string{"2011-12-28", "2011-12-31"}},
		"the year before":                      {"UTC", PreviousYear, Day, "2025-02-01", "2025-03-01", [2]string{"2024-02-01", "2024-03-01"}},
		"the year before a leap year":          {"UTC", PreviousYear, Day, "2024-02-01", "2024-03-01", [2]string{"2023-02-01", "2023-03-01"}},
		"from 29 February":                     {"UTC", PreviousYear, Day, "2024-02-29", "2024-03-02", [2]string{"2023-02-28", "2023-03-02"}},
		"up to 29 February":                    {"UTC", PreviousYear, Day, "2024-02-28", "2024-02-29", [2]string{"2023-02-28", "2023-03-01"}},
		"local dates":                          {"America/New_York", PreviousYear, Day, "2024-03-10", "2024-03-11T00:00:00-04:00", [2]string{"2023-03-10", "2023-03-11"}},
		"a local time":                         {"America/New_York", PreviousYear, Day, "2024-03-11T09:30:00-04:00", "2024-03-12", [2]string{"2023-03-11T09:30:00-05:00", "2023-03-12"}},
		"a day that began late, of one not so": {"America/Sao_Paulo", PreviousYear, Day, "2018-11-04", "2018-11-05", [2]string{"2017-11-04", "2017-11-05"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cal := newCalendar(zone(t, test.zone), tenant.MondayFirst)
			parse := func(text string) time.Time {
				at, ok := parseMoment(text, cal.loc)
				require.True(t, ok)
				return at
			}
			from, to := parse(test.from), parse(test.to)
			starts, _, ok := cal.buckets(test.interval, from, to)
			require.True(t, ok)
			gotFrom, gotTo := cal.previous(test.how, test.interval, from, to, len(starts))
			require.Equal(t, parse(test.want[0]).Format(time.RFC3339), gotFrom.Format(time.RFC3339))
			require.Equal(t, parse(test.want[1]).Format(time.RFC3339), gotTo.Format(time.RFC3339))
		})
	}
}

func TestRolling(t *testing.T) {
	t.Parallel()
	n := func(f float64) *float64 { return &f }
	require.Equal(t, []*float64{n(1), n(1.5), n(2), n(3)}, roll([]*float64{n(1), n(2), n(3), n(4)}, 3))
	require.Equal(t, []*float64{nil, n(2), n(2), nil}, roll([]*float64{nil, n(2), nil, nil}, 2))
}
