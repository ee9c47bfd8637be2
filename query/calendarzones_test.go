package query

import (
	"archive/zip"
	"go/build"
	"hash/crc32"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/internal/testenv"
	"github.com/footfall-go/footfall/tenant"
)

// allZones returns the zones of the toolchain's edition of the database, one of
// those that are the same.
func allZones(tb testing.TB) map[string]*time.Location {
	tb.Helper()
	archive, err := zip.OpenReader(filepath.Join(build.Default.GOROOT, "lib", "time", "zoneinfo.zip"))
	if err != nil {
		testenv.Missing(tb, "the zones of the toolchain: "+err.Error())
	}
	defer archive.Close()
	zones, seen := map[string]*time.Location{}, map[uint32]bool{}
	for _, file := range archive.File {
		if strings.HasSuffix(file.Name, "/") {
			continue
		}
		r, err := file.Open()
		require.NoError(tb, err)
		data, err := io.ReadAll(r)
		require.NoError(tb, err)
		require.NoError(tb, r.Close())
		if sum := crc32.ChecksumIEEE(data); !seen[sum] {
			seen[sum] = true
			zones[file.Name], err = time.LoadLocationFromTZData(file.Name, data)
			require.NoError(tb, err, file.Name)
		}
	}
	require.Greater(tb, len(zones), 300)
	return zones
}

// TestBucketsOfListedAndRuledYears has zones whose changes are listed to 2007 and
// follow a rule from then on: at the end of a leap year nothing hangs, and no
// hour is cut at the beginning of a year.
func TestBucketsOfListedAndRuledYears(t *testing.T) {
	t.Parallel()
	zones := allZones(t)
	cal := newCalendar(zones["Australia/LHI"], tenant.MondayFirst) // Lord Howe
	require.NotNil(t, cal.loc)
	for year := 2006; year < 2031; year++ {
		day := startOfDay(year, time.January, 1, cal.loc)
		require.Equal(t, time.Date(year, 1, 1, 0, 0, 0, 0, cal.loc).UnixMilli(), day.UnixMilli())
	}
	st := newCalendar(zones["America/St_Johns"], tenant.MondayFirst)
	at := time.Date(2025, 1, 1, 0, 15, 0, 0, time.UTC) // a quarter to nine there, in the evening
	require.Equal(t, "20:00 21:00", st.floor(Hour, at).Format("15:04")+" "+st.next(Hour, at).Format("15:04"))
}

// TestBucketsInAllZones looks at each change of a clock since 1970: a bucket
// holds the moments it is found for, begins where the one before ends, and none
// is empty.
func TestBucketsInAllZones(t *testing.T) {
	t.Parallel()
	times := []time.Duration{-25 * time.Hour, -time.Minute, 0, 30 * time.Minute, 61 * time.Minute, 24 * time.Hour}
	for name, loc := range allZones(t) {
		monday, sunday := newCalendar(loc, tenant.MondayFirst), newCalendar(loc, tenant.SundayFirst)
		for change := time.Unix(0, 0).In(loc); change.Year() < 2030; {
			for _, since := range times {
				at := change.Add(since)
				checkBucket(t, monday, Hour, at, name)
				checkBucket(t, monday, Day, at, name)
				checkBucket(t, sunday, Week, at, name)
				checkBucket(t, monday, Month, at, name)
			}
			_, next := change.ZoneBounds()
			if next.IsZero() {
				break
			}
			if !next.After(change) { // see changeWithin
				next = change.AddDate(0, 0, 1)
			}
			change = next.In(loc)
		}
	}
}

func checkBucket(tb testing.TB, cal calendar, i Interval, at time.Time, name string) {
	tb.Helper()
	start, end := cal.floor(i, at), cal.next(i, at)
	// Without require, which would take most of the time of a million moments.
	if start.After(at) || !at.Before(end) {
		tb.Fatalf("%s: the %s of %s is [%s, %s)", name, i, at, start, end)
	}
	if last := end.Add(-time.Millisecond); !cal.floor(i, start).Equal(start) || !cal.floor(i, last).Equal(start) || !cal.floor(i, end).Equal(end) {
		tb.Fatalf("%s: the %s of %s does not hold its own ends: [%s, %s)", name, i, at, start, end)
	}
	if i == Hour && end.Sub(start) > time.Hour {
		tb.Fatalf("%s: an hour from %s to %s", name, start, end)
	}
}
