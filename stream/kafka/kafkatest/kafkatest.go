// Package kafkatest gives tests real Kafka brokers.
//
//	func TestSomething(t *testing.T) {
//		cluster := kafkatest.Start(t, kafkatest.Config{})
//		log, err := kafka.New(kafka.Config{Brokers: cluster.Addrs(), …})
//		…
//	}
//
// The brokers run on free ports of the loopback interface, in a temporary
// folder, and end with the test or with this process, however that ends. A
// start takes some seconds, so that the tests of a package share a cluster
// where they can. Where Kafka or Java is missing the test skips, or fails when
// FOOTFALL_TEST_REQUIRE=1.
package kafkatest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/footfall-go/footfall/internal/testenv"
	"github.com/footfall-go/footfall/stream/kafka/internal/distribution"
)

// Config says what a [Cluster] is like.
type Config struct {
	// Brokers is how many there are; each is a controller too. Defaults to 1.
	Brokers int
	// Secure adds listeners with TLS and SCRAM. Defaults to none.
	Secure *Secure
	// Proxied adds listeners behind proxies that lose answers when told to.
	// Defaults to false.
	Proxied bool
}

// Secure is what the listeners with TLS and SCRAM need.
type Secure struct {
	// Keystore is the PEM text of the private key and the certificates.
	Keystore string
	// User and Password are known to the brokers, for SCRAM-SHA-256 and
	// SCRAM-SHA-512.
	User, Password string
}

// Cluster is some brokers.
type Cluster struct {
	cfg   Config
	dir   string
	nodes []*node
	loses losses
}

// node is one broker. Its ports stay the same when it is started again.
type node struct {
	id                        int
	plain, secure, controller string
	proxied                   string // behind the proxy
	proxy                     *proxy // nil unless there is one
	logs                      int    // how often it was started

	mu     sync.Mutex
	cmd    *exec.Cmd
	exited chan struct{}
}

// Start starts brokers for one test.
func Start(tb testing.TB, cfg Config) *Cluster {
	tb.Helper()
	c, err := Open(tb.Context(), tb.TempDir(), cfg)
	if errors.Is(err, distribution.ErrMissing) || errors.Is(err, exec.ErrNotFound) {
		testenv.Missing(tb, err.Error())
	}
	if err != nil {
		tb.Fatalf("start Kafka: %v", err)
	}
	tb.Cleanup(c.Close)
	return c
}

// startTimeout is far more than a start takes on a busy machine.
const startTimeout = 2 * time.Minute

