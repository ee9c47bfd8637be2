// Package geoip finds the country, region and city of an address in a MaxMind
// DB file, the form that GeoLite2, GeoIP2, DB-IP and others come in:
//
//	places, err := geoip.Open("GeoLite2-City.mmdb")
//	door, err := ingest.New(ingest.Config{Geo: places, …})
//	...
//	err = places.Close() // when the door is closed
//
// The file is mapped into memory. Put a newer one in its place by renaming,
// never by writing over it, and open it anew. No file comes with Footfall: each
// has a licence of its own, and places get old.
package geoip
