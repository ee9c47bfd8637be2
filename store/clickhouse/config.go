package clickhouse

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/footfall-go/footfall/internal/servers"
)

// Config says where the record is. The zero value is a server on this machine.
type Config struct {
	// URL is that of the server's HTTP interface. Defaults to
	// "http://127.0.0.1:8123", or to the cluster's.
	URL string
	// Replicas are the URLs of further servers that answer for the same data. A
	// statement goes to the first that is well. Defaults to none.
	Replicas []string
	// Cluster spreads the data over servers. Defaults to one server.
	Cluster *Cluster
	// Transport carries the requests. For the embedded engine it is that of
	// chdb.Engine. Defaults to one of the Store's own.
	Transport http.RoundTripper
	// TLS is for https, where Transport is not given. Defaults to the system's
	// certificates.
	TLS *tls.Config
	// DialTimeout bounds the making of a connection, where Transport is not
	// given. Defaults to 5 s.
	DialTimeout time.Duration
	// Timeout bounds each request with its answer, where the context does not do
	// it sooner. Defaults to 10 minutes, for deletions take long.
	Timeout time.Duration
	// Attempts is how often a statement is sent that may be repeated, to one
	// server after the other: all but the INSERT of events, which its sender
	// repeats when he has read back. Defaults to 4, and to 1 with a Transport:
	// that is mostly the engine in this process.
	Attempts int
	// Database holds the tables. Defaults to "footfall".
	Database string
	// User and Password are those of the server's user. Default to none.
	User, Password string
	// Compress sends blocks compressed with zstd, for networks that are slower
	// than a core. The transport of the embedded engine takes them, too.
	// Defaults to false.
	Compress bool
	// StoragePolicy is that of events and sessions, by a name that the server
	// knows. Defaults to leaving them where they are.
	StoragePolicy string
	// Tiers say when parts of the two move to which volume of the policy; the
	// last one keeps them for good. Defaults to none: parts stay.
	Tiers []Tier
	// Kind is what [Store.Stats] calls this store. Defaults to "clickhouse".
	Kind string
}

var databaseName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`)

// withDefaults returns the configuration and the servers of each shard.
func (c Config) withDefaults() (Config, [][]*servers.Server, error) {
	c.Database = cmp.Or(c.Database, "footfall")
	c.Kind = cmp.Or(c.Kind, "clickhouse")
	c.DialTimeout = cmp.Or(c.DialTimeout, 5*time.Second)
	c.Timeout = cmp.Or(c.Timeout, 10*time.Minute)
	if c.Attempts == 0 {
		if c.Attempts = 4; c.Transport != nil {
			c.Attempts = 1
		}
	}
	var wrong error
	if c.Attempts < 0 || c.DialTimeout < 0 || c.Timeout < 0 {
		wrong = errors.Join(wrong, errors.New("clickhouse: Config.Attempts, DialTimeout and Timeout are not negative"))
	}
	if c.Transport == nil {
		c.Transport = servers.Transport(c.TLS, c.DialTimeout)
	}
	var shards [][]*servers.Server
	add := func(name string, texts []string) {
		shard, err := servers.Parse(texts)
		if err != nil {
			wrong = errors.Join(wrong, fmt.Errorf("clickhouse: Config.%s: %w", name, err))
		}
		shards = append(shards, shard)
	}
	if c.Cluster == nil {
		add("URL", append([]string{cmp.Or(c.URL, "http://127.0.0.1:8123")}, c.Replicas...))
	} else {
		var err error
		if c.Cluster, err = c.Cluster.withDefaults(); err != nil {
			wrong = errors.Join(wrong, err)
		}
		if c.URL != "" || c.Replicas != nil {
			wrong = errors.Join(wrong, errors.New("clickhouse: Config.Cluster has the servers: leave out URL and Replicas"))
		}
		for _, replicas := range c.Cluster.Shards {
			add("Cluster.Shards", replicas)
		}
	}
	if !databaseName.MatchString(c.Database) {
		wrong = errors.Join(wrong, fmt.Errorf("clickhouse: Config.Database: %q is no plain name", c.Database))
	}
	return c, shards, errors.Join(wrong, c.checkTiers())
}

// tables is the database of the tables that rows are in: on a cluster, the one
// beside that which questions see.
func (c Config) tables() string {
	if c.Cluster == nil {
		return c.Database
	}
	return c.Database + localSuffix
}
