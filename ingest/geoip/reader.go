package geoip

import (
	"fmt"
	"net/netip"
	"sync"

	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/footfall-go/footfall/ingest"
)

// keptPlaces bounds what is remembered. A file of countries has some 250
// places, one of cities some hundred thousand, few of which send much.
const keptPlaces = 16384

// Reader implements [ingest.Geo]. It is safe for concurrent use, Close apart.
type Reader struct {
	file *maxminddb.Reader

	// Many networks share a place. Reading one costs several times as much as
	// finding where in the file it is.
	mu     sync.RWMutex
	places map[uintptr]ingest.Place
}

// Open opens a file. The caller closes the reader after the last use.
func Open(path string) (*Reader, error) {
	file, err := maxminddb.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open places of addresses: %w", err)
	}
	return &Reader{file: file, places: map[uintptr]ingest.Place{}}, nil
}

// Close gives the file back. The reader must not be in use.
func (r *Reader) Close() error { return r.file.Close() }

// Place returns the place of an address: the country by its code, region and
// city by their English names, each empty if the file does not have it.
func (r *Reader) Place(addr netip.Addr) ingest.Place {
	found := r.file.Lookup(addr)
	if !found.Found() {
		return ingest.Place{}
	}
	r.mu.RLock()
	place, ok := r.places[found.Offset()]
	r.mu.RUnlock()
	if ok {
		return place
	}
	place = read(found)
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.places) >= keptPlaces {
		clear(r.places)
	}
	r.places[found.Offset()] = place
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
