package clickhouse

import (
	"context"
	"fmt"

	"github.com/footfall-go/footfall"
)

// Insert implements [footfall.Store].
func (s *Store) Insert(ctx context.Context, b *footfall.Batch, attempt int) error {
	c, events := s.shard(b.Partition), b.Events
	if attempt > 0 {
		var err error
		if events, err = s.withoutTwins(ctx, c, b); err != nil {
			return fmt.Errorf("insert events: %w", err)
		}
	}
	if len(events) == 0 {
		return nil
	}
	if err := s.insertEvents(ctx, c, events, b.Token(attempt)); err != nil {
		return fmt.Errorf("insert events: %w", err)
	}
	return nil
}

func (s *Store) insertEvents(ctx context.Context, c *client, events []footfall.Event, token string) error {
	settings, err := c.known(ctx, c.durable(eventSettings(token)))
	if err != nil {
		return err
	}
	block := s.events.get()
	if err := block.fill(events); err != nil {
		s.events.put(block)
		return err
	}
	free, err := c.insert(ctx, block.block, settings)
	if free {
		s.events.put(block)
	}
	return err
}
