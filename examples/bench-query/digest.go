package main

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"
)

// read decodes a result into what it is to be told by.
func read[T any](result []byte, lines func(T) []string) (string, error) {
	var r T
	if err := json.Unmarshal(result, &r); err != nil {
		return "", fmt.Errorf("read the answer: %w", err)
	}
	return strings.Join(sorted(lines(r)), "\n"), nil
}

func trendLines(result []byte) (string, error) {
	return read(result, func(r struct {
		Series []struct {
			Breakdown string    `json:"breakdown"`
			Values    []float64 `json:"values"`
		} `json:"series"`
	},
	) (lines []string) {
		for _, s := range r.Series {
			for i, v := range s.Values {
				if v != 0 {
					lines = append(lines, fmt.Sprintf("%s|%d|%.0f", s.Breakdown, i, v))
				}
			}
		}
		return lines
	})
}

func funnelLines(result []byte) (string, error) {
	return read(result, func(r struct {
		Groups []struct {
			Steps []struct {
				Count uint64 `json:"count"`
			} `json:"steps"`
		} `json:"groups"`
	},
	) []string {
		var counts []string
		for _, step := range r.Groups[0].Steps {
			counts = append(counts, fmt.Sprint(step.Count))
		}
		return []string{strings.Join(counts, "|")}
	})
}

func retentionLines(result []byte) (string, error) {
	return read(result, func(r struct {
		Groups []struct {
			Cohorts []struct {
				Size   uint64   `json:"size"`
				Values []uint64 `json:"values"`
			} `json:"cohorts"`
		} `json:"groups"`
	},
	) (lines []string) {
		for c, cohort := range r.Groups[0].Cohorts {
			lines = append(lines, fmt.Sprintf("%d|-1|%d", c, cohort.Size))
			for j, n := range cohort.Values {
				if n != 0 {
					lines = append(lines, fmt.Sprintf("%d|%d|%d", c, j, n))
				}
			}
		}
		return lines
	})
}

func sessionLines(result []byte) (string, error) {
	type end struct {
		Value string `json:"value"`
		Count uint64 `json:"count"`
	}
	return read(result, func(r struct {
		Count   []uint64  `json:"count"`
		Views   []float64 `json:"views"`
		Seconds []struct {
			P90 float64 `json:"p90"`
		} `json:"seconds"`
		Entry []end `json:"entry"`
		Exit  []end `json:"exit"`
	},
	) (lines []string) {
		for i, n := range r.Count {
			lines = append(lines, fmt.Sprintf("%d|%d|%v|%v", i, n, math.Round(r.Views[i]*1e6)/1e6, math.Floor(r.Seconds[i].P90)))
		}
		for _, e := range r.Entry {
			lines = append(lines, fmt.Sprintf("entry|%s|%d", e.Value, e.Count))
		}
		for _, e := range r.Exit {
			lines = append(lines, fmt.Sprintf("exit|%s|%d", e.Value, e.Count))
		}
		return lines
	})
}

func countLine(result []byte) (string, error) {
	return read(result, func(r struct {
		Count uint64 `json:"count"`
	},
	) []string {
		return []string{fmt.Sprint(r.Count)}
	})
}

func totalLine(result []byte) (string, error) {
	return read(result, func(r struct {
		Total uint64 `json:"total"`
	},
	) []string {
		return []string{fmt.Sprint(r.Total)}
	})
}

func catalogLines(result []byte) (string, error) {
	return read(result, func(r struct {
		Events []struct {
			Name  string    `json:"name"`
			Count uint64    `json:"count"`
			First time.Time `json:"first_seen"`
			Last  time.Time `json:"last_seen"`
		} `json:"events"`
		Properties []struct {
			Name  string `json:"name"`
			Count uint64 `json:"count"`
		} `json:"properties"`
	},
	) (lines []string) {
		const layout = "2006-01-02 15:04:05.000"
		for _, e := range r.Events {
			lines = append(lines, fmt.Sprintf("%s|%d|%s|%s", e.Name, e.Count, e.First.Format(layout), e.Last.Format(layout)))
		}
		for _, p := range r.Properties {
			lines = append(lines, fmt.Sprintf("%s|%d", p.Name, p.Count))
		}
		return lines
	})
}
