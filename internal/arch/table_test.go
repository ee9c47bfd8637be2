package arch

// rule says what the files of one package, tests apart, may import besides the
// standard library.
type rule struct {
	// own are packages of this module, relative to it; "." is the root, and a
	// trailing "/..." takes everything below. A package may always import what
	// lies below its own folder's internal.
	own []string
	// vendors are prefixes of foreign import paths.
	vendors []string
	// testing allows package testing, for packages made for tests.
	testing bool
}

const (
	otelAPI = "go.opentelemetry.io/otel"
	testify = "github.com/stretchr/testify"
	// packer is a library of algorithms with no service behind it, so that it
	// is no vendor: stream/local packs records with s2, beside Pebble, which
	// compiles it anyway; store/clickhouse packs blocks for a server with zstd,
	// which store/chdb unpacks where it serves, and speaks HTTP with the standard library; ingest unpacks bodies, in which
	// it takes two thirds of the standard library's time for gzip and there is no
	// other zstd. Of itself it requires nothing.
	packer = "github.com/klauspost/compress"
)

// shared is what two packages need and no user should see.
var shared = []string{"internal/record", "internal/schema", "internal/problem", "internal/match", "internal/outage", "internal/servers"}

// core is the rule of the packages an application imports.
func core(vendors ...string) rule {
	return rule{own: append([]string{".", "tenant"}, shared...), vendors: append([]string{otelAPI}, vendors...)}
}

// driver is the rule of a sub-package named after what it drives.
func driver(parent string, vendors ...string) rule {
	return rule{
		own:     append([]string{".", "tenant", parent, parent + "/internal/..."}, shared...),
		vendors: append([]string{otelAPI}, vendors...),
	}
}

// suite is the rule of a conformance suite.
func suite(parent string) rule {
	return rule{
		own:     append([]string{".", "tenant", parent, "internal/testenv"}, shared...),
		vendors: []string{testify},
		testing: true,
	}
}

// rules has one line a package. A package that is not in it fails the test:
// adding one is a decision about its arrows.
var rules = map[string]rule{
	".":      {own: []string{"tenant"}},
	"tenant": {vendors: []string{otelAPI}},
	"ingest": core(packer),
	"stream": core(),
	"store":  core(),
	"query":  core(),
	"keep":   core(),

	"ingest/useragent": driver("ingest", "github.com/medama-io/go-useragent"),
	"ingest/geoip":     driver("ingest", "github.com/oschwald/maxminddb-golang/v2"),
	"ingest/importer":  {own: []string{"tenant"}},

	"stream/local":      driver("stream", "github.com/cockroachdb/pebble/v2", packer),
	"stream/streamtest": suite("stream"),
	// The client of Kafka leaves the proof of a password to a library.
	"stream/kafka":       driver("stream", "github.com/IBM/sarama", "github.com/xdg-go/scram"),
	"stream/kafka/fetch": {own: []string{"stream/kafka/internal/..."}},
	"stream/kafka/kafkatest": {
		own:     []string{"stream/kafka/internal/...", "internal/testenv"},
		testing: true,
	},

	"store/clickhouse": driver("store", packer),
	"store/chdb":       driver("store", "github.com/ebitengine/purego", packer),
	"store/chdb/fetch": {own: []string{"store/chdb/internal/..."}},
	"store/chdb/chdbtest": {
		own:     []string{"store/chdb", "internal/testenv"},
		vendors: []string{"github.com/ClickHouse/"}, testing: true,
	},
	"store/storetest": suite("store"),

	"tenant/redis":      driver("tenant", "github.com/redis/rueidis"),
	"tenant/tenanttest": suite("tenant"),

	"query/clickhouse": driver("query", "github.com/ClickHouse/"),
	"query/redis":      driver("query", "github.com/redis/rueidis", packer),
	"query/querytest":  suite("query"),
	// analyticstest is for the tests of hosts, where the door, what a log must
	// become and the evaluator in memory meet.
	"query/analyticstest": {own: []string{".", "tenant", "ingest", "query", "query/querytest", "internal/foldtest"}},

	"internal/record":  {own: []string{".", "tenant", "internal/schema"}},
	"internal/schema":  {own: []string{".", "tenant"}},
	"internal/problem": {},
	"internal/servers": {},
	"internal/match":   {},
	"internal/arch":    {},
	"internal/testenv": {testing: true},
	"internal/outage":  {vendors: []string{otelAPI}},
	// redistest starts a server for the tests of drivers of Redis.
	"internal/redistest": {own: []string{"internal/testenv"}, vendors: []string{"github.com/redis/rueidis"}, testing: true},
	// foldtest says what must be in the store; only tests and what is made for them
	// import it.
	"internal/foldtest": {own: []string{".", "tenant", "internal/record", "internal/schema"}},
}

// light are the packages an application may import without compiling any
// vendor's code: what they reach is the standard library, the OpenTelemetry
// API, and for ingest the packer.
var light = []string{".", "tenant", "ingest", "stream", "store", "query", "keep", "ingest/importer"}
