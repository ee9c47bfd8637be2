package schema

// Version is the schema this code reads and writes. A store with a newer one
// is refused.
const Version = 3

// Names of the tables.
const (
	Events      = "events"
	Sessions    = "sessions"
	Identities  = "identities"
	IDs         = "visitors"
	Traits      = "traits"
	Rejected    = "rejected"
	Erasures    = "erasures"
	Ledger      = "ledger"
	Definitions = "definitions"
	Members     = "members"
	Snapshots   = "snapshots"
	Migrations  = "schema_migrations"
	Places      = "schema_shards"
)

// Kinds of definitions that the store itself knows.
const (
	KindErasure = "erasure" // a request to erase, and its receipt
	KindExpiry  = "expiry"  // how far retention has deleted
)

// Kinds of a tenant's own definitions, which go with it.
const (
	KindSegment = "segment" // one that it has stored
	KindImport  = "import"  // how far a named import has come, where the log does not keep it
)

// Absent stands in the events columns _original and _sent where the sender
// gave no such time.
const Absent = -1 << 63

// Best is the type of the column of that name.
const Best = `SimpleAggregateFunction(max, Tuple(rank Int64, message String, value String, has UInt8, text String, number Float64, _o UInt64, _i UInt32))`

// The bits of what a trait's value has.
const (
	HasText   = 1
	HasNumber = 2
)

// Table is one table: its name and the statement's parts. Settings common to
// all tables are added by the writer's migration.
type Table struct {
	Name    string
	Columns string
	Engine  string
	// Dedup is the number of insert blocks whose token is remembered.
	Dedup int
	// Short says that rows go too soon for a merge to pay.
	Short bool
}

