// Package geoip finds the country, region and city of an address in a MaxMind
// DB file, the form that GeoLite2, GeoIP2, DB-IP and others come in:
//
//	places, err := geoip.Load("GeoLite2-City.mmdb")
//	door, err := ingest.New(ingest.Config{Geo: places, …})
//
// The file is read into memory, so that nothing happens to a server when it is
// written over; a newer one is loaded by the next start. No file comes with
// Footfall: each has a licence of its own, and places get old.
package geoip
