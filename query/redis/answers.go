package redis

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/klauspost/compress/s2"
	"github.com/redis/rueidis"

	"github.com/footfall-go/footfall/internal/outage"
)

// Get implements [query.Answers].
func (s *Shared) Get(ctx context.Context, key string) ([]byte, error) {
	packed, err := outage.Call(ctx, s.answers, func(ctx context.Context) ([]byte, error) {
		packed, err := s.client.Do(ctx, s.client.B().Get().Key(s.answer(key)).Build()).AsBytes()
		if rueidis.IsRedisNil(err) {
			return nil, nil
		}
		return packed, err
	})
	if err != nil || packed == nil {
		return nil, err
	}
	size, err := s2.DecodedLen(packed)
	if err != nil {
		return nil, fmt.Errorf("unpack an answer: %w", err)
	}
	if size > s.config.MaxAnswer {
		return nil, errors.New("unpack an answer: it is too large")
	}
	return s2.Decode(nil, packed)
}

// Set implements [query.Answers]. An answer that is too large is not kept.
func (s *Shared) Set(ctx context.Context, key string, answer []byte, ttl time.Duration) error {
	if len(answer) > s.config.MaxAnswer {
		return nil
	}
	packed := rueidis.BinaryString(s2.Encode(nil, answer))
	_, err := outage.Call(ctx, s.answers, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, s.client.Do(ctx, s.client.B().Set().Key(s.answer(key)).Value(packed).Px(ttl).Build()).Error()
	})
	return err
}

func (s *Shared) answer(key string) string { return s.config.Prefix + "answer:" + key }
