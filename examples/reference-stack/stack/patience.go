package stack

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/store/clickhouse"
)

// How long to wait between two tries to reach what is elsewhere.
const (
	patienceFirst = 100 * time.Millisecond
	patienceMost  = 2 * time.Second
)

// patiently does what needs something that is elsewhere, until it succeeds or
// never will: processes of one deployment start in any order. /readyz tells what
// is waited for.
func (s *Server) patiently(ctx context.Context, what string, f func(context.Context) error) error {
	for pause := patienceFirst; ; pause = min(2*pause, patienceMost) {
		err := f(ctx)
		if err == nil || !s.role.beside() || footfall.IsPermanent(err) || errors.Is(err, clickhouse.ErrNewerSchema) || ctx.Err() != nil {
			s.starting.wait(what, "")
			return err
		}
		if s.starting.wait(what, err.Error()) {
			s.log.Warn("waiting to start", "for", what, "error", err)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, errors.Join(ctx.Err(), err))
		}
	}
}
