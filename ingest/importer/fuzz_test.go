package importer

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// FuzzRead imports strangers' files with strangers' templates: every row comes
// out once, in order, as one line of JSON or as a mistake that is named, and
// reading twice gives the same.
func FuzzRead(f *testing.F) {
	formats := []Format{NDJSON, CSV, Combined}
	for i, file := range []string{
		`{"type":"track","event":"A","userId":"u"}` + "\n\n{\"a\":{\"b\":[1]}}\n{",
		"id,date,\"quo\"\"ted\"\n1,2024-01-01,x\n2,,\"a\nb\"\n3,4\n",
		`1.2.3.4 - ada [10/Oct/2000:13:55:36 -0700] "GET /a?b HTTP/1.0" 200 12 "http://r/" "agent \"x\""` + "\nnothing\n",
	} {
		for _, template := range []string{"", "r{id}", "{", "a}{b}", "{quo\"ted}{date}"} {
			f.Add([]byte(file), template, uint8(i))
		}
	}
	f.Add([]byte("\x1f\x8b\x08\x00"), "x", uint8(0))
	f.Fuzz(func(t *testing.T, file []byte, template string, format uint8) {
		cfg := &Config{Name: "n", Format: formats[int(format)%len(formats)], Zone: time.UTC}
		if template != "" {
			cfg.Map = map[string]string{"userId": template, "properties.a.b": template, "properties.a": "x", "event": "e", "timestamp": template}
		}
		m, err := newMapping(cfg)
		if err != nil {
			return
		}
		read := func(position int64) (lines []string, bad int, end int64, failed bool) {
			chunks := make(chan *chunk)
			var err error
			go func() {
				defer close(chunks)
				err = readAll(t.Context(), cfg, m, position, []io.Reader{bytes.NewReader(file)}, chunks)
			}()
			for c := range chunks {
				require.LessOrEqual(t, c.first, c.last)
				require.Greater(t, c.first, end)
				end = c.last
				require.Equal(t, int(c.last-c.first)+1, len(c.rows)+len(c.bad))
				if body := strings.TrimSuffix(string(c.body), "\n"); body != "" {
					lines = append(lines, strings.Split(body, "\n")...)
				}
				bad += len(c.bad)
			}
			return lines, bad, end, err != nil
		}
		lines, bad, end, failed := read(0)
		for _, line := range lines {
			if cfg.Format != NDJSON { // whose lines may be a stranger's JSON, which the door looks at
				require.True(t, json.Valid([]byte(line)), line)
			}
		}
		if !failed {
			require.EqualValues(t, len(lines)+bad, end)
		}
		if end > 1 {
			rest, _, again, _ := read(end / 2)
			require.Equal(t, end, max(again, end/2), "it goes on where it was")
			require.Equal(t, strings.Join(lines[len(lines)-len(rest):], "\n"), strings.Join(rest, "\n"))
		}
	})
}