// Open starts brokers in a folder, which is the caller's to remove after
// [Cluster.Close]. It is for those who start them for several tests.
func Open(ctx context.Context, dir string, cfg Config) (*Cluster, error) {
	cfg.Brokers = cmp.Or(cfg.Brokers, 1)
	jars, err := distribution.Find()
	if err != nil {
		return nil, err
	}
	java, err := exec.LookPath("java")
	if err != nil {
		return nil, err
	}
	c := &Cluster{cfg: cfg, dir: dir}
	if err := c.place(); err != nil {
		c.Close()
		return nil, err
	}
	for _, n := range c.nodes {
		if err := c.format(ctx, n, java, jars); err != nil {
			c.Close()
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for _, n := range c.nodes {
		if err := c.start(n, java, jars); err != nil {
			c.Close()
			return nil, err
		}
	}
	for _, n := range c.nodes {
		if err := c.wait(ctx, n); err != nil {
			c.Close()
			return nil, err
		}
	}
	return c, nil
}

// Addrs returns the addresses of the brokers.
func (c *Cluster) Addrs() []string {
	var addrs []string
	for _, n := range c.nodes {
		addrs = append(addrs, n.plain)
	}
	return addrs
}

// SecureAddrs returns the addresses that speak TLS and ask for a password.
func (c *Cluster) SecureAddrs() []string {
	var addrs []string
	for _, n := range c.nodes {
		addrs = append(addrs, n.secure)
	}
	return addrs
}

// place gives each broker its ports.
func (c *Cluster) place() error {
	var open []net.Listener
	defer func() {
		for _, l := range open {
			_ = l.Close()
		}
	}()
	for id := range c.cfg.Brokers {
		n := &node{id: id + 1}
		for _, addr := range []*string{&n.plain, &n.secure, &n.controller, &n.proxied} {
			l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
			if err != nil {
				return fmt.Errorf("find a free port: %w", err)
			}
			open = append(open, l)
			*addr = l.Addr().String()
		}
		c.nodes = append(c.nodes, n)
		if c.cfg.Proxied {
			var err error
			if n.proxy, err = newProxy(n.proxied, &c.loses); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Cluster) file(n *node, name string) string {
	return filepath.Join(c.dir, fmt.Sprintf("node%d-%s", n.id, name))
}

// clusterID is any 16 bytes in base64.
const clusterID = "Zm9vdGZhbGx0ZXN0cw0KDQ"

// format prepares the folder of a broker.
func (c *Cluster) format(ctx context.Context, n *node, java, jars string) error {
	if err := os.WriteFile(c.file(n, "properties"), []byte(c.properties(n)), 0o600); err != nil {
		return fmt.Errorf("write properties: %w", err)
	}
	args := []string{"kafka.tools.StorageTool", "format", "-t", clusterID, "-c", c.file(n, "properties")}
	if s := c.cfg.Secure; s != nil {
		for _, mechanism := range []string{"SCRAM-SHA-256", "SCRAM-SHA-512"} {
			args = append(args, "-S", fmt.Sprintf("%s=[name=%s,password=%s]", mechanism, s.User, s.Password))
		}
	}
	cmd := testenv.Tie(exec.CommandContext(ctx, java, append(options(jars), args...)...))
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("format the folder of a broker: %w: %s", err, said)
	}
	return nil
}

// options keep a broker small and its start short.
func options(jars string) []string {
	return []string{
		"-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
		"-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
		"-cp", filepath.Join(jars, "*"),
	}
}

func (c *Cluster) properties(n *node) string {
	var voters []string
	for _, v := range c.nodes {
		voters = append(voters, fmt.Sprintf("%d@%s", v.id, v.controller))
	}
	copies := strconv.Itoa(min(3, c.cfg.Brokers))
	lines := []string{
		"process.roles=broker,controller",
		fmt.Sprintf("node.id=%d", n.id),
		"controller.quorum.voters=" + strings.Join(voters, ","),
		"controller.listener.names=CONTROLLER",
		"inter.broker.listener.name=PLAINTEXT",
		"log.dirs=" + c.file(n, "data"),
		// What follows is for small and quick tests.
		"auto.create.topics.enable=false",
		"offsets.topic.num.partitions=3", "offsets.topic.replication.factor=" + copies,
		"group.initial.rebalance.delay.ms=0", "group.min.session.timeout.ms=100",
		"broker.session.timeout.ms=3000", "broker.heartbeat.interval.ms=300",
		"num.io.threads=4", "num.network.threads=2", "log.cleaner.dedupe.buffer.size=4194304",
		"log.retention.check.interval.ms=1000", "log.initial.task.delay.ms=1000",
	}
	lines = append(lines, "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT,SECURE:SASL_SSL")
	listeners, known := "PLAINTEXT://"+n.plain, "PLAINTEXT://"+n.plain
	if c.cfg.Proxied {
		// What clients are told to connect to is the proxy.
		listeners, known = listeners+",PROXIED://"+n.proxied, known+",PROXIED://"+n.proxy.addr()
	}
	if s := c.cfg.Secure; s != nil {
		listeners, known = listeners+",SECURE://"+n.secure, known+",SECURE://"+n.secure
		lines = append(lines,
			"ssl.keystore.type=PEM",
			"ssl.keystore.location="+c.file(n, "keystore.pem"),
			"sasl.enabled.mechanisms=SCRAM-SHA-256,SCRAM-SHA-512",
			"listener.name.secure.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;",
			"listener.name.secure.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;",
		)
	}
	lines = append(lines, "listeners="+listeners+",CONTROLLER://"+n.controller, "advertised.listeners="+known)
	return strings.Join(lines, "\n") + "\n"
}
