package stack

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/footfall-go/footfall/stream/kafka"
)

// Beside says where log and store are, of the roles that have them elsewhere.
type Beside struct {
	Kafka      kafka.Config
	ClickHouse ClickHouse
	Redis      *rueidis.ClientOption // nil for none
}

// besideFlags are the flags for it.
type besideFlags struct {
	brokers                                   list
	topic, group, instance                    string
	epoch, partitions, replication, minInSync uint
	retention, session                        Duration
	tls                                       bool
	ca, cert, key                             string
	mechanism, user, password                 string
	clickhouse                                clickhouseFlags
	redis                                     redisFlags
}

// redisFlags are those for what may be lost.
type redisFlags struct{ url, user, password string }

func (b *besideFlags) add(f *flags) {
	b.brokers, b.retention, b.session = list{sep: ", \n"}, Duration(7*24*time.Hour), Duration(10*time.Second)
	f.Var(&b.brokers, "kafka", "`host:port` of some of Kafka's brokers, separated by commas; repeatable")
	f.StringVar(&b.topic, "topic", "events", "`name` of the topic that is the log; it is made if there is none")
	f.StringVar(&b.group, "group", "footfall", "`name` of the consumer group of the processors")
	f.UintVar(&b.epoch, "epoch", 0, "`number` of the topic among those of this store: another for each topic that takes the place of one")
	f.UintVar(&b.partitions, "partitions", 50, "`number` of the topic's partitions, fixed for its life")
	f.UintVar(&b.replication, "replication", 3, "`number` of brokers that have each record")
	f.UintVar(&b.minInSync, "min-in-sync", 0, "`number` of them that must have it before it is accepted (default: one less, at least 1)")
	f.Var(&b.retention, "kafka-retention", "`time` that the topic keeps records, processed or not")
	f.Var(&b.session, "kafka-session", "`time` that a processor may be silent before its partitions go to others")
	f.StringVar(&b.instance, "kafka-instance", "", "`name` of this process as a static member of the group: it gets its partitions again after a quick restart")
	f.BoolVar(&b.tls, "kafka-tls", false, "encrypt connections to Kafka")
	f.StringVar(&b.ca, "kafka-ca", "", "PEM `file` with who signs the brokers' certificates (default: the system's)")
	f.StringVar(&b.cert, "kafka-cert", "", "PEM `file` with this client's certificate")
	f.StringVar(&b.key, "kafka-key", "", "PEM `file` with its key")
	f.StringVar(&b.mechanism, "kafka-mechanism", "SCRAM-SHA-512", "`name` of how to log in: SCRAM-SHA-512 or SCRAM-SHA-256")
	f.StringVar(&b.user, "kafka-user", "", "`name` to log in as at Kafka")
	f.StringVar(&b.password, "kafka-password", "", "`password` of that user; better in the environment or the file")
	b.clickhouse.add(f)
	f.StringVar(&b.redis.url, "redis", "", "`URL` of a Redis or Valkey, redis://host:port, for what processes share and may lose (default: none)")
	f.StringVar(&b.redis.user, "redis-user", "", "`name` to log in as at Redis")
	f.StringVar(&b.redis.password, "redis-password", "", "`password` of that user; better in the environment or the file")
}

// fallback takes from the file what neither command line nor environment gave.
func (b *besideFlags) fallback(f *flags, parsed *file) error {
	if !f.given["kafka"] {
		b.brokers.items = parsed.Kafka.Brokers
	}
	if !f.given["clickhouse"] {
		b.clickhouse.shards.items = parsed.ClickHouse.URLs
	}
	k, c := &parsed.Kafka, &parsed.ClickHouse
	var errs []error
	for name, value := range map[string]string{
		"topic": k.Topic, "group": k.Group, "epoch": k.Epoch, "partitions": k.Partitions, "replication": k.Replication, "min-in-sync": k.MinInSync,
		"kafka-retention": k.Retention, "kafka-session": k.Session, "kafka-tls": k.TLS.On, "kafka-ca": k.TLS.CA, "kafka-cert": k.TLS.Cert, "kafka-key": k.TLS.Key,
		"kafka-mechanism": k.SASL.Mechanism, "kafka-user": k.SASL.User, "kafka-password": k.SASL.Password,
		"clickhouse": c.URL, "clickhouse-cluster": c.Cluster, "clickhouse-ca": c.CA, "clickhouse-database": c.Database, "clickhouse-user": c.User, "clickhouse-password": c.Password,
		"redis": parsed.Redis.URL, "redis-user": parsed.Redis.User, "redis-password": parsed.Redis.Password,
	} {
		errs = append(errs, f.fallback(name, value))
	}
	return errors.Join(errs...)
}

