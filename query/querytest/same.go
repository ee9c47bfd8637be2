package querytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
)

// difference returns where two results differ, "" if nowhere: as JSON, in which
// numbers may be a rounding apart.
func difference(want, got any) string {
	w, err := tree(want)
	if err != nil {
		return err.Error()
	}
	g, err := tree(got)
	if err != nil {
		return err.Error()
	}
	return differ("", w, g)
}

func tree(v any) (any, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("write a result: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	var t any
	return t, d.Decode(&t)
}

func differ(path string, want, got any) string {
	switch want := want.(type) {
	case map[string]any:
		got, ok := got.(map[string]any)
		if !ok || len(got) != len(want) {
			break
		}
		for name, v := range want {
			if d := differ(path+"/"+name, v, got[name]); d != "" {
				return d
			}
		}
		return ""
	case []any:
		got, ok := got.([]any)
		if !ok || len(got) != len(want) {
			break
		}
		for i, v := range want {
			if d := differ(fmt.Sprintf("%s/%d", path, i), v, got[i]); d != "" {
				return d
			}
		}
		return ""
	case float64:
		if got, ok := got.(float64); ok && math.Abs(want-got) <= 1e-9*math.Max(1, math.Abs(want)) {
			return ""
		}
	default:
		if reflect.DeepEqual(want, got) {
			return ""
		}
	}
	return fmt.Sprintf("%s: %s, not %s", path, brief(got), brief(want))
}

func brief(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
