package stack

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/footfall-go/footfall/tenant"
)

// file is what --config names. An unknown field is an error.
type file struct {
	Listen   string       `yaml:"listen"`
	Data     string       `yaml:"data"`
	Drain    string       `yaml:"drain"`
	Notice   string       `yaml:"notice"`
	Tiers    []fileTier   `yaml:"tiers"`
	Night    string       `yaml:"night"`
	Log      string       `yaml:"log"`
	AdminKey string       `yaml:"admin_key"`
	GeoIP    string       `yaml:"geoip"`
	Proxies  []string     `yaml:"trusted_proxies"`
	Tenants  []fileTenant `yaml:"tenants"`
	Engine   fileEngine   `yaml:"engine"`

	Kafka      fileKafka      `yaml:"kafka"`
	ClickHouse fileClickHouse `yaml:"clickhouse"`
	Redis      fileRedis      `yaml:"redis"`
}

// fileRedis is where what may be lost is.
type fileRedis struct {
	URL      string `yaml:"url"`
	User     string `yaml:"user"`
	Password string `yaml:"password"`
}

// fileKafka is where the log is, of the roles.
type fileKafka struct {
	Brokers     []string `yaml:"brokers"`
	Topic       string   `yaml:"topic"`
	Group       string   `yaml:"group"`
	Epoch       string   `yaml:"epoch"`
	Partitions  string   `yaml:"partitions"`
	Replication string   `yaml:"replication"`
	MinInSync   string   `yaml:"min_in_sync"`
	Retention   string   `yaml:"retention"`
	Session     string   `yaml:"session"`
	TLS         struct {
		On   string `yaml:"on"`
		CA   string `yaml:"ca"`
		Cert string `yaml:"cert"`
		Key  string `yaml:"key"`
	} `yaml:"tls"`
	SASL struct {
		Mechanism string `yaml:"mechanism"`
		User      string `yaml:"user"`
		Password  string `yaml:"password"`
	} `yaml:"sasl"`
}

// fileClickHouse is where the store is, of the roles.
type fileClickHouse struct {
	URL      string   `yaml:"url"`
	URLs     []string `yaml:"urls"`
	Cluster  string   `yaml:"cluster"`
	CA       string   `yaml:"ca"`
	Database string   `yaml:"database"`
	User     string   `yaml:"user"`
	Password string   `yaml:"password"`
}

// fileEngine is what the command engine alone reads.
type fileEngine struct {
	Listen   string `yaml:"listen"`
	User     string `yaml:"user"`
	Password string `yaml:"password"`
	Backups  string `yaml:"backups"`
}

// fileTier is a folder that older data moves to.
type fileTier struct {
	Name  string   `yaml:"name"`
	Path  string   `yaml:"path"`
	After Duration `yaml:"after"`
}

type fileTenant struct {
	ID        string   `yaml:"id"`
	WriteKeys []string `yaml:"write_keys"`
	ReadKeys  []string `yaml:"read_keys"`
	Timezone  string   `yaml:"timezone"`
	WeekStart string   `yaml:"week_start"`
	Session   struct {
		Gap *Duration `yaml:"gap"`
		Cap *Duration `yaml:"cap"`

		NonInteractive []string `yaml:"non_interactive"`
		KeyEvents      []string `yaml:"key_events"`
		Campaign       bool     `yaml:"campaign"`
		ID             string   `yaml:"id"`
	} `yaml:"session"`
	Retention *Duration `yaml:"retention"`
	Dedup     struct {
		Window *Duration `yaml:"window"`
	} `yaml:"dedup"`
	Silo    string     `yaml:"silo"`
	Origins []string   `yaml:"origins"`
	IP      string     `yaml:"ip"`
	Redact  fileRedact `yaml:"redact"`
	Caps    fileCaps   `yaml:"caps"`
	Limits  fileLimits `yaml:"limits"`
}

// fileRedact is tenant.Redact.
type fileRedact struct {
	Off   bool     `yaml:"off"`
	Names []string `yaml:"names"`
	Allow []string `yaml:"allow"`
}

// fileCaps is tenant.Caps.
type fileCaps struct {
	Events     *int `yaml:"events"`
	Properties *int `yaml:"properties"`
	Text       *int `yaml:"text"`
}

type fileLimits struct {
	Rate        number    `yaml:"rate"`
	Burst       number    `yaml:"burst"`
	PerDay      number    `yaml:"per_day"`
	Queries     number    `yaml:"queries"`
	QueryRows   number    `yaml:"query_rows"`
	QueryMemory number    `yaml:"query_memory"`
	QueryTime   *Duration `yaml:"query_time"`
}

func readFile(path string) (*file, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f := &file{}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(f); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// registration turns a tenant of the file into the library's terms. What this
// version cannot do is refused, not ignored.
func (t *fileTenant) registration() (tenant.Registration, error) {
	var reg tenant.Registration
	var errs []error
	fail := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("tenant %q: %w", t.ID, fmt.Errorf(format, args...)))
	}
	id, err := tenant.ParseID(t.ID)
	if err != nil {
		fail("%w", err)
	}
	reg.ID, reg.WriteKeys, reg.ReadKeys = id, t.WriteKeys, t.ReadKeys
	reg.Zone, reg.Origins = t.Timezone, t.Origins
	reg.Redact = tenant.Redact(t.Redact)
	reg.Session = tenant.Session{
		NonInteractive: t.Session.NonInteractive, KeyEvents: t.Session.KeyEvents, Campaign: t.Session.Campaign, ID: t.Session.ID,
	}
	for _, c := range []struct {
		name     string
		to, from *int
	}{{"events", &reg.Caps.Events, t.Caps.Events}, {"properties", &reg.Caps.Properties, t.Caps.Properties}, {"text", &reg.Caps.Text, t.Caps.Text}} {
		if c.from == nil {
			continue
		}
		if *c.to = *c.from; *c.to == 0 {
			fail("caps.%s: 0 is not possible", c.name)
		}
	}
	switch t.WeekStart {
	case "", "monday":
	case "sunday":
		reg.WeekStart = tenant.SundayFirst
	default:
		fail("week_start: %q is neither monday nor sunday", t.WeekStart)
	}
	switch t.Silo {
	case "", "pooled":
	case "dedicated":
		reg.Dedicated = true
	default:
		fail("silo: %q is neither pooled nor dedicated", t.Silo)
	}
	// A zero written down is a mistake to report; the library would take it
	// for "not given".
	set := func(name string, to *time.Duration, from *Duration) {
		if from == nil {
			return
		}
		if *to = time.Duration(*from); *to == 0 {
			fail("%s: 0 is not possible", name)
		}
	}
	set("session.gap", &reg.SessionGap, t.Session.Gap)
	set("session.cap", &reg.SessionCap, t.Session.Cap)
	set("dedup.window", &reg.DedupWindow, t.Dedup.Window)
	set("limits.query_time", &reg.QueryTime, t.Limits.QueryTime)
	if t.Retention != nil {
		reg.Retention = time.Duration(*t.Retention)
	}
	switch t.IP {
	case "", "truncate":
	case "drop":
		reg.IP = tenant.DropIP
	case "keep":
		reg.IP = tenant.KeepIP
	default:
		fail("ip: %q is neither truncate, drop nor keep", t.IP)
	}
	if err := t.Limits.apply(&reg.Settings); err != nil {
		fail("%w", err)
	}
	if err := reg.WithDefaults().Validate(); err != nil {
		fail("%w", err)
	}
	return reg, errors.Join(errs...)
}
