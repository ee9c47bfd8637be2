package clickhouse

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"

	"github.com/footfall-go/footfall/internal/schema"
)

// Cluster says how the data lie on several servers.
//
// Each shard has whole partitions of the log: partition p is on shard p mod
// their number, with everything that follows from it, so that an INSERT, what
// it is read back by, the versions of a row and an erasure are a matter of one
// shard. Definitions and the members of segments follow from none; they are on
// the first. The number of shards and their order stay as they are for as long
// as there are data; others are refused with [ErrShards].
//
// Rows are in the database that is named like Config.Database with "_local"
// behind it, in Replicated tables; tables of type Distributed in the database
// itself show those of all shards, and are what questions go to.
type Cluster struct {
	// Name is that of the cluster in the servers' configuration. Required.
	Name string
	// Shards are the URLs of each shard's replicas. The first one that is well
	// takes all INSERTs of its shard and is read back from. Required.
	Shards [][]string
	// Path is where the servers' keeper has the tables. Defaults to
	// "/clickhouse/tables/{shard}/{database}/{table}", of which the servers know
	// the first macro.
	Path string
	// Replica names a replica among those of a shard. Defaults to "{replica}", a
	// macro of the servers.
	Replica string
	// Quorum is on how many replicas an INSERT must be before it is answered:
	// "auto" is more than half of them, a number that many. With 1, what was
	// acknowledged is gone with the disk of one server. Defaults to "auto".
	Quorum string
}

// localSuffix makes the database of the rows out of that of the questions.
const localSuffix = "_local"

var quorums = regexp.MustCompile(`^(auto|[1-9][0-9]?)$`)

func (c *Cluster) withDefaults() (*Cluster, error) {
	d := *c
	d.Path = cmp.Or(d.Path, "/clickhouse/tables/{shard}/{database}/{table}")
	d.Replica = cmp.Or(d.Replica, "{replica}")
	d.Quorum = cmp.Or(d.Quorum, "auto")
	var wrong error
	if d.Name == "" {
		wrong = errors.Join(wrong, errors.New("clickhouse: Cluster.Name is required"))
	}
	if len(d.Shards) == 0 {
		wrong = errors.Join(wrong, errors.New("clickhouse: Cluster.Shards is required"))
	}
	for i, servers := range d.Shards {
		if len(servers) == 0 {
			wrong = errors.Join(wrong, fmt.Errorf("clickhouse: Cluster.Shards: shard %d has no server", i))
		}
	}
	if !quorums.MatchString(d.Quorum) {
		wrong = errors.Join(wrong, fmt.Errorf("clickhouse: Cluster.Quorum: %q is neither auto nor a number", d.Quorum))
	}
	return &d, wrong
}

// quorumSettings are those of an INSERT on a cluster. Quorums of several INSERTs
// do not wait for each other, because every partition of the log has one under
// way; what that costs, reading back makes good: see [syncReplica]. The server
// does not try again by itself what its keeper did not answer: it has said yes
// to such INSERTs and had nothing.
func (c *Cluster) quorumSettings() map[string]string {
	return map[string]string{
		"insert_quorum":             c.Quorum,
		"insert_quorum_parallel":    "1",
		"insert_quorum_timeout":     "60000",
		"insert_keeper_max_retries": "0",
	}
}

// durable adds to the settings of an INSERT what makes it outlive a server.
func (c *client) durable(settings map[string]string) map[string]string {
	maps.Copy(settings, c.quorum)
	return settings
}

// syncReplica makes a replica take in the INSERTs that any other has
// acknowledged. (Rejected: select_sequential_consistency, which wants quorums
// one after the other, on the whole table.)
func syncReplica(table string) string { return "SYSTEM SYNC REPLICA " + table + " LIGHTWEIGHT" }

// everywhere is the name of the table that shows the rows of all shards.
func (s *Store) everywhere(table string) string {
	if s.config.Cluster == nil {
		return table
	}
	return s.config.Database + "." + table
}

// on is the clause of a statement that all servers carry out.
func (c *Cluster) on() string {
	if c == nil {
		return ""
	}
	return " ON CLUSTER " + quote(c.Name)
}

// engine is a table's engine, which on a cluster is the replicated one.
func (c *Cluster) engine(t *schema.Table) string {
	if c == nil {
		return t.Engine
	}
	family, rest, _ := strings.Cut(t.Engine, "MergeTree")
	arguments := quote(c.Path) + ", " + quote(c.Replica)
	if inner, after, ok := strings.Cut(strings.TrimPrefix(rest, "("), ")"); ok && strings.HasPrefix(rest, "(") {
		arguments, rest = arguments+", "+inner, after
	}
	return "Replicated" + family + "MergeTree(" + arguments + ")" + rest
}

// distributed are the statements that make the tables which show all shards.
// Snapshots are nobody's question.
func (c *Cluster) distributed(database string) []string {
	if c == nil {
		return nil
	}
	var all []string
	for i := range schema.Tables {
		if t := schema.Tables[i].Name; t != schema.Snapshots {
			all = append(all, fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s.%s%s AS %[1]s%[4]s.%[2]s\nENGINE = Distributed(%[5]s, %[6]s, %[7]s)",
				database, t, c.on(), localSuffix, quote(c.Name), quote(database+localSuffix), quote(t)))
		}
	}
	return all
}

// alter are the statements that change a table, and on a cluster the one that
// shows it. The rows come first: the other has nothing to show before.
func (c *Cluster) alter(database, table, change string) []string {
	all := []string{"ALTER TABLE " + table + c.on() + " " + change}
	if c != nil {
		all = append(all, "ALTER TABLE "+database+"."+table+c.on()+" "+change)
	}
	return all
}
