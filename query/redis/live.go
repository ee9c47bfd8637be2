package redis

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/internal/outage"
	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/tenant"
)

//go:embed write.lua
var writeScript string

const (
	// chunk bounds what one call of the script does, since nobody else is served
	// meanwhile.
	chunk = 100
	// poll is how often it is looked whether there is more: in the memory of this
	// process, unless there is.
	poll = 100 * time.Millisecond
	// cached is how long that memory is believed if Redis should not tell.
	cached = 10 * time.Second
)

// Write implements [footfall.Sink]: it gives events of tenants that somebody
// looks at to all processes. An error means that some are missing.
func (s *Shared) Write(ctx context.Context, events []footfall.Event) error {
	of := map[tenant.ID][]int{}
	for i := range events {
		of[events[i].Tenant] = append(of[events[i].Tenant], i)
	}
	var errs []error
	for id, list := range of {
		watched, err := outage.Call(ctx, s.live, func(ctx context.Context) (bool, error) { return s.watched(ctx, id) })
		if err != nil {
			errs = append(errs, fmt.Errorf("ask who looks: %w", err))
			continue
		}
		if watched {
			errs = append(errs, s.append(ctx, id, events, list))
		}
	}
	return errors.Join(errs...)
}

// watched asks whether somebody looks at a tenant. Redis answers the first time,
// and tells when that changes.
func (s *Shared) watched(ctx context.Context, id tenant.ID) (bool, error) {
	err := s.client.DoCache(ctx, s.client.B().Get().Key(s.key(id, "looked")).Cache(), cached).Error()
	if rueidis.IsRedisNil(err) {
		return false, nil
	}
	return err == nil, err
}

// append writes those events of a tenant that will be kept.
func (s *Shared) append(ctx context.Context, id tenant.ID, events []footfall.Event, list []int) error {
	skipped := max(0, len(list)-s.config.Events)
	for part := range slices.Chunk(list[skipped:], chunk) {
		args := []string{strconv.Itoa(s.config.Events), strconv.FormatInt(s.config.Keep.Milliseconds(), 10), strconv.Itoa(skipped)}
		skipped = 0
		for _, i := range part {
			text, err := encode(&events[i])
			if err != nil {
				return footfall.Permanent(fmt.Errorf("encode an event: %w", err))
			}
			args = append(args, text)
		}
		_, err := outage.Call(ctx, s.live, func(ctx context.Context) (struct{}, error) {
			return struct{}{}, s.write.Exec(ctx, s.client, []string{s.key(id, "live")}, args).Error()
		})
		if err != nil {
			return fmt.Errorf("write live events: %w", err)
		}
	}
	return nil
}

func encode(ev *footfall.Event) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(query.EventOf(ev))
	return b.String(), err
}

// Read implements [query.Live].
func (s *Shared) Read(ctx context.Context, t tenant.ID, after string, limit int) (query.LivePage, error) {
	if err := s.look(ctx, t); err != nil {
		return query.LivePage{}, fmt.Errorf("say that somebody looks: %w", err)
	}
	if after == "" {
		return s.now(ctx, t)
	}
	from, known := parsePlace(after)
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		page, err := outage.Call(ctx, s.live, func(ctx context.Context) (query.LivePage, error) { return s.page(ctx, t, from, known, limit) })
		if err != nil || len(page.Events) > 0 || page.Missed != 0 {
			return page, err
		}
		from, known = parsePlace(page.Next)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return query.LivePage{}, context.Cause(ctx)
		}
		if err := s.look(ctx, t); err != nil {
			return query.LivePage{}, fmt.Errorf("say that somebody looks: %w", err)
		}
	}
}

// look says that somebody looks, unless that was said a while ago.
func (s *Shared) look(ctx context.Context, t tenant.ID) error {
	s.mu.Lock()
	now := time.Now()
	recent := now.Sub(s.looked[t]) < s.config.Keep/4
	s.mu.Unlock()
	if recent {
		return nil
	}
	_, err := outage.Call(ctx, s.live, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, s.client.Do(ctx, s.client.B().Set().Key(s.key(t, "looked")).Value("1").Px(s.config.Keep).Build()).Error()
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.looked, func(_ tenant.ID, at time.Time) bool { return now.Sub(at) > s.config.Keep })
	s.looked[t] = now
	return nil
}

// now returns the place behind the last event.
func (s *Shared) now(ctx context.Context, t tenant.ID) (query.LivePage, error) {
	return outage.Call(ctx, s.live, func(ctx context.Context) (query.LivePage, error) {
		last, err := s.client.Do(ctx, s.client.B().Xrevrange().Key(s.key(t, "live")).End("+").Start("-").Count(1).Build()).AsXRange()
		if err != nil {
			return query.LivePage{}, err
		}
		at := place{id: "0-0"}
		if len(last) > 0 {
			at, err = placeOf(&last[0])
		}
		return query.LivePage{Next: at.cursor()}, err
	})
}

// page returns what stands behind a place. All who are at the same place share
// one answer of Redis, until there is something new.
func (s *Shared) page(ctx context.Context, t tenant.ID, from place, known bool, limit int) (page query.LivePage, err error) {
	start := "-"
	if known {
		start = "(" + from.id
	}
	// The builder of XRANGE does not know that it can be cached.
	command := s.client.B().Arbitrary("XRANGE").Keys(s.key(t, "live")).Args(start, "+", "COUNT", strconv.Itoa(limit))
	found, err := s.client.DoCache(ctx, rueidis.Cacheable(command.ReadOnly()), cached).AsXRange()
	if err != nil {
		return page, err
	}
	page.Next = from.cursor()
	if !known {
		page.Missed, page.Next = -1, place{id: "0-0"}.cursor()
	}
	for i := range found {
		at, err := placeOf(&found[i])
		if err != nil {
			return page, err
		}
		text, ok := found[i].FieldValues["e"]
		if known && i == 0 {
			next := at
			if !ok {
				next.number++
			}
			page.Missed = from.missed(next)
		}
		page.Next = at.cursor()
		if !ok { // it only says how far the numbers are
			continue
		}
		var ev query.Event
		if err := json.Unmarshal([]byte(text), &ev); err != nil {
			return page, fmt.Errorf("read a live event: %w", err)
		}
		page.Events = append(page.Events, query.LiveEvent{Cursor: page.Next, Event: ev})
	}
	return page, nil
}