// settings turns the flags into the libraries' terms.
func (b *besideFlags) settings() (Beside, error) {
	var errs []error
	number := func(flag string, value, most uint) uint {
		if value > most {
			errs = append(errs, usagef("--%s is %d, more than %d", flag, value, most))
			return 0
		}
		return value
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	out := Beside{Kafka: kafka.Config{
		Topic: b.topic, Group: b.group, InstanceID: b.instance, Epoch: uint16(number("epoch", b.epoch, 1<<16-1)),
		Partitions: uint16(number("partitions", b.partitions, 10_000)), Replication: int16(number("replication", b.replication, 100)),
		MinInSync: int16(number("min-in-sync", b.minInSync, 100)), Retention: time.Duration(b.retention), SessionTimeout: time.Duration(b.session),
		// So that a status tells which process owns what.
		ClientID: fmt.Sprintf("%s:%d", host, os.Getpid()),
	}}
	for flag, value := range map[string]uint{"partitions": b.partitions, "replication": b.replication} {
		if value == 0 {
			errs = append(errs, usagef("--%s is 0", flag))
		}
	}
	for _, item := range b.brokers.items {
		for broker := range strings.FieldsFuncSeq(item, func(r rune) bool { return strings.ContainsRune(b.brokers.sep, r) }) {
			out.Kafka.Brokers = append(out.Kafka.Brokers, broker)
		}
	}
	if b.user != "" || b.password != "" {
		out.Kafka.SASL = &kafka.SASL{Mechanism: b.mechanism, User: b.user, Password: b.password}
	}
	if out.ClickHouse, err = b.clickhouse.settings(); err != nil {
		errs = append(errs, err)
	}
	if out.Redis, err = b.redis.settings(); err != nil {
		errs = append(errs, err)
	}
	if out.Kafka.TLS, err = b.encryption(); err != nil {
		errs = append(errs, usagef("%w", err))
	}
	return out, errors.Join(errs...)
}

// encryption returns nil where none is asked for.
func (b *besideFlags) encryption() (*tls.Config, error) {
	if !b.tls {
		if b.ca != "" || b.cert != "" || b.key != "" {
			return nil, errors.New("--kafka-ca, --kafka-cert and --kafka-key want --kafka-tls")
		}
		return nil, nil //nolint:nilnil // nil is a connection that is not encrypted
	}
	config, err := trust("--kafka-ca", b.ca)
	if err != nil {
		return nil, err
	}
	if b.cert != "" || b.key != "" {
		pair, err := tls.LoadX509KeyPair(b.cert, b.key)
		if err != nil {
			return nil, fmt.Errorf("--kafka-cert and --kafka-key: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// trust reads who may have signed the certificates of servers; empty is whom the
// system trusts.
func trust(flag, file string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if file == "" {
		return config, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	if config.RootCAs = x509.NewCertPool(); !config.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s: %s has no certificate", flag, file)
	}
	return config, nil
}

// check reports what is missing.
func (b *Beside) check() error {
	var errs []error
	if len(b.Kafka.Brokers) == 0 {
		errs = append(errs, usagef("--kafka is required: host:port of some brokers"))
	}
	if len(b.ClickHouse.Shards) == 0 {
		errs = append(errs, usagef("--clickhouse is required: the URL of its HTTP interface"))
	}
	return errors.Join(errs...)
}
