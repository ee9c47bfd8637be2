package query

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/tenant"
)

func zone(tb testing.TB, name string) *time.Location {
	tb.Helper()
	loc, err := time.LoadLocation(name)
	require.NoError(tb, err)
	return loc
}

// TestBuckets has the buckets as local times with their offsets, the last one
// being the end.
func TestBuckets(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		zone     string
		interval Interval
		sunday   bool
		from, to string
		want     string
	}{
		"a spring day of 23 hours": {
			"America/New_York", Day, false, "2024-03-09", "2024-03-12",
			"2024-03-09T00:00-05:00 2024-03-10T00:00-05:00 2024-03-11T00:00-04:00 2024-03-12T00:00-04:00",
		},
		"an hour that does not exist": {
			"America/New_York", Hour, false, "2024-03-10T01:00:00-05:00", "2024-03-10T05:00:00-04:00",
			"2024-03-10T01:00-05:00 2024-03-10T03:00-04:00 2024-03-10T04:00-04:00 2024-03-10T05:00-04:00",
		},
		"an hour that comes twice": {
			"America/New_York", Hour, false, "2024-11-03T01:30:00-04:00", "2024-11-03T02:30:00-05:00",
			"2024-11-03T01:00-04:00 2024-11-03T01:00-05:00 2024-11-03T02:00-05:00 2024-11-03T03:00-05:00",
		},
		"Lord Howe goes back half an hour": {
			"Australia/Lord_Howe", Hour, false, "2024-04-07T01:00:00+11:00", "2024-04-07T03:00:00+10:30",
			"2024-04-07T01:00+11:00 2024-04-07T01:30+10:30 2024-04-07T02:00+10:30 2024-04-07T03:00+10:30",
		},
		"Lord Howe goes forward half an hour": {
			"Australia/Lord_Howe", Hour, false, "2024-10-06T01:00:00+10:30", "2024-10-06T04:00:00+11:00",
			"2024-10-06T01:00+10:30 2024-10-06T02:30+11:00 2024-10-06T03:00+11:00 2024-10-06T04:00+11:00",
		},
		"Lord Howe's days": {
			"Australia/Lord_Howe", Day, false, "2024-10-05", "2024-10-08",
			"2024-10-05T00:00+10:30 2024-10-06T00:00+10:30 2024-10-07T00:00+11:00 2024-10-08T00:00+11:00",
		},
		"Samoa skipped a day": {
			"Pacific/Apia", Day, false, "2011-12-28", "2012-01-02",
			"2011-12-28T00:00-10:00 2011-12-29T00:00-10:00 2011-12-31T00:00+14:00 2012-01-01T00:00+14:00 2012-01-02T00:00+14:00",
		},
		"a range from the skipped day": {
			"Pacific/Apia", Day, false, "2011-12-30", "2012-01-01",
			"2011-12-31T00:00+14:00 2012-01-01T00:00+14:00",
		},
		"Samoa's week": {
			"Pacific/Apia", Week, false, "2011-12-29", "2012-01-03",
			"2011-12-26T00:00-10:00 2012-01-02T00:00+14:00 2012-01-09T00:00+14:00",
		},
		"a day that begins at one o'clock": {
			"America/Sao_Paulo", Day, false, "2018-11-03", "2018-11-06",
			"2018-11-03T00:00-03:00 2018-11-04T01:00-02:00 2018-11-05T00:00-02:00 2018-11-06T00:00-02:00",
		},
		"a day whose last hour comes twice": {
			"America/Sao_Paulo", Day, false, "2018-02-17", "2018-02-19",
			"2018-02-17T00:00-02:00 2018-02-18T00:00-03:00 2018-02-19T00:00-03:00",
		},
		"minutes that come again when the day has begun": {
			"America/St_Johns", Day, false, "2010-11-07T00:30:00-03:30", "2010-11-08",
			"2010-11-07T00:00-02:30 2010-11-08T00:00-03:30",
		},
		"the last minutes of a Saturday after its end": {
			"America/St_Johns", Day, false, "2010-11-06T23:30:00-03:30", "2010-11-08",
			"2010-11-07T00:00-02:30 2010-11-08T00:00-03:30",
		},
		"the last minutes of a month after its end": {
			"America/St_Johns", Month, false, "2009-10-31T23:30:00-03:30", "2009-11-02",
			"2009-11-01T00:00-02:30 2009-12-01T00:00-03:30",
		},
		"a zone between the hours": {
			"Asia/Kathmandu", Hour, false, "2024-01-01", "2024-01-01T02:00:00+05:45",
			"2024-01-01T00:00+05:45 2024-01-01T01:00+05:45 2024-01-01T02:00+05:45",
		},
		"weeks from Monday, over the year's end": {
			"Europe/Berlin", Week, false, "2024-12-24", "2025-01-07",
			"2024-12-23T00:00+01:00 2024-12-30T00:00+01:00 2025-01-06T00:00+01:00 2025-01-13T00:00+01:00",
		},
		"weeks from Sunday, over the year's end": {
			"Europe/Berlin", Week, true, "2024-12-24", "2025-01-07",
			"2024-12-22T00:00+01:00 2024-12-29T00:00+01:00 2025-01-05T00:00+01:00 2025-01-12T00:00+01:00",
		},
		"a Sunday under both": {
			"UTC", Week, true, "2024-12-22", "2024-12-23", "2024-12-22T00:00Z 2024-12-29T00:00Z",
		},
		"months": {
			"Europe/Berlin", Month, false, "2024-01-31", "2024-04-01",
			"2024-01-01T00:00+01:00 2024-02-01T00:00+01:00 2024-03-01T00:00+01:00 2024-04-01T00:00+02:00",
		},
		"the total is the range itself": {
			"Europe/Berlin", Total, false, "2024-01-31T10:11:12Z", "2024-04-01", "2024-01-31T11:11+01:00 2024-04-01T00:00+02:00",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cal := newCalendar(zone(t, test.zone), tenant.MondayFirst)
			if test.sunday {
				cal = newCalendar(cal.loc, tenant.SundayFirst)
			}
			from, to := Range{From: test.from, To: test.to}.resolve(time.Now(), cal)
			starts, end, ok := cal.buckets(test.interval, from, to)
			require.True(t, ok)
			var got []string
			for _, start := range append(starts, end) {
				got = append(got, start.Format("2006-01-02T15:04Z07:00"))
			}
			require.Equal(t, test.want, strings.Join(got, " "))
		})
	}
}

