package stack

import (
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"github.com/footfall-go/footfall/tenant"
)

// Settings are what one process runs with.
type Settings struct {
	Listen   string
	Data     string // empty where log and store are elsewhere
	Beside   Beside
	Tenants  []tenant.Registration
	Drain    time.Duration
	Notice   time.Duration // between not being ready any more and taking no more
	Tiers    []fileTier    // where older data goes, in the order of age
	Night    time.Duration // after local midnight, when the night's work begins
	LogJSON  bool
	AdminKey string // empty: a random one, which run.json tells
	GeoIP    string // a file with places of addresses, empty for none
	Proxies  []netip.Prefix
	// LogIn is the tenant that the page is logged in as without a key, for
	// requests from this machine alone. Nil for none.
	LogIn *tenant.ID
}

// serverFlags are the flags of the commands that run a server. Which there are
// depends on what the server has.
type serverFlags struct {
	*flags
	role                                    role
	listen, data, config, log, admin, geoip string
	drain, notice, night                    Duration
	tenants, proxies                        list
	beside                                  besideFlags
}

func newServerFlags(role role) *serverFlags {
	f := &serverFlags{
		flags: newFlags(role.name, ""), role: role, drain: defaultDrain, night: Duration(3 * time.Hour), tenants: list{sep: ", \n"}, proxies: list{sep: ", \n"},
	}
	f.common()
	f.Var(&f.tenants, "tenant", "`ID:wk_…:rk_…`, a tenant with its write and its read key; repeatable")
	f.StringVar(&f.listen, "listen", role.listen, "`address` to listen on; port 0 takes any free one")
	f.Var(&f.notice, "notice", "`time` to go on taking requests when stopping, while /readyz says that it is not ready")
	if role.beside() {
		f.StringVar(&f.admin, "admin-key", "", "`key` for import, status and the operator's other routes (default: random, so that nobody has it)")
		f.beside.add(f.flags)
	} else {
		f.StringVar(&f.admin, "admin-key", "", "`key` for import and status (default: random, in run.json)")
		f.StringVar(&f.data, "data", "", "`folder` that keeps everything; one process owns it")
	}
	if role.door {
		f.StringVar(&f.geoip, "geoip", "", "MaxMind DB `file` with the places of addresses")
		f.Var(&f.proxies, "trusted-proxy", "`network` of proxies whose X-Forwarded-For is believed; repeatable")
	}
	if role.processor {
		f.Var(&f.night, "night", "`time` after local midnight at which what is past retention is deleted")
	}
	return f
}

const defaultDrain = Duration(30 * time.Second)

// common adds the flags of whatever brings events into the store.
func (f *serverFlags) common() {
	f.StringVar(&f.config, "config", "", "YAML `file` with the same settings and the tenants' own")
	f.StringVar(&f.log, "log", "text", "`form` of the log on standard error: text or json")
	f.Var(&f.drain, "drain", "`time` to bring everything into the store when stopping")
}

// settings puts flags, environment and file together and reports every mistake.
func (f *serverFlags) settings(p *Process, args []string) (*Settings, error) {
	rest, err := f.parse(p, args)
	if err != nil {
		return nil, err
	}
	var errs []error
	if len(rest) > 0 {
		errs = append(errs, usagef("unexpected argument %q", rest[0]))
	}
	s := &Settings{}
	if f.config != "" {
		parsed, err := readFile(f.config)
		if err != nil {
			return nil, usagef("read the configuration: %w", err)
		}
		errs = append(errs, f.fallback("listen", parsed.Listen), f.fallback("data", parsed.Data),
			f.fallback("drain", parsed.Drain), f.fallback("notice", parsed.Notice), f.fallback("night", parsed.Night), f.fallback("log", parsed.Log),
			f.fallback("admin-key", parsed.AdminKey), f.fallback("geoip", parsed.GeoIP), f.beside.fallback(f.flags, parsed))
		s.Tiers = parsed.Tiers
		if !f.given["trusted-proxy"] {
			f.proxies.items = parsed.Proxies
		}
		if !f.given["tenant"] {
			for _, t := range parsed.Tenants {
				reg, err := t.registration()
				if err != nil {
					errs = append(errs, usagef("%s: %w", f.config, err))
				}
				s.Tenants = append(s.Tenants, reg)
			}
		}
	}
	for _, text := range f.tenants.items {
		reg, err := parseTenant(text)
		if err != nil {
			errs = append(errs, usagef("--tenant %s: %w", text, err))
		}
		s.Tenants = append(s.Tenants, reg)
	}
	for _, text := range f.proxies.items {
		network, err := parseNetwork(text)
		if err != nil {
			errs = append(errs, usagef("trusted proxy %q: %w", text, err))
		}
		s.Proxies = append(s.Proxies, network)
	}
	if f.log != "text" && f.log != "json" {
		errs = append(errs, usagef("--log is %q, neither text nor json", f.log))
	}
	s.Listen, s.Data, s.AdminKey, s.GeoIP = f.listen, f.data, f.admin, f.geoip
	s.Drain, s.Notice, s.Night, s.LogJSON = time.Duration(f.drain), time.Duration(f.notice), time.Duration(f.night), f.log == "json"
	if f.role.beside() {
		s.Data = "" // a file for all roles may name it
		s.Beside, err = f.beside.settings()
		errs = append(errs, err)
	}
	return s, errors.Join(errs...)
}

// check reports what is missing.
func (s *Settings) check(role role) error {
	var errs []error
	if s.Data == "" && !role.beside() {
		errs = append(errs, usagef("--data is required: the folder that keeps everything"))
	}
	if role.beside() {
		errs = append(errs, s.Beside.check())
	}
	if len(s.Tenants) == 0 {
		errs = append(errs, usagef("a tenant is required: --tenant ID:wk_…:rk_…, or tenants in --config"))
	}
	return errors.Join(errs...)
}

func parseTenant(text string) (tenant.Registration, error) {
	var reg tenant.Registration
	parts := strings.Split(text, ":")
	if len(parts) != 3 {
		return reg, errors.New("a tenant is written ID:wk_…:rk_…")
	}
	var err error
	reg.ID, err = tenant.ParseID(parts[0])
	reg.WriteKeys, reg.ReadKeys = []string{parts[1]}, []string{parts[2]}
	return reg, err
}

// parseNetwork reads a network, or an address as one of its own.
func parseNetwork(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	network, err := netip.ParsePrefix(text)
	return network.Masked(), err
}

func (s *Settings) logger(p *Process) *slog.Logger {
	if s.LogJSON {
		return slog.New(slog.NewJSONHandler(p.Stderr, nil))
	}
	return slog.New(slog.NewTextHandler(p.Stderr, nil))
}
