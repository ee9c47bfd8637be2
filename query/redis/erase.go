package redis

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"

	"github.com/redis/rueidis"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/outage"
	"github.com/footfall-go/footfall/query"
)

//go:embed erase.lua
var eraseScript string

// Erase implements [footfall.Eraser]: events of who is erased are not shown to
// anybody any longer. An error, such as while Redis is away, says that some may
// be there until their time is over.
func (s *Shared) Erase(ctx context.Context, e *footfall.Erasure) error {
	key := s.key(e.Tenant, "live")
	for start := "-"; start != ""; {
		_, err := outage.Call(ctx, s.live, func(ctx context.Context) (struct{}, error) {
			found, err := s.client.Do(ctx, s.client.B().Xrange().Key(key).Start(start).End("+").Count(chunk).Build()).AsXRange()
			if err != nil {
				return struct{}{}, err
			}
			start = ""
			if len(found) == chunk {
				start = "(" + found[chunk-1].ID
			}
			gone, err := erasedOf(found, e)
			if err != nil || len(gone) == 0 {
				return struct{}{}, err
			}
			return struct{}{}, s.erase.Exec(ctx, s.client, []string{key}, gone).Error()
		})
		if err != nil {
			return fmt.Errorf("erase live events: %w", err)
		}
	}
	return nil
}

// erasedOf returns the ids of the entries that are to go.
func erasedOf(found []rueidis.XRangeEntry, e *footfall.Erasure) (gone []string, err error) {
	for i := range found {
		text, ok := found[i].FieldValues["e"]
		if !ok {
			continue
		}
		var ev query.Event
		if err := json.Unmarshal([]byte(text), &ev); err != nil {
			return nil, fmt.Errorf("read a live event: %w", err)
		}
		if ev.ErasedBy(e) {
			gone = append(gone, found[i].ID)
		}
	}
	return gone, nil
}