// Tables lists all tables in the order of creation. Statements run with the
// database selected.
//
// events: time, visitor, user as on [footfall.Event]; user and session are 0
// for none. _first is the complement of the log offset, so that the version
// the engine keeps of equal keys is the earliest; _o, the offset itself, is an
// alias of it, and a condition on _first is one that the index by_offset
// serves. Times other than time are kept as distances, which compress to
// almost nothing: _original = time - original, _sent = received - sent,
// _received = received - time, in milliseconds, [Absent] where not given; the
// ALIAS columns give them back as times.
//
// texts and numbers are the flattened properties and the derived "$" names; a
// name that both have is the derived one. A JSON number is in numbers; one
// that a Float64 cannot give back exactly is in texts as well, as written.
// Strings and true/false are in texts, null and empty containers in neither;
// members of nested objects have dotted names; arrays, and objects more than
// 16 deep, are in texts as their JSON without space. Of a name that comes twice
// the last counts. An event has at most 1,024 names there, and not those that
// [UnflattenedName] lists; properties has all of it.
//
// members: the persons of segments that were frozen, of each version of the
// definition. A version that no definition has does not count, and goes with the
// next change.
//
// Keys use toDate32: a Date wraps around before 1970 and after 2149, and the
// engine then passes over parts that hold what is asked for.
//
// traits: of what was said of an id under a key, the row that counts: best is
// the greatest of all, compared from left to right. rank is the event's time in
// milliseconds, and the complement of it where the oldest counts. has, text and
// number are value as texts and numbers of events would have it: bit 1 of has is
// for the text, bit 2 for the number. A row is written by one partition only,
// so that an erasure knows which of them stand before it; whoever reads takes
// the best of those of all partitions. A condition on one key reads only its rows.
//
// snapshots: states of partitions' folds, in pieces. A snapshot is a partition
// of the table, so that it goes at once and whole. Each attempt at writing one
// has a number of its own, writer, and is whole when its last row is there,
// which follows the data: chunk is its number and chunks how many there are with
// it, 0 in the rows before it.
//
// The codecs are measured (BenchmarkEngine of store/clickhouse): 75 to 80
// bytes an event, 18.7 of them a random UUID as message id and 15.8 a visitor
// who comes once. LZ4 throughout would take 127 to 140, for a tenth less time.
var Tables = []Table{
	{
		Name: Events, Dedup: 10000, Columns: `
    tenant LowCardinality(String),
    silo LowCardinality(String),
    name LowCardinality(String),
    type Enum8('track'=1,'page'=2,'screen'=3,'identify'=4,'group'=5,'alias'=6),
    time DateTime64(3,'UTC') CODEC(T64, LZ4),
    visitor UInt128 CODEC(ZSTD(1)),
    user UInt128 CODEC(ZSTD(1)),
    session UInt64 CODEC(ZSTD(1)),
    id String CODEC(ZSTD(1)),
    _original Int64 CODEC(T64, LZ4),
    _sent Int64 CODEC(T64, LZ4),
    _received Int64 CODEC(T64, LZ4),
    properties String CODEC(ZSTD(1)),
    context String CODEC(ZSTD(1)),
    texts Map(LowCardinality(String), String) CODEC(ZSTD(3)),
    numbers Map(LowCardinality(String), Float64) CODEC(ZSTD(3)),
    _epoch UInt16 CODEC(LZ4),
    _p UInt16 CODEC(LZ4),
    _first UInt64 CODEC(T64, LZ4),
    _i UInt32 CODEC(T64, LZ4),
    _o UInt64 ALIAS bitNot(_first),
    received DateTime64(3,'UTC') ALIAS time + toIntervalMillisecond(_received),
    original Nullable(DateTime64(3,'UTC')) ALIAS if(_original = -9223372036854775808, NULL, time - toIntervalMillisecond(_original)),
    sent Nullable(DateTime64(3,'UTC')) ALIAS if(_sent = -9223372036854775808, NULL, received - toIntervalMillisecond(_sent)),
    INDEX by_offset _first TYPE minmax GRANULARITY 1,
    INDEX by_visitor visitor TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_user user TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_id id TYPE bloom_filter(0.01) GRANULARITY 1`,
		Engine: `ReplacingMergeTree(_first) PARTITION BY (silo, toYYYYMM(time)) ORDER BY (tenant, toDate32(time), name, visitor, id)`,
	},
	{
		Name: Sessions, Columns: `
    tenant LowCardinality(String),
    silo LowCardinality(String),
    visitor UInt128,
    session UInt64,
    opened DateTime64(3,'UTC'),
    opened_date Date32 MATERIALIZED toDate32(opened),
    start DateTime64(3,'UTC'),
    last DateTime64(3,'UTC'),
    events UInt32,
    views UInt32,
    key_event UInt8,
    version UInt64`,
		Engine: `ReplacingMergeTree(version) PARTITION BY (silo, toYYYYMM(opened_date)) ORDER BY (tenant, opened_date, visitor, session)`,
	},
	{
		Name: Identities, Columns: `
    tenant LowCardinality(String),
    silo LowCardinality(String),
    kind Enum8('link'=1,'unlink'=2,'alias'=3),
    visitor UInt128,
    user UInt128,
    time DateTime64(3,'UTC'),
    _epoch UInt16,
    _p UInt16,
    _o UInt64,
    _i UInt32`,
		Engine: `ReplacingMergeTree PARTITION BY silo ORDER BY (tenant, visitor, _epoch, _p, _o, _i, kind)`,
	},
	{
		Name: IDs, Columns: `
    tenant LowCardinality(String),
    silo LowCardinality(String),
    id UInt128,
    kind Enum8('visitor'=1,'user'=2),
    text String CODEC(ZSTD(1))`,
		Engine: `ReplacingMergeTree PARTITION BY silo ORDER BY (tenant, id, kind)`,
	},
	{
		Name: Traits, Columns: `
    tenant LowCardinality(String),
    silo LowCardinality(String),
    id UInt128,
    key LowCardinality(String),
    kind Enum8('set'=1,'once'=2,'member'=3),
    _epoch UInt16,
    _p UInt16,
    best ` + Best + ` CODEC(ZSTD(1))`,
		Engine: `AggregatingMergeTree PARTITION BY silo ORDER BY (tenant, key, kind, id, _epoch, _p)`,
	},
	{
		Name: Rejected, Columns: `
    tenant LowCardinality(String),
    silo LowCardinality(String),
    time DateTime64(3,'UTC'),
    reason String,
    payload String CODEC(ZSTD(1)),
    _epoch UInt16,
    _p UInt16,
    _o UInt64,
    _i UInt32,
    version UInt64`,
		Engine: `ReplacingMergeTree(version) PARTITION BY silo ORDER BY (tenant, _epoch, _p, _o, _i)`,
	},
	{
		Name: Erasures, Columns: `
    tenant LowCardinality(String),
    silo LowCardinality(String),
    name String,
    ids Array(UInt128),
    time DateTime64(3,'UTC'),
    _epoch UInt16,
    _p UInt16,
    _o UInt64,
    _i UInt32`,
		Engine: `ReplacingMergeTree PARTITION BY silo ORDER BY (tenant, name, _epoch, _p, _o, _i)`,
	},
	{
		Name: Ledger, Columns: `
    tenant LowCardinality(String),
    silo LowCardinality(String),
    minute DateTime('UTC'),
    _epoch UInt16,
    _p UInt16,
    stored UInt64,
    duplicate UInt64,
    quarantined UInt64,
    version UInt64`,
		Engine: `ReplacingMergeTree(version) PARTITION BY silo ORDER BY (tenant, minute, _epoch, _p)`,
	},
	{
		Name: Definitions, Columns: `
    tenant LowCardinality(String),
    kind LowCardinality(String),
    id String,
    body String,
    deleted UInt8,
    version UInt64`,
		Engine: `ReplacingMergeTree(version) ORDER BY (tenant, kind, id)`,
	},
	{
		Name: Members, Columns: `
    tenant LowCardinality(String),
    silo LowCardinality(String),
    segment LowCardinality(String),
    version UInt64,
    person UInt128`,
		Engine: `ReplacingMergeTree PARTITION BY silo ORDER BY (tenant, segment, version, person)`,
	},
	{
		Name: Snapshots, Short: true, Columns: `
    _epoch UInt16,
    _p UInt16,
    fold UInt16,
    _o UInt64,
    writer UInt64,
    chunk UInt32,
    chunks UInt32,
    data String CODEC(NONE)`,
		Engine: `ReplacingMergeTree PARTITION BY (_epoch, _p, fold, _o) ORDER BY (writer, chunk)`,
	},
}
