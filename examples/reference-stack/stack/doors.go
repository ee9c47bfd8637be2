package stack

import (
	"context"
	"errors"
	"log/slog"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/ingest"
	"github.com/footfall-go/footfall/ingest/geoip"
	"github.com/footfall-go/footfall/ingest/useragent"
	"github.com/footfall-go/footfall/query"
	"github.com/footfall-go/footfall/stream"
)

// openDoors opens what takes events and what answers questions. Replays go
// through the door too, from where the answers are.
func (s *Server) openDoors() (err error) {
	if s.role.door || s.role.answers {
		config := ingest.Config{
			Log: outspoken{s.records, s.log}, Auth: s.keys, Partitions: s.records.Partitions(), Positions: s.records, AdminKey: s.adminKey,
			Tenants: s.keys.Tenant, Origins: s.keys.Origins, Unavailable: unavailable, Bans: s.keeper, MeterProvider: s.metrics.provider,
			UserAgent: useragent.New(), TrustedProxies: s.settings.Proxies,
		}
		if config.Limiter, err = s.limiter(); err != nil {
			return err
		}
		if s.settings.GeoIP != "" {
			if config.Geo, err = geoip.Load(s.settings.GeoIP); err != nil {
				return usagef("%w", err)
			}
		}
		if s.door, err = ingest.New(config); err != nil {
			return err
		}
	}
	if !s.role.answers {
		return nil
	}
	config := query.Config{
		Conn: s.conn, Cookies: s.cookies, Watermark: s.progress.watermark, Version: s.progress.version, Segments: s.store,
		Logger: s.log, MeterProvider: s.metrics.provider,
	}
	if s.live != nil {
		config.Live = s.live
	}
	config.Answers = s.shared
	if s.answers, err = query.New(config); err != nil {
		return err
	}
	s.http.RegisterOnShutdown(s.answers.EndLive)
	return nil
}

func unavailable(err error) bool { return errors.Is(err, stream.ErrUnavailable) }

// outspoken logs what no log should say. That it is unavailable a log has logged
// itself, once; so the door is given no logger.
type outspoken struct {
	records
	log *slog.Logger
}

func (l outspoken) Append(ctx context.Context, records []footfall.Record) error {
	err := l.records.Append(ctx, records)
	if err != nil && !unavailable(err) && ctx.Err() == nil {
		l.log.Error("append to the log", "error", err)
	}
	return err
}
