package stack

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"gopkg.in/yaml.v3"

	"github.com/footfall-go/footfall/tenant"
)

// number is a limit in the file: a number above zero, or none.
type number struct {
	value float64
	given bool
}

// UnmarshalYAML implements [yaml.Unmarshaler].
func (n *number) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode && (node.Value == "none" || node.Tag == "!!null") {
		return nil
	}
	value, err := strconv.ParseFloat(node.Value, 64)
	if node.Kind != yaml.ScalarNode || err != nil || math.IsInf(value, 0) || math.IsNaN(value) {
		return fmt.Errorf("line %d: %q is neither a number nor none", node.Line, node.Value)
	}
	*n = number{value, true}
	return nil
}

// apply turns the file's limits into the library's. A zero that was written
// down is refused: the library would take it for none, its author did not.
func (l *fileLimits) apply(to *tenant.Settings) error {
	var errs []error
	whole := func(name string, n number) int64 {
		if n.given && (n.value < 1 || n.value != math.Trunc(n.value) || n.value > 1<<53) {
			errs = append(errs, fmt.Errorf("limits.%s: %v is no whole number from 1 on; leave it out for none", name, n.value))
			return 0
		}
		return int64(n.value)
	}
	if l.Rate.given && l.Rate.value <= 0 {
		errs = append(errs, fmt.Errorf("limits.rate: %v is not above 0; leave it out for none", l.Rate.value))
	}
	to.Limits = tenant.Limits{Rate: l.Rate.value, Burst: whole("burst", l.Burst), PerDay: whole("per_day", l.PerDay)}
	to.Queries = int(whole("queries", l.Queries))
	to.QueryRows, to.QueryMemory = whole("query_rows", l.QueryRows), whole("query_memory", l.QueryMemory)
	return errors.Join(errs...)
}
