package querytest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/footfall-go/footfall/query"
)

// Rows writes a result as lines of words, short enough to be written by hand.
// Numbers have at most ten digits; "-" is none.
func Rows(result any) []string {
	switch r := result.(type) {
	case *query.TrendResult:
		return trendRows(r)
	case *query.FunnelResult:
		return funnelRows(r)
	case *query.RetentionResult:
		return retentionRows(r)
	case *query.SegmentResult:
		return []string{fmt.Sprintf("count %d", r.Count)}
	case *query.SessionsResult:
		return sessionRows(r)
	case *query.EventsResult:
		return eventRows(r)
	case *query.PersonsResult:
		return personRows(r)
	}
	return []string{fmt.Sprintf("%v", result)}
}

func short(f *float64) string {
	if f == nil {
		return "-"
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(*f, 'g', 10, 64), 64)
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// valueWord writes a value of a breakdown: null for none, and a text that is
// null or has spaces in quotes.
func valueWord(text *string) string {
	if text == nil {
		return "null"
	}
	if *text == "null" {
		return `"null"`
	}
	return quote(*text)
}

func textWord(text *string) string {
	if text == nil {
		return "-"
	}
	return quote(*text)
}

// trendRows has a column for each line, headed NAME or NAME=VALUE, with one of
// what it is compared with behind it, and a row for each bucket. The last is
// marked where it is still open.
func trendRows(r *query.TrendResult) []string {
	head, total := []string{"bucket"}, []string{"total"}
	broken := false
	for _, line := range r.Series {
		broken = broken || line.Breakdown != nil
	}
	for _, line := range r.Series {
		word := quote(line.Name)
		if broken {
			word += "=" + valueWord(line.Breakdown)
		}
		head, total = append(head, word), append(total, short(line.Total))
		if line.Previous != nil {
			head, total = append(head, "before"), append(total, short(line.Previous.Total))
		}
	}
	rows := []string{strings.Join(head, " ")}
	for i, start := range r.Buckets {
		row := []string{start.Format(time.RFC3339Nano)}
		for _, line := range r.Series {
			row = append(row, short(line.Values[i]))
			if line.Previous != nil {
				row = append(row, short(line.Previous.Values[i]))
			}
		}
		if r.LastOpen && i == len(r.Buckets)-1 {
			row = append(row, "open")
		}
		rows = append(rows, strings.Join(row, " "))
	}
	return append(rows, strings.Join(total, " "))
}

func sessionRows(r *query.SessionsResult) []string {
	rows := []string{"bucket count bounce_rate views mean median p90"}
	for i, start := range r.Buckets {
		s := r.Seconds[i]
		row := []string{start.Format(time.RFC3339Nano), strconv.FormatUint(r.Count[i], 10), short(r.BounceRate[i]), short(r.Views[i]), short(s.Mean), short(s.Median), short(s.P90)}
		if r.LastOpen && i == len(r.Buckets)-1 {
			row = append(row, "open")
		}
		rows = append(rows, strings.Join(row, " "))
	}
	for _, v := range r.Entry {
		rows = append(rows, fmt.Sprintf("entry %s %d", quote(v.Value), v.Count))
	}
	for _, v := range r.Exit {
		rows = append(rows, fmt.Sprintf("exit %s %d", quote(v.Value), v.Count))
	}
	return rows
}

func eventRows(r *query.EventsResult) []string {
	rows := []string{}
	for _, e := range r.Events {
		row := []string{e.Time.Format(time.RFC3339Nano), quote(e.Name), textWord(e.Person), textWord(e.Visitor), textWord(e.User), textWord(e.Session)}
		if text := string(e.Properties); text != "{}" {
			row = append(row, text)
		}
		rows = append(rows, strings.Join(row, " "))
	}
	if r.Next != nil {
		rows = append(rows, "more")
	}
	return rows
}

// personRows sorts by the ids' texts, which is not the order of a page.
func personRows(r *query.PersonsResult) []string {
	rows := []string{}
	for _, p := range r.Persons {
		traits, _ := json.Marshal(p.Traits) // they are JSON
		rows = append(rows, strings.Join([]string{
			quote(p.ID), p.FirstSeen.Format(time.RFC3339Nano), p.LastSeen.Format(time.RFC3339Nano), "[" + strings.Join(p.Visitors, " ") + "]", string(traits),
		}, " "))
	}
	slices.Sort(rows)
	rows = append([]string{fmt.Sprintf("total %d", r.Total)}, rows...)
	if r.Next != nil {
		rows = append(rows, "more")
	}
	return rows
}
