package clickhouse_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall"
	"github.com/footfall-go/footfall/store/chdb/chdbtest"
	"github.com/footfall-go/footfall/store/clickhouse"
	"github.com/footfall-go/footfall/store/storetest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// shards plays servers of a cluster on the one engine there is: each has the
// rows in a database of its own, named after its host. What needs a keeper or a
// connection between servers is what it is nearest to here: replicated tables
// are plain, those of type Distributed read the databases of all hosts (FINAL
// chooses within each, as on a cluster), and catching up is a note. So what is
// under test is which server is sent what, and whether the rows of several
// shards add up.
type shards struct {
	next  http.RoundTripper
	hosts []string

	mu         sync.Mutex
	statements []string
	synced     map[string]int            // by host and statement
	inserts    map[string]map[string]int // by table and host
	settings   []map[string]string       // of inserts
}

var (
	replicated  = regexp.MustCompile(`Replicated(\w*)MergeTree\('[^']*', '[^']*'(?:, )?`)
	distributed = regexp.MustCompile(`AS (\w+)_local\.(\w+)\nENGINE = Distributed\('two', '(\w+)', '(\w+)'\)`)
	onCluster   = " ON CLUSTER 'two'"
)

func (s *shards) RoundTrip(r *http.Request) (*http.Response, error) {
	host, database := r.URL.Host, r.URL.Query().Get("database")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	sql := string(body)
	if insert := r.URL.Query().Get("query"); insert != "" {
		s.note(host, insert, r)
		return s.send(r, host, database, body)
	}
	s.mu.Lock()
	s.statements = append(s.statements, sql)
	if strings.HasPrefix(sql, "SYSTEM SYNC REPLICA") {
		s.synced[host+" "+sql]++
		sql = "SELECT 1"
	}
	s.mu.Unlock()
	everywhere := strings.Contains(sql, onCluster)
	sql = strings.ReplaceAll(sql, onCluster, "")
	sql = replicated.ReplaceAllString(sql, "${1}MergeTree(")
	sql = distributed.ReplaceAllString(sql, "AS ${1}_local_"+s.hosts[0]+".$2\nENGINE = Merge(REGEXP('^${1}_local_'), '^$2$$')")
	if !everywhere || database != "" && !strings.HasSuffix(database, "_local") || strings.Contains(sql, "ENGINE = Merge(") {
		return s.send(r, host, database, []byte(sql))
	}
	var last *http.Response
	for _, host := range s.hosts {
		if last != nil {
			_ = last.Body.Close() // it holds a session of the engine
		}
		if last, err = s.send(r, host, database, []byte(strings.ReplaceAll(sql, "_local`", "_local_"+host+"`"))); err != nil || last.StatusCode != http.StatusOK {
			return last, err
		}
	}
	return last, nil
}

func (s *shards) note(host, insert string, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	table, _, _ := strings.Cut(strings.TrimPrefix(insert, "INSERT INTO "), " ")
	if s.inserts[table] == nil {
		s.inserts[table] = map[string]int{}
	}
	s.inserts[table][host]++
	settings := map[string]string{}
	for name, values := range r.URL.Query() {
		settings[name] = values[0]
	}
	s.settings = append(s.settings, settings)
}

func (s *shards) send(r *http.Request, host, database string, body []byte) (*http.Response, error) {
	sent := r.Clone(r.Context())
	if strings.HasSuffix(database, "_local") {
		values := sent.URL.Query()
		values.Set("database", database+"_"+host)
		sent.URL.RawQuery = values.Encode()
	}
	sent.Body = io.NopCloser(bytes.NewReader(body))
	return s.next.RoundTrip(sent)
}

// onShards returns a store over two shards, and a connection to where questions
// go.
func onShards(tb testing.TB) (*clickhouse.Store, driver.Conn, *shards, string) {
	tb.Helper()
	database := chdbtest.Database(tb)
	conn := chdbtest.Conn(tb, database)
	s := &shards{next: chdbtest.Engine(tb).Transport(), hosts: []string{"a", "b"}, synced: map[string]int{}, inserts: map[string]map[string]int{}}
	tb.Cleanup(func() {
		for _, host := range s.hosts {
			_ = conn.Exec(context.Background(), "DROP DATABASE IF EXISTS "+database+"_local_"+host+" SYNC")
		}
	})
	store, err := clickhouse.New(clickhouse.Config{
		Transport: s, Database: database,
		Cluster: &clickhouse.Cluster{Name: "two", Shards: [][]string{{"http://a", "http://a2"}, {"http://b"}}},
	})
	require.NoError(tb, err)
	require.NoError(tb, store.Migrate(tb.Context()))
	return store, conn, s, database
}

// shardReader reads as questions do, and damages and merges where rows are.
type shardReader struct {
	reader
	database string
}

func (r shardReader) each(ctx context.Context, statement string) error {
	for _, host := range []string{"a", "b"} {
		if err := r.conn.Exec(ctx, strings.ReplaceAll(statement, "TABLE ", "TABLE "+r.database+"_local_"+host+".")); err != nil {
			return err
		}
	}
	return nil
}

