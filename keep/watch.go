package keep

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/footfall-go/footfall/internal/schema"
)

// Watch reads the requests that stand again and again until ctx ends; then it
// returns nil. Where several processes have a keeper of one store, each of them
// watches: the door of one refuses who was erased at another, and Run of one
// carries out what was requested at another. While the store does not answer,
// what was known last holds.
func (k *Keeper) Watch(ctx context.Context) error {
	tick := time.NewTicker(k.config.WatchEvery)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		bounded, cancel := context.WithTimeout(ctx, watchTime)
		err := k.load(bounded)
		cancel()
		if failed := err != nil; failed != failing && ctx.Err() == nil {
			if failing = failed; failed {
				k.config.Logger.ErrorContext(ctx, "erasures requested elsewhere are not seen", "error", err)
			} else {
				k.config.Logger.InfoContext(ctx, "erasures requested elsewhere are seen again")
			}
		}
	}
}

// watchTime bounds one look.
const watchTime = 10 * time.Second

// load makes the requests that stand in the store those that are known here.
// What was read while this keeper wrote may be older than what it knows, and is
// left to the next look.
func (k *Keeper) load(ctx context.Context) error {
	k.mu.Lock()
	writes, busy := k.writes, k.writing
	k.mu.Unlock()
	if busy > 0 {
		return nil
	}
	saved, err := k.config.Store.Defined(ctx, schema.KindErasure)
	if err != nil {
		return fmt.Errorf("keep: read the erasures that stand: %w", err)
	}
	requests := make(map[string]*Receipt, len(saved))
	for i := range saved {
		r := &Receipt{version: saved[i].Version}
		if err := json.Unmarshal([]byte(saved[i].Body), r); err != nil {
			return fmt.Errorf("keep: read erasure %s: %w", saved[i].ID, err)
		}
		requests[r.Name] = r
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.writing > 0 || k.writes != writes {
		return nil
	}
	if k.bans.Load() == nil || k.news(requests) {
		k.replace(func() { k.requests = requests })
	}
	return nil
}

// news reports whether other requests stand than those known, and wakes Run if
// one of them waits for it. k.mu is held.
func (k *Keeper) news(requests map[string]*Receipt) (news bool) {
	for name, r := range requests {
		known := k.requests[name]
		if known != nil && known.version == r.version {
			continue
		}
		if news = true; known == nil && r.State == Pending {
			k.wake()
		}
	}
	return news || len(requests) != len(k.requests)
}

// replace changes what is known, and lets others see it. k.mu is held.
func (k *Keeper) replace(change func()) {
	change()
	k.wrote = time.Now()
	k.ban()
	close(k.changed)
	k.changed = make(chan struct{})
}

// noticed waits until every door that watches has seen what was written last,
// here or elsewhere.
func (k *Keeper) noticed(ctx context.Context) error {
	k.mu.Lock()
	left := time.Until(k.wrote.Add(k.config.Notice))
	k.mu.Unlock()
	if left <= 0 {
		return nil
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
