package query

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// wantsCSV reports whether a request asks for text/csv and not for JSON.
func wantsCSV(r *http.Request) bool {
	for accepted := range strings.SplitSeq(r.Header.Get("Accept"), ",") {
		media, _, err := mime.ParseMediaType(strings.TrimSpace(accepted))
		switch {
		case err != nil:
		case media == "text/csv":
			return true
		case media == "application/json":
			return false
		}
	}
	return false
}

// table returns an answer as rows of cells with a head; nil if it is none.
func (a *Answer) table() [][]string {
	switch result := a.Result.(type) {
	case *TrendResult:
		return result.table()
	case *SegmentResult:
		return [][]string{{"count"}, {strconv.FormatUint(result.Count, 10)}}
	case *RetentionResult:
		return result.table()
	case *FunnelResult:
		return result.table()
	case *SessionsResult:
		return result.table()
	case *EventsResult:
		return result.table()
	case *PersonsResult:
		return result.table()
	}
	return nil
}

func (t *TrendResult) table() [][]string {
	rows := [][]string{{"series", "breakdown", "bucket", "value"}}
	if len(t.Series) > 0 && t.Series[0].Previous != nil {
		rows[0] = append(rows[0], "previous")
	}
	for _, line := range t.Series {
		for i, bucket := range t.Buckets {
			row := []string{line.Name, cell(line.Breakdown), moment(&bucket), number(line.Values[i])}
			if line.Previous != nil {
				row = append(row, number(line.Previous.Values[i]))
			}
			rows = append(rows, row)
		}
	}
	return rows
}

func (s *SessionsResult) table() [][]string {
	rows := [][]string{{"bucket", "count", "bounce_rate", "views", "seconds_mean", "seconds_median", "seconds_p90"}}
	for i, bucket := range s.Buckets {
		spread := s.Seconds[i]
		rows = append(rows, []string{
			moment(&bucket), strconv.FormatUint(s.Count[i], 10), number(s.BounceRate[i]), number(s.Views[i]),
			number(spread.Mean), number(spread.Median), number(spread.P90),
		})
	}
	return rows
}

func (e *EventsResult) table() [][]string {
	rows := [][]string{{"id", "type", "name", "time", "original", "sent", "received", "visitor", "user", "person", "session", "properties", "context"}}
	for i := range e.Events {
		v := &e.Events[i]
		rows = append(rows, []string{
			v.ID, v.Type, v.Name, moment(&v.Time), moment(v.Original), moment(v.Sent), moment(&v.Received),
			cell(v.Visitor), cell(v.User), cell(v.Person), cell(v.Session), string(v.Properties), string(v.Context),
		})
	}
	return rows
}

func (p *PersonsResult) table() [][]string {
	rows := [][]string{{"id", "user", "visitors", "first_seen", "last_seen", "traits"}}
	for _, v := range p.Persons {
		traits, _ := json.Marshal(v.Traits) // they were valid when they were read
		rows = append(rows, []string{v.ID, cell(v.User), strings.Join(v.Visitors, " "), moment(&v.FirstSeen), moment(&v.LastSeen), string(traits)})
	}
	return rows
}

func writeCSV(w io.Writer, rows [][]string) {
	// A client that has gone needs no answer.
	_ = csv.NewWriter(w).WriteAll(rows)
}

func cell(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

func moment(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}

func number(f *float64) string {
	if f == nil {
		return ""
	}
	return strconv.FormatFloat(*f, 'f', -1, 64)
}