func (r shardReader) Lose(ctx context.Context, epoch, partition uint16, from, to int64) error {
	return r.each(ctx, fmt.Sprintf("ALTER TABLE events DELETE WHERE _epoch=%d AND _p=%d AND bitNot(_first)>=%d AND bitNot(_first)<%d SETTINGS mutations_sync=2", epoch, partition, from, to))
}

func (r shardReader) Settle(ctx context.Context) error {
	for _, table := range []string{"events", "sessions", "identities", "traits"} {
		if err := r.each(ctx, "OPTIMIZE TABLE "+table+" FINAL"); err != nil {
			return err
		}
	}
	return nil
}

// TestTwoShards holds the suites against a store whose rows are on two shards:
// all that reads, counts and deletes has to look where they are.
func TestTwoShards(t *testing.T) {
	t.Parallel()
	t.Run("store", func(t *testing.T) {
		storetest.Run(t, func(tb testing.TB) (footfall.Store, storetest.Reader) {
			store, conn, _, database := onShards(tb)
			r := shardReader{reader{conn}, database}
			require.NoError(tb, r.each(tb.Context(), "ALTER TABLE events MODIFY SETTING max_bytes_to_merge_at_max_space_in_pool = 1, max_bytes_to_merge_at_min_space_in_pool = 1"))
			return store, r
		})
	})
	t.Run("keeper", func(t *testing.T) {
		storetest.RunKeeper(t, func(tb testing.TB) (storetest.Keeper, storetest.Reader) {
			store, conn, _, database := onShards(tb)
			return store, shardReader{reader{conn}, database}
		})
	})
	t.Run("snapshots", func(t *testing.T) {
		storetest.RunSnapshots(t, func(tb testing.TB) storetest.Snapshots {
			store, _, _, _ := onShards(tb)
			return store
		})
	})
}

// TestShardsAreFixed opens the data with more shards, in another order, without a
// cluster, and with one where there was none: all of that is refused, with what
// it was.
func TestShardsAreFixed(t *testing.T) {
	t.Parallel()
	store, conn, s, database := onShards(t)
	require.NoError(t, store.Migrate(t.Context()), "the same ones")
	try := func(database string, shards ...string) error {
		config := clickhouse.Config{Transport: s, Database: database}
		if len(shards) > 0 {
			config.Cluster = &clickhouse.Cluster{Name: "two"}
			for _, url := range shards {
				config.Cluster.Shards = append(config.Cluster.Shards, []string{url})
			}
		}
		store, err := clickhouse.New(config)
		require.NoError(t, err)
		return store.Migrate(t.Context())
	}
	require.NoError(t, try(database, "http://a", "http://b"))
	for _, tc := range []struct {
		shards []string
		want   []string
	}{
		{[]string{"http://a"}, []string{"what is shard 0 of 1 here (counted from 0) was 0 of 2"}},
		{[]string{"http://b", "http://a"}, []string{"shard 0 of 2 here (counted from 0) was 1 of 2", "shard 1 of 2 here (counted from 0) was 0 of 2"}},
		{[]string{"http://a", "http://b", "http://a"}, []string{"shard 0 of 3 here (counted from 0) was 0 of 2", "shard 2 of 3"}},
		{nil, []string{"was begun on a cluster"}},
	} {
		err := try(database, tc.shards...)
		require.ErrorIs(t, err, clickhouse.ErrShards, "%v", tc.shards)
		for _, want := range tc.want {
			require.ErrorContains(t, err, want)
		}
	}
	require.NoError(t, try(database, "http://a", "http://b"), "nothing was changed")
	one := chdbtest.Database(t)
	require.NoError(t, try(one))
	require.NoError(t, try(one))
	require.ErrorContains(t, try(one, "http://a", "http://b"), "was begun on one server")
	var noted uint64
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT count() FROM "+one+".schema_shards").Scan(&noted))
	require.EqualValues(t, 1, noted)
}

