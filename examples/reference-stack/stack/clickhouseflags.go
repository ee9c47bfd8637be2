package stack

import (
	"crypto/tls"
	"errors"
	"net/url"
	"slices"
	"strings"

	queryclickhouse "github.com/footfall-go/footfall/query/clickhouse"
	"github.com/footfall-go/footfall/store/clickhouse"
)

// ClickHouse says where the store is.
type ClickHouse struct {
	Shards         [][]string // URLs of the replicas of each
	Cluster        string     // its name, empty for a single shard
	TLS            *tls.Config
	Database       string
	User, Password string
}

// store is what the store is made of.
func (c *ClickHouse) store() clickhouse.Config {
	config := clickhouse.Config{TLS: c.TLS, Database: c.Database, User: c.User, Password: c.Password}
	if c.Cluster != "" {
		config.Cluster = &clickhouse.Cluster{Name: c.Cluster, Shards: c.Shards}
	} else {
		config.URL, config.Replicas = c.Shards[0][0], c.Shards[0][1:]
	}
	return config
}

// questions is what questions go through.
func (c *ClickHouse) questions() queryclickhouse.Config {
	return queryclickhouse.Config{
		URLs: slices.Concat(c.Shards...), Cluster: c.Cluster != "", TLS: c.TLS, Database: c.Database, User: c.User, Password: c.Password,
	}
}

// clickhouseFlags are the flags for it.
type clickhouseFlags struct {
	shards                                list
	cluster, ca, database, user, password string
}

func (c *clickhouseFlags) add(f *flags) {
	c.shards = list{sep: " \n"}
	f.Var(&c.shards, "clickhouse", "`URL` of ClickHouse's HTTP interface, or of footfall engine; those of further replicas follow after commas; repeatable, for each shard of a cluster")
	f.StringVar(&c.cluster, "clickhouse-cluster", "", "`name` of the cluster in the servers' configuration (default: it is none)")
	f.StringVar(&c.ca, "clickhouse-ca", "", "PEM `file` with who signs the servers' certificates (default: the system's)")
	f.StringVar(&c.database, "clickhouse-database", database, "`name` of the database that has the tables; it is made if there is none")
	f.StringVar(&c.user, "clickhouse-user", "", "`name` to log in as at ClickHouse")
	f.StringVar(&c.password, "clickhouse-password", "", "`password` of that user; better in the environment or the file")
}

// settings turns the flags into the libraries' terms.
func (c *clickhouseFlags) settings() (ClickHouse, error) {
	out := ClickHouse{Cluster: c.cluster, Database: c.database, User: c.user, Password: c.password}
	var errs []error
	for _, item := range c.shards.items {
		var shard []string
		for text := range strings.SplitSeq(item, ",") {
			text = strings.TrimSpace(text)
			switch address, err := url.Parse(text); {
			case err == nil && address.User != nil:
				// It would stand in the list of processes, and in logs.
				errs = append(errs, usagef("--clickhouse names a user: use --clickhouse-user, and FOOTFALL_CLICKHOUSE_PASSWORD or the file"))
			case err != nil || address.Host == "" || address.Scheme != "http" && address.Scheme != "https":
				errs = append(errs, usagef("--clickhouse: %q is no http or https address", text))
			}
			shard = append(shard, text)
		}
		out.Shards = append(out.Shards, shard)
	}
	if len(out.Shards) > 1 && c.cluster == "" {
		errs = append(errs, usagef("--clickhouse is given for %d shards: that takes --clickhouse-cluster; replicas of one stand behind one another, with commas", len(out.Shards)))
	}
	var err error
	if out.TLS, err = trust("--clickhouse-ca", c.ca); err != nil {
		errs = append(errs, usagef("%w", err))
	}
	return out, errors.Join(errs...)
}
