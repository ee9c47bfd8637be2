package foldtest

import (
	"fmt"
	"slices"
)

// Diff describes up to ten differences of each kind of row, nothing if the rows
// are equal.
func Diff(want, got *Rows) []string {
	var out []string
	out = append(out, diff("session", want.Sessions, got.Sessions)...)
	out = append(out, diff("link", want.Links, got.Links)...)
	out = append(out, diff("id", want.IDs, got.IDs)...)
	out = append(out, diff("trait", want.Traits, got.Traits)...)
	out = append(out, diff("ledger", want.Ledger, got.Ledger)...)
	out = append(out, diff("rejected", want.Rejected, got.Rejected)...)
	if a, b := fmt.Sprint(want.Erasures), fmt.Sprint(got.Erasures); a != b {
		out = append(out, fmt.Sprintf("erasures: want %s, got %s", a, b))
	}
	return out
}

func diff[K comparable, V comparable](kind string, want, got map[K]V) []string {
	var out []string
	for key, w := range want {
		if g, ok := got[key]; !ok {
			out = append(out, fmt.Sprintf("%s missing: %+v", kind, w))
		} else if g != w {
			out = append(out, fmt.Sprintf("%s differs: want %+v, got %+v", kind, w, g))
		}
	}
	for key, g := range got {
		if _, ok := want[key]; !ok {
			out = append(out, fmt.Sprintf("%s too many: %+v", kind, g))
		}
	}
	slices.Sort(out)
	return out[:min(len(out), 10)]
}
