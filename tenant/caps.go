package tenant

import (
	"cmp"
	"errors"
	"fmt"
)

// Caps bound how many different names a tenant's events may have and how long a
// text may be that is looked up by name: a name made of an id, or one of a
// stranger's, makes a column of its own each time. Nothing is refused or lost
// over a cap. An event keeps its original name in $event_name, and what is not
// looked up by name is in its properties all the same.
//
// Names are counted from the start of a process, and those that came first stay.
type Caps struct {
	// Events is how many names events may have. Further ones are $other.
	// Defaults to 2,000: some hundred is what a product that plans them has,
	// and a list longer than this nobody reads.
	Events int
	// Properties is how many names properties and traits may have, those in
	// objects with dots. Defaults to 5,000: under the 8,192 to which the
	// store's dictionaries of names stay in one piece.
	Properties int
	// Text is how many bytes a value has at most that is looked up by name,
	// as it is written in JSON. Defaults to 8,192: a long address fits.
	Text int
}

func (c Caps) withDefaults() Caps {
	c.Events = cmp.Or(c.Events, 2_000)
	c.Properties = cmp.Or(c.Properties, 5_000)
	c.Text = cmp.Or(c.Text, 8_192)
	return c
}

func (c Caps) validate() error {
	var errs []error
	check := func(name string, n, most int) {
		if n < 1 || n > most {
			errs = append(errs, fmt.Errorf("caps.%s: %d is not between 1 and %d", name, n, most))
		}
	}
	check("events", c.Events, 100_000)
	check("properties", c.Properties, 100_000)
	check("text", c.Text, 32<<10)
	return errors.Join(errs...)
}