// TestBucketsCoverTime walks every zone rule of some years: each bucket begins
// where the last ended and holds its own start, and days are dates.
func TestBucketsCoverTime(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"UTC", "America/New_York", "America/St_Johns", "America/Sao_Paulo", "America/Havana", "Africa/Casablanca", "Europe/Dublin",
		"Asia/Tehran", "Asia/Kathmandu", "Asia/Gaza", "Australia/Lord_Howe", "Antarctica/Troll", "Pacific/Apia", "Pacific/Kwajalein", "Europe/London",
	} {
		for _, start := range []tenant.WeekStart{tenant.MondayFirst, tenant.SundayFirst} {
			cal := newCalendar(zone(t, name), start)
			for _, i := range []Interval{Hour, Day, Week, Month} {
				at := time.Date(2006, 1, 1, 0, 0, 0, 0, time.UTC)
				until := at.AddDate(20, 0, 0)
				if i == Hour {
					until = at.AddDate(1, 0, 0)
				}
				for at = cal.floor(i, at); at.Before(until); {
					next := cal.next(i, at)
					require.True(t, next.After(at), "%s %s %s", name, i, at)
					require.True(t, at.Equal(cal.floor(i, at)), "%s %s %s", name, i, at)
					switch i {
					case Hour:
						require.LessOrEqual(t, next.Sub(at), time.Hour, "%s %s", name, at)
						require.True(t, at.Equal(cal.floor(i, next.Add(-time.Millisecond))), "%s %s", name, at)
					case Day:
						require.NotEqual(t, at.Format(time.DateOnly), next.Format(time.DateOnly), "%s %s", name, at)
						require.NotEqual(t, at.Add(-time.Millisecond).Format(time.DateOnly), at.Format(time.DateOnly), "%s %s", name, at)
					case Month:
						require.Equal(t, 1, at.Day(), "%s %s", name, at)
					case Week:
						require.Equal(t, cal.weekStart, at.Weekday(), "%s %s", name, at)
					}
					at = next
				}
			}
		}
	}
}

func TestLastIncludesTheOpenBucket(t *testing.T) {
	t.Parallel()
	now := time.Date(2024, 3, 10, 18, 25, 30, 500e6, time.UTC) // 14:25 in New York, on the day of 23 hours
	cal := newCalendar(zone(t, "America/New_York"), tenant.MondayFirst)
	for last, want := range map[string]string{
		"1d":  "2024-03-10T00:00:00-05:00 2024-03-11T00:00:00-04:00",
		"30d": "2024-02-10T00:00:00-05:00 2024-03-11T00:00:00-04:00",
		"1w":  "2024-03-04T00:00:00-05:00 2024-03-11T00:00:00-04:00",
		"2w":  "2024-02-26T00:00:00-05:00 2024-03-11T00:00:00-04:00",
		"24h": "2024-03-09T14:00:00-05:00 2024-03-10T15:00:00-04:00",
		"30m": "2024-03-10T13:56:00-04:00 2024-03-10T14:26:00-04:00",
		"90s": "2024-03-10T14:24:01-04:00 2024-03-10T14:25:31-04:00",
	} {
		from, to := Range{Last: last}.resolve(now, cal)
		require.Equal(t, want, from.In(cal.loc).Format(time.RFC3339)+" "+to.In(cal.loc).Format(time.RFC3339), last)
	}
}

func TestTooManyBuckets(t *testing.T) {
	t.Parallel()
	cal := newCalendar(time.UTC, tenant.MondayFirst)
	_, _, ok := cal.buckets(Hour, earliest, latest)
	require.False(t, ok)
	starts, _, ok := cal.buckets(Hour, time.Unix(0, 0), time.Unix(maxBuckets*3600, 0))
	require.True(t, ok)
	require.Len(t, starts, maxBuckets)
}
