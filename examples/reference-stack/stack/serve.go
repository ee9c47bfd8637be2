package stack

import (
	"context"
	"errors"
	"fmt"
)

// serve returns the command that runs a role.
func serve(role role) func(context.Context, *Process, []string) error {
	return func(ctx context.Context, p *Process, args []string) error {
		settings, err := newServerFlags(role).settings(p, args)
		if err != nil {
			return err
		}
		if err := settings.check(role); err != nil {
			return err
		}
		logger := settings.logger(p)
		s, err := Open(ctx, role, settings, logger)
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			return nil // told to stop while it waited for the others
		}
		if err != nil {
			return err
		}
		return s.Run(ctx, func(url string) {
			_, _ = fmt.Fprintln(p.Stdout, "footfall ready", url)
			logger.Info("ready", "role", role.name, "url", url, "data", settings.Data)
		})
	}
}
