package clickhouse

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
)

func TestMark(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name      string
		err       Error
		permanent bool
	}{
		{"a value that does not fit", Error{Code: 321, Status: 400}, true},
		{"bad data", Error{Code: 117, Status: 400}, true},
		{"an unknown enum element", Error{Code: 691, Status: 500}, true},
		{"the code stands in the text only", Error{Status: 400, Message: "Code: 321. DB::Exception: …"}, true},
		{"too many partitions", Error{Code: 252, Status: 500, Message: "Code: 252. DB::Exception: Too many partitions for single INSERT block (more than 100)."}, true},
		{"too large for a proxy", Error{Status: http.StatusRequestEntityTooLarge}, true},
		{"too many parts", Error{Code: 252, Status: 500, Message: "Code: 252. DB::Exception: Too many parts (3000). Merges are processing significantly slower than inserts."}, false},
		{"out of memory", Error{Code: 241, Status: 500}, false},
		{"out of time", Error{Code: 159, Status: 408}, false},
		{"too many queries", Error{Code: 202, Status: 500}, false},
		{"no space", Error{Code: 243, Status: 500}, false},
		{"read-only", Error{Code: 242, Status: 500}, false},
		{"network", Error{Code: 210, Status: 500}, false},
		{"a torn body", Error{Code: 33, Status: 500}, false},
		{"no such table", Error{Code: 60, Status: 404}, false},
		{"no such column", Error{Code: 16, Status: 404}, false},
		{"another type", Error{Code: 53, Status: 400}, false},
		{"no access", Error{Code: 497, Status: 403}, false},
		{"a gateway", Error{Status: http.StatusBadGateway, Message: "<html>"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := test.err.mark()
			require.Equal(t, test.permanent, footfall.IsPermanent(err))
			var answered *Error
			require.ErrorAs(t, err, &answered)
			require.NotEmpty(t, err.Error())
		})
	}
}

func TestConfig(t *testing.T) {
	t.Parallel()
	_, err := New(Config{URL: "tcp://x", Database: "a`b"})
	require.ErrorContains(t, err, "Config.URL")
	require.ErrorContains(t, err, "Config.Database")
	s, err := New(Config{})
	require.NoError(t, err)
	require.Equal(t, "footfall", s.shards[0].database)
}

func TestQuote(t *testing.T) {
	t.Parallel()
	require.Equal(t, "'plain text: {x:String} 1'", quote("plain text: {x:String} 1"))
	require.Equal(t, "unhex('27')", quote("'"))
	require.Equal(t, "unhex('5c')", quote(`\`))
	require.Equal(t, "unhex('00ff')", quote("\x00\xff"))
	require.Equal(t, "''", quote(""))
}

func TestRowBinaryEndsCleanly(t *testing.T) {
	t.Parallel()
	for _, bytes := range [][]byte{{5}, {200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200}, {1, 'a', 3}, {0xff, 0xff, 0xff, 0xff, 0x0f}} {
		r := rowBinary{rest: bytes}
		for r.more() {
			r.text()
			r.erasure()
		}
		require.True(t, r.bad)
	}
}

func TestSplitKeepsAll(t *testing.T) {
	t.Parallel()
	var rows []footfall.Session
	for i := range 1000 {
		rows = append(rows, footfall.Session{Session: uint64(i), Silo: []string{"", "a", "b"}[i%3], Opened: footfall.Millis(int64(i%70) * 31 * 24 * 3600 * 1000)})
	}
	seen := map[uint64]bool{}
	for _, part := range split(rows, sessionRows.partition) {
		partitions := map[partition]bool{}
		for i := range part {
			require.False(t, seen[part[i].Session])
			seen[part[i].Session] = true
			partitions[sessionRows.partition(&part[i])] = true
		}
		require.LessOrEqual(t, len(partitions), maxPartitions)
	}
	require.Len(t, seen, len(rows))
}
