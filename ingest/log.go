package ingest

import (
	"context"
	"errors"
	"net/http"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/problem"
)

// append hands records to the log, and says when the log starts or stops
// failing: once, not for each request that meets it.
func (h *Handler) append(ctx context.Context, records []footfall.Record) error {
	err := h.config.Log.Append(ctx, records)
	switch {
	case err == nil && h.failing.Load() && h.failing.CompareAndSwap(true, false):
		h.config.Logger.InfoContext(ctx, "log takes events again")
	case err != nil && ctx.Err() == nil && h.failing.CompareAndSwap(false, true):
		h.config.Logger.ErrorContext(ctx, "log takes no events", "error", err)
	}
	return err
}

// logFailed is the answer when events did not get into the log for certain. The
// error may name files and hosts: it is for the logger, not for strangers.
func (h *Handler) logFailed(err error) *problem.Problem {
	if h.config.Unavailable(err) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return h.unavailable("events cannot be stored now, send them again")
	}
	return &problem.Problem{Status: http.StatusInternalServerError, Detail: "events cannot be stored"}
}
