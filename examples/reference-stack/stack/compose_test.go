package stack

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/stretchr/testify/require"
)

// stackFile is a file of the reference deployment.
func stackFile(name string) string { return filepath.Join("..", name) }

func compose(t *testing.T) *types.Project {
	t.Helper()
	file, err := filepath.Abs(stackFile("compose.yaml"))
	require.NoError(t, err)
	project, err := loader.LoadWithContext(context.Background(), types.ConfigDetails{
		WorkingDir: filepath.Dir(file), ConfigFiles: []types.ConfigFile{{Filename: file}}, Environment: types.Mapping{},
	})
	require.NoError(t, err)
	return project
}

// pinned is a name with a tag that says a version.
var pinned = regexp.MustCompile(`^[a-z0-9./-]+:[a-z]*-?\d+\.\d+[a-z0-9.-]*$|^[a-z0-9./-]+:\d+[a-z0-9.-]*$`)

// TestCompose holds the file of the reference deployment to the schema of
// Compose, and to rules of our own.
func TestCompose(t *testing.T) {
	t.Parallel()
	project := compose(t)
	for _, want := range []string{"kafka", "clickhouse", "valkey", "ingest", "process", "query"} {
		require.Contains(t, project.Services, want)
	}
	for name, s := range project.Services {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Regexp(t, pinned, s.Image)
			for _, port := range s.Ports {
				require.Equal(t, "127.0.0.1", port.HostIP, "port %d is open to others", port.Target)
			}
			require.Empty(t, s.NetworkMode)
			require.False(t, s.Privileged)
			require.NotEmpty(t, s.User)
			require.NotContains(t, []string{"root", "0"}, strings.Split(s.User, ":")[0])
			require.Equal(t, []string{"ALL"}, s.CapDrop)
			require.Equal(t, "unless-stopped", s.Restart)
			require.NotNil(t, s.HealthCheck)
			require.GreaterOrEqual(t, len(s.HealthCheck.Test), 2)
			require.NotNil(t, s.HealthCheck.StartPeriod)
			require.NotNil(t, s.Deploy)
			require.NotNil(t, s.Deploy.Resources.Limits)
			require.Positive(t, s.Deploy.Resources.Limits.MemoryBytes)
			for _, v := range s.Volumes {
				require.Equal(t, types.VolumeTypeVolume, v.Type)
				require.Contains(t, project.Volumes, v.Source, "volumes have names")
			}
			for on, how := range s.DependsOn {
				require.Equal(t, types.ServiceConditionHealthy, how.Condition, on)
				require.Contains(t, project.Services, on)
			}
		})
	}
}

// TestComposeRuns hands the commands and the environment of each role to the
// program that will get them.
func TestComposeRuns(t *testing.T) {
	t.Parallel()
	project := compose(t)
	for _, role := range []role{roleIngest, roleProcess, roleQuery} {
		s := project.Services[role.name]
		require.Equal(t, role.name, s.Command[0])
		env := map[string]string{}
		for name, value := range s.Environment {
			require.NotNil(t, value, name)
			env[name] = *value
		}
		f := newServerFlags(role)
		settings, err := f.settings(process(env), s.Command[1:])
		require.NoError(t, err)
		require.NoError(t, settings.check(role))
		for name := range env {
			flag := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, "FOOTFALL_"), "_", "-"))
			require.NotNil(t, f.Lookup(flag), "%s is no flag of %s", name, role.name)
		}
		require.Equal(t, "0.0.0.0:8080", settings.Listen)
		for _, port := range s.Ports {
			require.EqualValues(t, 8080, port.Target)
		}
		require.Less(t, settings.Drain+settings.Notice, time.Duration(*s.StopGracePeriod), "compose kills it before it is done")
		require.Equal(t, []string{"CMD", "footfall", "ready", "--url", "http://127.0.0.1:8080"}, []string(s.HealthCheck.Test))
		// The addresses are those of services here.
		require.Equal(t, []string{"kafka:9092"}, settings.Beside.Kafka.Brokers)
		require.Equal(t, [][]string{{"http://clickhouse:8123"}}, settings.Beside.ClickHouse.Shards)
		require.Equal(t, []string{"valkey:6379"}, settings.Beside.Redis.InitAddress)
		store := project.Services["clickhouse"].Environment
		require.Equal(t, *store["CLICKHOUSE_USER"], settings.Beside.ClickHouse.User)
		require.Equal(t, *store["CLICKHOUSE_PASSWORD"], settings.Beside.ClickHouse.Password)
		require.Equal(t, *store["CLICKHOUSE_DB"], settings.Beside.ClickHouse.Database)
	}
}

// TestDockerfile parses the Dockerfile as BuildKit does, with its linter, and
// holds it to rules of our own.
func TestDockerfile(t *testing.T) {
	t.Parallel()
	file, err := os.Open(stackFile("Dockerfile"))
	require.NoError(t, err)
	defer func() { _ = file.Close() }() // was only read
	parsed, err := parser.Parse(file)
	require.NoError(t, err)
	require.Empty(t, parsed.Warnings)
	var warnings []string
	stages, _, err := instructions.Parse(parsed.AST, linter.New(&linter.Config{
		Warn: func(rule, _, _, message string, _ []parser.Range) {
			warnings = append(warnings, fmt.Sprint(rule, ": ", message))
		},
	}))
	require.NoError(t, err)
	require.Empty(t, warnings)

	known := []string{}
	user, health := map[string]string{}, map[string]bool{}
	for i := range stages {
		s := &stages[i]
		if !slices.Contains(known, s.BaseName) {
			require.Regexp(t, pinned, s.BaseName)
		}
		user[s.Name], health[s.Name] = user[s.BaseName], health[s.BaseName]
		for _, c := range s.Commands {
			switch c := c.(type) {
			case *instructions.UserCommand:
				user[s.Name] = c.User
			case *instructions.HealthCheckCommand:
				health[s.Name] = true
				require.Equal(t, []string{"CMD", "footfall", "ready", "--url", "http://127.0.0.1:8080"}, c.Health.Test)
			case *instructions.CopyCommand:
				if c.From != "" {
					require.Contains(t, known, c.From)
					continue
				}
				for _, path := range c.SourcePaths {
					_, err := os.Stat(filepath.Join("..", "..", "..", path))
					require.NoError(t, err)
				}
			}
		}
		known = append(known, s.Name)
	}
	require.Equal(t, "roles", known[len(known)-1], "the last stage is what is built by default")
	for _, image := range []string{"roles", "engine"} {
		require.Equal(t, "10001:10001", user[image])
		require.True(t, health[image])
	}
	for _, s := range compose(t).Services {
		if s.Build != nil {
			require.Contains(t, known, s.Build.Target)
			require.FileExists(t, filepath.Join(s.Build.Context, s.Build.Dockerfile))
			require.Equal(t, user[s.Build.Target], s.User)
		}
	}
}
