package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/footfall-go/footfall/internal/schema"
)

// Tier says when data moves to a volume.
type Tier struct {
	// Volume is one of the storage policy. Required.
	Volume string
	// After is the age, by the time of events, at which a part moves there,
	// counted from the youngest event in it. Required.
	After time.Duration
}

func (c Config) checkTiers() error {
	var wrong error
	if len(c.Tiers) > 0 && c.StoragePolicy == "" {
		wrong = errors.New("clickhouse: Config.Tiers want Config.StoragePolicy")
	}
	last := time.Duration(0)
	for _, t := range c.Tiers {
		if t.Volume == "" || t.After <= last || t.After%time.Second != 0 {
			wrong = errors.Join(wrong, fmt.Errorf("clickhouse: Config.Tiers: %q after %v: a tier has a volume, and whole seconds, more than the one before", t.Volume, t.After))
		}
		last = t.After
	}
	return wrong
}

// tiered are the tables that have months, with the time that ages them.
var tiered = []struct{ table, time string }{{schema.Events, "time"}, {schema.Sessions, "opened"}}

// applyTiers gives the tables the storage policy and the moves of the
// configuration, where they have others. A table keeps a policy that is no
// longer asked for: its parts lie there. The engine refuses a policy that lacks
// a volume that the old one has.
func (s *Store) applyTiers(ctx context.Context) error {
	c, on := s.common(), s.config.Cluster.on()
	for _, t := range tiered {
		result, err := c.query(ctx, "SELECT storage_policy, engine_full FROM system.tables WHERE database = currentDatabase() AND name = "+
			quote(t.table)+" FORMAT RowBinary", nil)
		if err != nil {
			return err
		}
		r := rowBinary{rest: result}
		policy, engine := r.text(), r.text()
		if r.bad {
			return errTorn
		}
		if want := s.config.StoragePolicy; want != "" && want != policy {
			if err := c.exec(ctx, "ALTER TABLE "+t.table+on+" MODIFY SETTING storage_policy = "+quote(want), nil); err != nil {
				return fmt.Errorf("move %s to storage policy %s: %w", t.table, want, err)
			}
		}
		moves := s.moves(t.time)
		switch has := strings.Contains(engine, " TTL "); {
		case moves == "" && has:
			err = c.exec(ctx, "ALTER TABLE "+t.table+on+" REMOVE TTL", nil)
		case moves != "" && !strings.Contains(engine, " TTL "+moves+" SETTINGS"):
			// Parts there are learn of their moves by a mutation that reads one column.
			err = c.exec(ctx, "ALTER TABLE "+t.table+on+" MODIFY TTL "+moves, map[string]string{"materialize_ttl_after_modify": "1"})
		}
		if err != nil {
			return fmt.Errorf("set the tiers of %s: %w", t.table, err)
		}
	}
	return nil
}

// moves returns the TTL in the form in which the server gives it back. It moves
// and does nothing else.
func (s *Store) moves(column string) string {
	moves := make([]string, len(s.config.Tiers))
	for i, t := range s.config.Tiers {
		moves[i] = fmt.Sprintf("toDateTime(%s) + toIntervalSecond(%d) TO VOLUME %s", column, int64(t.After/time.Second), quote(t.Volume))
	}
	return strings.Join(moves, ", ")
}
