package geoip_test

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
	"github.com/stretchr/testify/require"

	"github.com/footfall-go/footfall/ingest"
	"github.com/footfall-go/footfall/ingest/geoip"
)

func names(text string) mmdbtype.Map {
	return mmdbtype.Map{"names": mmdbtype.Map{"en": mmdbtype.String(text), "de": mmdbtype.String("auf Deutsch")}}
}

func country(code string) mmdbtype.Map {
	return mmdbtype.Map{"iso_code": mmdbtype.String(code), "names": mmdbtype.Map{"en": mmdbtype.String(code)}}
}

// build writes a file with a few networks, and returns its name.
func build(tb testing.TB) string {
	tb.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "Test-City", RecordSize: 28, IncludeReservedNetworks: true})
	require.NoError(tb, err)
	for network, record := range map[string]mmdbtype.Map{
		"203.0.113.0/25":   {"country": country("DE"), "subdivisions": mmdbtype.Slice{names("Bavaria"), names("Upper Bavaria")}, "city": names("Munich")},
		"203.0.113.128/25": {"country": country("AT")},
		"2001:db8:1::/48":  {"country": country("FR"), "city": names("Paris")},
		"198.51.100.0/24":  {"country_code": mmdbtype.String("SE"), "country": mmdbtype.String("Sweden")},
		"192.0.2.0/24":     {"country": mmdbtype.Map{"iso_code": mmdbtype.Uint32(7)}, "subdivisions": mmdbtype.Slice{}, "city": mmdbtype.Bool(true)},
	} {
		_, parsed, err := net.ParseCIDR(network)
		require.NoError(tb, err)
		require.NoError(tb, tree.Insert(parsed, record))
	}
	path := filepath.Join(tb.TempDir(), "places.mmdb")
	file, err := os.Create(path)
	require.NoError(tb, err)
	_, err = tree.WriteTo(file)
	require.NoError(tb, err)
	require.NoError(tb, file.Close())
	return path
}

func TestPlace(t *testing.T) {
	t.Parallel()
	places, err := geoip.Load(build(t))
	require.NoError(t, err)
	var asking sync.WaitGroup
	for range 4 {
		asking.Go(func() {
			for range 100 {
				for addr, want := range map[string]ingest.Place{
					"203.0.113.7":   {Country: "DE", Region: "Bavaria", City: "Munich"},
					"203.0.113.200": {Country: "AT"},
					"2001:db8:1::9": {Country: "FR", City: "Paris"},
					"2001:db8:2::9": {},
					"198.51.100.1":  {Country: "SE"},
					"192.0.2.1":     {}, // what has another type is not there
					"10.0.0.1":      {},
				} {
					if got := places.Place(netip.MustParseAddr(addr)); got != want {
						t.Errorf("%s is in %+v, not in %+v", addr, got, want)
					}
				}
			}
		})
	}
	asking.Wait()
	require.Zero(t, places.Place(netip.Addr{}))
}

func TestLoadSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := geoip.Load(filepath.Join(t.TempDir(), "none.mmdb"))
	require.ErrorIs(t, err, os.ErrNotExist)
	path := filepath.Join(t.TempDir(), "text.mmdb")
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("no places here ", 100)), 0o600))
	_, err = geoip.Load(path)
	require.ErrorContains(t, err, "read places of addresses")
}

// FuzzDamaged looks addresses up in files with wrong bytes: whatever they say,
// nothing breaks.
func FuzzDamaged(f *testing.F) {
	good, err := os.ReadFile(build(f))
	require.NoError(f, err)
	f.Add(uint32(0), byte(0))
	f.Add(uint32(len(good)/2), byte(255))
	f.Add(uint32(len(good)-40), byte(0x20))
	f.Fuzz(func(t *testing.T, at uint32, value byte) {
		bad := append([]byte(nil), good...)
		bad[int(at)%len(bad)] = value
		path := filepath.Join(t.TempDir(), "bad.mmdb")
		require.NoError(t, os.WriteFile(path, bad, 0o600))
		places, err := geoip.Load(path)
		if err != nil {
			return
		}
		for _, addr := range []string{"203.0.113.7", "203.0.113.200", "2001:db8:1::9", "198.51.100.1", "10.0.0.1"} {
			places.Place(netip.MustParseAddr(addr))
		}
	})
}

func BenchmarkPlace(b *testing.B) {
	places, err := geoip.Load(build(b))
	require.NoError(b, err)
	addr := netip.MustParseAddr("203.0.113.7")
	b.ReportAllocs()
	for b.Loop() {
		places.Place(addr)
	}
}
