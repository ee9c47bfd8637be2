package stack

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/store/clickhouse"
	"github.com/footfall-go/footfall/stream/kafka"
)

// TestRoleFlagBeatsEnvironmentBeatsFile reads one file for all roles.
func TestRoleFlagBeatsEnvironmentBeatsFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "footfall.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`
data: /var/lib/footfall
night: 4h
notice: 5s
geoip: places.mmdb
tenants: [{id: shop, write_keys: [wk_s], read_keys: [rk_s]}]
kafka:
  brokers: ["a:1", "b:2"]
  topic: clicks
  group: file
  epoch: 3
  partitions: 8
  replication: 2
  min_in_sync: 1
  retention: 2w
  session: 6s
  tls: {on: true}
  sasl: {mechanism: SCRAM-SHA-256, user: u, password: file}
clickhouse: {url: "https://store:8443", database: d, user: cu, password: cp}
redis: {url: "redis://cache:6379/1", user: ru, password: rp}
`), 0o600))
	env := map[string]string{"FOOTFALL_CONFIG": file, "FOOTFALL_KAFKA_PASSWORD": "env", "FOOTFALL_GROUP": "env"}
	for _, role := range []role{roleIngest, roleProcess, roleQuery} {
		s, err := newServerFlags(role).settings(process(env), []string{"--group", "flag", "--kafka-instance", "one"})
		require.NoError(t, err)
		require.NoError(t, s.check(role))
		k := s.Beside.Kafka
		require.NotNil(t, k.TLS)
		require.NotEmpty(t, k.ClientID)
		k.TLS, k.ClientID = nil, ""
		require.Equal(t, kafka.Config{
			Brokers: []string{"a:1", "b:2"}, Topic: "clicks", Group: "flag", InstanceID: "one", Epoch: 3, Partitions: 8, Replication: 2, MinInSync: 1,
			Retention: 14 * 24 * time.Hour, SessionTimeout: 6 * time.Second, SASL: &kafka.SASL{Mechanism: "SCRAM-SHA-256", User: "u", Password: "env"},
		}, k)
		c := s.Beside.ClickHouse
		require.NotNil(t, c.TLS)
		c.TLS = nil
		require.Equal(t, ClickHouse{Shards: [][]string{{"https://store:8443"}}, Database: "d", User: "cu", Password: "cp"}, c)
		r := s.Beside.Redis
		require.Equal(t, []any{[]string{"cache:6379"}, 1, "ru", "rp"}, []any{r.InitAddress, r.SelectDB, r.Username, r.Password})
		require.Empty(t, s.Data)
		require.Equal(t, role.listen, s.Listen)
		require.Equal(t, 5*time.Second, s.Notice)
		require.Equal(t, role.processor, s.Night == 4*time.Hour)
		require.Equal(t, role.door, s.GeoIP != "")
	}

	env["FOOTFALL_KAFKA"] = "c:3, d:4"
	s, err := newServerFlags(roleQuery).settings(process(env), nil)
	require.NoError(t, err)
	require.Equal(t, []string{"c:3", "d:4"}, s.Beside.Kafka.Brokers)
	s, err = newServerFlags(roleQuery).settings(process(env), []string{"--kafka", "e:5,f:6", "--kafka", "g:7"})
	require.NoError(t, err)
	require.Equal(t, []string{"e:5", "f:6", "g:7"}, s.Beside.Kafka.Brokers)
}

// TestReplicasAndShards brings servers from flags, environment and file to both
// packages that speak to them.
func TestReplicasAndShards(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "footfall.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`clickhouse: {urls: ["http://a:1,http://b:1", "http://c:1"], cluster: file}`), 0o600))
	of := func(env map[string]string, args ...string) *ClickHouse {
		t.Helper()
		s, err := newServerFlags(roleQuery).settings(process(env), args)
		require.NoError(t, err)
		return &s.Beside.ClickHouse
	}
	replicas := of(nil, "--clickhouse", "http://a:1, http://b:1")
	require.Equal(t, "http://a:1", replicas.store().URL)
	require.Equal(t, []string{"http://b:1"}, replicas.store().Replicas)
	require.Equal(t, []string{"http://a:1", "http://b:1"}, replicas.questions().URLs)
	require.False(t, replicas.questions().Cluster)
	shards := [][]string{{"http://a:1", "http://b:1"}, {"http://c:1"}}
	for _, c := range []*ClickHouse{
		of(nil, "--clickhouse", "http://a:1,http://b:1", "--clickhouse", "http://c:1", "--clickhouse-cluster", "x"),
		of(map[string]string{"FOOTFALL_CLICKHOUSE": "http://a:1,http://b:1 http://c:1", "FOOTFALL_CLICKHOUSE_CLUSTER": "x"}),
		of(nil, "--config", file, "--clickhouse-cluster", "x"),
	} {
		require.Equal(t, &clickhouse.Cluster{Name: "x", Shards: shards}, c.store().Cluster)
		require.Empty(t, c.store().URL)
		require.Equal(t, []string{"http://a:1", "http://b:1", "http://c:1"}, c.questions().URLs)
		require.True(t, c.questions().Cluster)
	}
}

// TestRoleUsage names the flag and the rule of each mistake, all at once.
func TestRoleUsage(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty.pem")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	shards := filepath.Join(t.TempDir(), "shards.yaml")
	require.NoError(t, os.WriteFile(shards, []byte(`clickhouse: {urls: ["http://a:1", "http://b:1"]}`), 0o600))
	good := map[string]string{"kafka": "k:1", "clickhouse": "http://c:1", "tenant": tenantOfTest}
	for name, c := range map[string]struct {
		change map[string]string
		want   []string
	}{
		"Nothing":      {map[string]string{"kafka": "", "clickhouse": "", "tenant": ""}, []string{"--kafka is required", "--clickhouse is required", "a tenant is required"}},
		"NoURL":        {map[string]string{"clickhouse": "c:1"}, []string{`--clickhouse: "c:1" is no http or https address`}},
		"Shards":       {map[string]string{"clickhouse": "", "config": shards}, []string{"2 shards: that takes --clickhouse-cluster"}},
		"ClickHouseCA": {map[string]string{"clickhouse-ca": empty}, []string{"--clickhouse-ca", "has no certificate"}},
		"UserInURL": {
			map[string]string{"clickhouse": "http://u:secret@c:1"}, []string{"--clickhouse names a user", "FOOTFALL_CLICKHOUSE_PASSWORD"},
		},
		"NoRedis":     {map[string]string{"redis": "cache:6379"}, []string{"--redis", "is no redis:// or rediss:// address"}},
		"UserInRedis": {map[string]string{"redis": "redis://u:secret@cache"}, []string{"--redis names a user", "FOOTFALL_REDIS_PASSWORD"}},
		"Numbers": {
			map[string]string{"partitions": "0", "replication": "101", "epoch": "65536"},
			[]string{"--partitions is 0", "--replication is 101, more than 100", "--epoch is 65536, more than 65535"},
		},
		"Sign":    {map[string]string{"partitions": "-1"}, []string{"-partitions"}},
		"CAAlone": {map[string]string{"kafka-ca": empty}, []string{"want --kafka-tls"}},
		"CA":      {map[string]string{"kafka-tls": "true", "kafka-ca": empty}, []string{"--kafka-ca", "has no certificate"}},
		"Cert":    {map[string]string{"kafka-tls": "true", "kafka-cert": "nowhere.pem"}, []string{"--kafka-cert"}},
		"Data":    {map[string]string{"data": "x"}, []string{"-data"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var args []string
			for flag, value := range good {
				if _, changed := c.change[flag]; !changed {
					args = append(args, "--"+flag, value)
				}
			}
			for flag, value := range c.change {
				if value != "" {
					args = append(args, "--"+flag+"="+value)
				}
			}
			for _, role := range []role{roleIngest, roleProcess, roleQuery} {
				s, err := newServerFlags(role).settings(process(nil), args)
				if err == nil {
					err = s.check(role)
				}
				require.ErrorIs(t, err, errUsage)
				for _, want := range c.want {
					require.ErrorContains(t, err, want)
				}
				require.NotContains(t, err.Error(), "secret")
			}
		})
	}
}

const tenantOfTest = "shop:wk_s:rk_s"
