package main

import (
	"context"
	"crypto/subtle"
	"log/slog"
	"net/http"

	"github.com/footfall-go/footfall/keep"
)

// openKeeper opens what erases persons, so that sinks hear of it, and its
// routes, which want the admin key.
func openKeeper(ctx context.Context, config keep.Config, key string) (*keep.Keeper, http.Handler, error) {
	config.Logger = slog.Default()
	keeper, err := keep.New(ctx, config)
	if err != nil {
		return nil, nil, err
	}
	return keeper, keep.NewHandler(keeper, func(w http.ResponseWriter, r *http.Request) bool {
		_, given, _ := r.BasicAuth()
		if key == "" || subtle.ConstantTimeCompare([]byte(given), []byte(key)) == 0 {
			http.Error(w, "the password is the admin key", http.StatusUnauthorized)
			return false
		}
		return true
	}), nil
}