// TestPartitionsHaveTheirShard shows where rows go, with which settings, and
// that whoever reads back makes the replica catch up first.
func TestPartitionsHaveTheirShard(t *testing.T) {
	t.Parallel()
	store, conn, s, _ := onShards(t)
	for partition := range uint16(5) {
		b := claim(t, 0, 10)
		b.Partition = partition
		for i := range b.Events {
			b.Events[i].Position.Partition = partition
			b.Events[i].MessageID += fmt.Sprint("/", partition)
		}
		require.NoError(t, store.Insert(t.Context(), b, 0))
		require.NoError(t, store.Upsert(t.Context(), &footfall.Upserts{
			Partition: partition, Sessions: []footfall.Session{{Tenant: b.Events[0].Tenant, Visitor: b.Events[0].Visitor, Session: uint64(partition), Version: 1}},
		}))
		present, err := store.Present(t.Context(), 0, partition, 0, 10)
		require.NoError(t, err)
		require.Len(t, present, 10)
	}
	require.Equal(t, map[string]int{"a": 3, "b": 2}, s.inserts["events"])
	require.Equal(t, map[string]int{"a": 3, "b": 2}, s.inserts["sessions"])
	require.Equal(t, 3, s.synced["a SYSTEM SYNC REPLICA events LIGHTWEIGHT"])
	require.Equal(t, 2, s.synced["b SYSTEM SYNC REPLICA events LIGHTWEIGHT"])
	for _, settings := range s.settings {
		require.Equal(t, "auto", settings["insert_quorum"])
		require.Equal(t, "1", settings["insert_quorum_parallel"])
		require.Equal(t, "0", settings["insert_keeper_max_retries"])
	}
	var rows uint64
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT count() FROM events FINAL").Scan(&rows))
	require.EqualValues(t, 50, rows)

	// A person of whom one shard has the last event is not forgotten on the other.
	shop, err := owner("shop")
	require.NoError(t, err)
	user := footfall.ID{7}
	for partition := range uint16(2) {
		at := footfall.Millis(1_700_000_000_000)
		if partition == 1 {
			at += 90 * 24 * 3600 * 1000
		}
		require.NoError(t, store.Insert(t.Context(), &footfall.Batch{Partition: partition, From: 100, To: 101, Events: []footfall.Event{{
			Tenant: shop, Type: footfall.Track, Name: "E", MessageID: fmt.Sprint("u", partition), Time: at, Received: at, Visitor: footfall.ID{8 + byte(partition)}, User: user,
			Position: footfall.Position{Partition: partition, Offset: 100},
		}}}, 0))
		require.NoError(t, store.Upsert(t.Context(), &footfall.Upserts{
			Partition: partition, IDs: []footfall.IDText{{Tenant: shop, ID: user, Kind: footfall.KindUser, Text: "u"}},
			Traits: []footfall.Trait{{Tenant: shop, ID: user, Kind: footfall.TraitSet, Key: fmt.Sprint("k", partition), Value: "1", Position: footfall.Position{Partition: partition, Offset: 100}}},
		}))
	}
	before := footfall.Millis(1_700_000_000_000 + 30*24*3600*1000)
	gone, err := store.Expire(t.Context(), &footfall.Expiry{Tenant: shop, Before: before, Received: before})
	require.NoError(t, err)
	require.EqualValues(t, 1, gone["events"])
	require.Zero(t, gone["traits"], "the user has an event on the other shard")
	stats, err := store.Stats(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 2, stats.Rows["traits"])
}

// TestClusterStatements holds the statements for a cluster against a golden file,
// and against the engine's parser: nothing here can carry them out.
func TestClusterStatements(t *testing.T) {
	t.Parallel()
	store, conn, s, database := onShards(t)
	require.NoError(t, store.Upsert(t.Context(), &footfall.Upserts{Erasures: []footfall.Erasure{{Name: "e", IDs: []footfall.ID{{1}}}}}))
	seen := map[string]bool{}
	var all []string
	for _, statement := range s.statements {
		statement = strings.ReplaceAll(statement, database, "footfall")
		if cluster := strings.Contains(statement, "CLUSTER") || strings.HasPrefix(statement, "SYSTEM"); !cluster || seen[statement] {
			continue
		}
		seen[statement] = true
		all = append(all, statement)
		var formatted string
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT formatQuerySingleLine(?)", statement).Scan(&formatted), statement)
		for _, word := range []string{" ON CLUSTER ", "Replicated", "Distributed", "{replica}", "LIGHTWEIGHT"} {
			require.Equal(t, strings.Contains(statement, word), strings.Contains(formatted, word), formatted)
		}
	}
	got := strings.Join(all, ";\n\n") + ";\n"
	const golden = "testdata/cluster.sql"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "run with -update if this is meant")
}

func TestClusterConfig(t *testing.T) {
	t.Parallel()
	for message, config := range map[string]clickhouse.Config{
		"Cluster.Name is required":      {Cluster: &clickhouse.Cluster{Shards: [][]string{{"http://a"}}}},
		"Cluster.Shards is required":    {Cluster: &clickhouse.Cluster{Name: "x"}},
		"shard 1 has no server":         {Cluster: &clickhouse.Cluster{Name: "x", Shards: [][]string{{"http://a"}, nil}}},
		"neither auto nor a number":     {Cluster: &clickhouse.Cluster{Name: "x", Shards: [][]string{{"http://a"}}, Quorum: "most"}},
		"leave out URL and Replicas":    {URL: "http://a", Cluster: &clickhouse.Cluster{Name: "x", Shards: [][]string{{"http://a"}}}},
		"no http or https address":      {Cluster: &clickhouse.Cluster{Name: "x", Shards: [][]string{{"tcp://a"}}}},
		"Config.Attempts, DialTimeout ": {Attempts: -1},
	} {
		_, err := clickhouse.New(config)
		require.ErrorContains(t, err, message)
	}
}
