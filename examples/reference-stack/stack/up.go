package stack

import (
	"context"
	"fmt"
)

// up is the command up.
func up(ctx context.Context, p *Process, args []string) error {
	settings, err := newServerFlags("up").settings(p, args)
	if err != nil {
		return err
	}
	if err := settings.check(); err != nil {
		return err
	}
	logger := settings.logger(p)
	s, err := Open(ctx, settings, logger)
	if err != nil {
		return err
	}
	return s.Run(ctx, func(url string) {
		_, _ = fmt.Fprintln(p.Stdout, "footfall ready", url)
		logger.Info("ready", "url", url, "data", settings.Data)
	})
}
