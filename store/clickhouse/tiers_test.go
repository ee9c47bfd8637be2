package clickhouse_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/store/clickhouse"
)

func TestTiersConfig(t *testing.T) {
	t.Parallel()
	for _, wrong := range [][]clickhouse.Tier{
		{{Volume: "warm"}}, {{After: time.Hour}}, {{Volume: "warm", After: 2 * time.Hour}, {Volume: "cold", After: time.Hour}}, {{Volume: "warm", After: time.Millisecond}},
	} {
		_, err := clickhouse.New(clickhouse.Config{StoragePolicy: "p", Tiers: wrong})
		require.ErrorContains(t, err, "Config.Tiers", "%v", wrong)
	}
	_, err := clickhouse.New(clickhouse.Config{Tiers: []clickhouse.Tier{{Volume: "warm", After: time.Hour}}})
	require.ErrorContains(t, err, "Config.StoragePolicy")
}
