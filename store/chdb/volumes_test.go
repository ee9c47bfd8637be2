package chdb_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/store/chdb"
)

func TestVolumesConfig(t *testing.T) {
	t.Parallel()
	for _, wrong := range [][]chdb.Volume{
		{{Name: "warm"}}, {{Dir: "x"}}, {{Name: "default", Dir: "x"}}, {{Name: "a<b", Dir: "x"}}, {{Name: "warm", Dir: "x"}, {Name: "warm", Dir: "y"}},
	} {
		_, err := chdb.Open(t.Context(), chdb.Config{Dir: t.TempDir(), Volumes: wrong})
		require.ErrorContains(t, err, "Config.Volumes", "%v", wrong)
	}
	_, err := chdb.Open(t.Context(), chdb.Config{Dir: t.TempDir(), ConfigFile: "volumes_test.go", Volumes: []chdb.Volume{{Name: "warm", Dir: "x"}}})
	require.ErrorContains(t, err, "Config.ConfigFile")
}
