package clickhouse

import (
	"context"
	"fmt"

	"github.com/footfall-go/footfall"
)

// Insert implements [footfall.Store].
func (s *Store) Insert(ctx context.Context, b *footfall.Batch, attempt int) error {
	events := b.Events
	if attempt > 0 {
		var err error
		if events, err = s.withoutTwins(ctx, b); err != nil {
			return fmt.Errorf("insert events: %w", err)
		}
	}
	if len(events) == 0 {
		return nil
	}
	if err := s.insertEvents(ctx, events, b.Token(attempt)); err != nil {
		return fmt.Errorf("insert events: %w", err)
	}
	return nil
}

func (s *Store) insertEvents(ctx context.Context, events []footfall.Event, token string) error {
	settings, err := s.known(ctx, eventSettings(token))
	if err != nil {
		return err
	}
	block := s.events.get()
	if err := block.fill(events); err != nil {
		s.events.put(block)
		return err
	}
	free, err := s.client.insert(ctx, block.block, settings)
	if free {
		s.events.put(block)
	}
	return err
}

// known leaves out the settings that the server does not have.
func (s *Store) known(ctx context.Context, settings map[string]string) (map[string]string, error) {
	known, err := s.optionalSettings(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range optional {
		if !known[name] {
			delete(settings, name)
		}
	}
	return settings, nil
}

// optionalSettings asks the server once which of the optional settings it has.
func (s *Store) optionalSettings(ctx context.Context) (map[string]bool, error) {
	s.mu.Lock()
	known := s.settings
	s.mu.Unlock()
	if known != nil {
		return known, nil
	}
	known, err := s.names(ctx, "system.settings", optional)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.settings = known
	s.mu.Unlock()
	return known, nil
}

// names returns which of some names a system table has.
func (s *Store) names(ctx context.Context, table string, names []string) (map[string]bool, error) {
	result, err := s.client.query(ctx, "SELECT name FROM "+table+" WHERE name IN ("+quoteAll(names)+") FORMAT RowBinary", nil)
	if err != nil {
		return nil, fmt.Errorf("ask which settings there are: %w", err)
	}
	found := map[string]bool{}
	r := rowBinary{rest: result}
	for r.more() {
		found[r.text()] = true
	}
	if r.bad {
		return nil, errTorn
	}
	return found, nil
}
