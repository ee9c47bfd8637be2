package stack

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

// errUsage marks a mistake on the command line: exit status 2.
var errUsage = errors.New("usage")

func usagef(format string, args ...any) error {
	return fmt.Errorf("%w: %w", errUsage, fmt.Errorf(format, args...))
}

// list is a flag that may be given several times. Environment variables hold
// its items separated by sep.
type list struct {
	items []string
	sep   string
}

func (l *list) Set(text string) error { l.items = append(l.items, text); return nil }
func (l *list) String() string        { return strings.Join(l.items, l.sep) }

// flags is a command's flag set, filled from the command line, then from the
// environment, then from the file.
type flags struct {
	*flag.FlagSet
	given map[string]bool
	typed map[string]bool // given on the command line
}

func newFlags(command, arguments string) *flags {
	f := &flags{FlagSet: flag.NewFlagSet(command, flag.ContinueOnError), given: map[string]bool{}, typed: map[string]bool{}}
	f.SetOutput(io.Discard)
	f.Usage = func() {
		_, _ = fmt.Fprintf(f.Output(), "usage: footfall %s [flags]%s\n", command, arguments)
		f.PrintDefaults()
	}
	return f
}

// parse reads flags wherever they stand among the arguments, which it returns,
// and what the environment says for flags that were not given.
func (f *flags) parse(p *Process, args []string) ([]string, error) {
	var rest, after []string
	if i := slices.Index(args, "--"); i >= 0 {
		args, after = args[:i], args[i+1:]
	}
	for len(args) > 0 {
		if err := f.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				f.SetOutput(p.Stdout)
				f.Usage()
				return nil, err
			}
			return nil, usagef("%w", err)
		}
		if args = f.Args(); len(args) > 0 {
			rest, args = append(rest, args[0]), args[1:]
		}
	}
	rest = append(rest, after...)
	f.Visit(func(set *flag.Flag) { f.given[set.Name], f.typed[set.Name] = true, true })

	var errs []error
	f.VisitAll(func(unset *flag.Flag) {
		variable := "FOOTFALL_" + strings.ToUpper(strings.ReplaceAll(unset.Name, "-", "_"))
		value := p.Getenv(variable)
		if f.given[unset.Name] || value == "" {
			return
		}
		values := []string{value}
		if l, ok := unset.Value.(*list); ok {
			values = strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(l.sep, r) })
		}
		for _, v := range values {
			if err := unset.Value.Set(strings.TrimSpace(v)); err != nil {
				errs = append(errs, usagef("%s: %w", variable, err))
			}
		}
		f.given[unset.Name] = true
	})
	return rest, errors.Join(errs...)
}

// fallback sets a flag that neither the command line nor the environment gave.
// What another command has is left to it: one file is for all.
func (f *flags) fallback(name, value string) error {
	found := f.Lookup(name)
	if f.given[name] || value == "" || found == nil {
		return nil
	}
	if err := found.Value.Set(value); err != nil {
		return usagef("%s: %w", name, err)
	}
	return nil
}
