package kafka

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/stream"
	"github.com/footfall-go/footfall/stream/streamtest"
)

// TestLog runs the suite on a real broker.
func TestLog(t *testing.T) {
	t.Parallel()
	addrs := broker(t).Addrs()
	for name, change := range map[string]func(*Config){
		"Dynamic": func(*Config) {},
		"Static":  func(c *Config) { c.InstanceID = "one" },
		"Several": func(c *Config) { c.Partitions = 3 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := configOf(t, addrs)
			change(&cfg)
			streamtest.Run(t, func(tb testing.TB) stream.Log {
				cfg := configOf(tb, addrs)
				change(&cfg)
				return open(tb, cfg)
			}, suiteOptions(int(cfg.Partitions))...)
		})
	}
}

func suiteOptions(partitions int) []streamtest.Option {
	return []streamtest.Option{
		streamtest.Partitions(partitions),
		streamtest.Reopen(func(tb testing.TB, log stream.Log) stream.Log {
			l := log.(*Log)
			require.NoError(tb, l.Close())
			return open(tb, l.cfg)
		}),
		streamtest.Second(func(tb testing.TB, log stream.Log) (stream.Log, error) {
			return open(tb, log.(*Log).cfg), nil
		}),
		streamtest.Trim(func(tb testing.TB, log stream.Log, before int64) { trim(tb, log.(*Log), before) }),
		streamtest.NextEpoch(func(tb testing.TB, log stream.Log) stream.Log {
			l := log.(*Log)
			require.ErrorIs(tb, owned(tb, l, func(p stream.Partition) error {
				_, _, err := p.Plan(tb.Context())
				return err
			}), stream.ErrRaised, "this one is of the epoch before")
			require.NoError(tb, l.Close())
			cfg := l.cfg
			cfg.Epoch++
			return open(tb, cfg)
		}),
	}
}
