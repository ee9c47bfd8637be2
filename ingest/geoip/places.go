package geoip

import (
	"fmt"
	"net/netip"
	"os"
	"sync"

	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/footfall-go/footfall/ingest"
)

// keptPlaces bounds what is remembered. A file of countries has some 250
// places, one of cities some hundred thousand, few of which send much.
const keptPlaces = 16384

// Places implements [ingest.Geo]. It is safe for concurrent use.
type Places struct {
	file *maxminddb.Reader

	// Many networks share a place. Reading one costs several times as much as
	// finding where in the file it is.
	mu     sync.RWMutex
	places map[uintptr]ingest.Place
}

// Load reads a file.
func Load(path string) (*Places, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read places of addresses: %w", err)
	}
	file, err := maxminddb.OpenBytes(data)
	if err != nil {
		return nil, fmt.Errorf("read places of addresses: %s: %w", path, err)
	}
	return &Places{file: file, places: map[uintptr]ingest.Place{}}, nil
}

// Place returns the place of an address: the country by its code, region and
// city by their English names, each empty if the file does not have it.
func (p *Places) Place(addr netip.Addr) ingest.Place {
	found := p.file.Lookup(addr)
	if !found.Found() {
		return ingest.Place{}
	}
	p.mu.RLock()
	place, ok := p.places[found.Offset()]
	p.mu.RUnlock()
	if ok {
		return place
	}
	place = read(found)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.places) >= keptPlaces {
		clear(p.places)
	}
	p.places[found.Offset()] = place
	return place
}

// read takes what it can use. A file that is damaged or has another form has
// less, which is no reason to refuse an event.
func read(found maxminddb.Result) ingest.Place {
	text := func(path ...any) (value string) {
		if err := found.DecodePath(&value, path...); err != nil {
			return ""
		}
		return value
	}
	place := ingest.Place{
		Country: text("country", "iso_code"),
		Region:  text("subdivisions", 0, "names", "en"),
		City:    text("city", "names", "en"),
	}
	if place.Country == "" {
		place.Country = text("country_code") // of files that have nothing else
	}
	return place
}
