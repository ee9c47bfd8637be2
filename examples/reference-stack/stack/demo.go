package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/footfall-go/footfall/examples/internal/shop"
)

// demoTenant is the tenant of the demo, and who it serves.
const (
	demoTenant = "shop:wk_demo:rk_demo"
)

// demo is the command demo.
func demo(ctx context.Context, p *Process, args []string) (err error) {
	f := newServerFlags(roleDemo)
	seed := f.Uint64("seed", 1, "`number` that chooses the traffic")
	rate := f.Float64("rate", 20, "live `events` a second")
	history := Duration(30 * 24 * time.Hour)
	f.Var(&history, "history", "`time` before now that traffic is made up for")
	settings, err := f.settings(p, args)
	if err != nil {
		return err
	}
	if *rate <= 0 || *rate > 10000 {
		return usagef("--rate is %g, not above 0 and at most 10000", *rate)
	}
	if len(settings.Tenants) == 0 {
		reg, err := parseTenant(demoTenant)
		if err != nil {
			return err
		}
		settings.Tenants = append(settings.Tenants, reg)
	}
	settings.LogIn = &settings.Tenants[0].ID
	if settings.Data == "" {
		if settings.Data, err = os.MkdirTemp("", "footfall-demo-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(settings.Data)) }()
	}
	logger := settings.logger(p)
	s, err := Open(ctx, roleDemo, settings, logger)
	if err != nil {
		return err
	}
	var playing sync.WaitGroup
	defer playing.Wait()
	return s.Run(ctx, func(url string) {
		_, _ = fmt.Fprintln(p.Stdout, "footfall ready", url)
		logger.Info("open the page in a browser on this machine", "url", url+"/")
		playing.Go(func() {
			client := &shop.Client{URL: url, WriteKey: settings.Tenants[0].WriteKeys[0]}
			now := time.Now()
			traffic := shop.New(shop.Config{Seed: *seed, Start: now.Add(-time.Duration(history)), Busy: now.Add(-time.Hour), Rate: *rate})
			err := client.Play(ctx, traffic, func(sent int) {
				logger.Info("the past is in, live traffic begins", "events", sent, "took", time.Since(now).Round(time.Millisecond))
			})
			if err != nil && ctx.Err() == nil {
				logger.Error("the traffic stopped", "error", err)
			}
		})
	})
}
