// Command custom-sink takes events like footfall does, and gives what the store
// has confirmed to two sinks of its own as well: a signed webhook and a folder
// of Parquet files.
//
//	go run ./examples/custom-sink --data DIR --tenant shop:wk_shop \
//		--webhook https://receiver.example/events --secret whsec_… --parquet DIR/parquet
//
// With --feed URL events are posted to a live tap as well, which misses what it is
// too slow for. The others are durable taps: see package stream for what is promised, and the
// packages webhook and parquet for what a sink does to keep its part of it.
// That is all a destination takes: one method, called with events in order,
// that returns nil when they are there. GET /status tells how far each tap is.
//
// With --admin-key persons can be erased (POST /api/v1/erasures, see package keep):
// the store forgets them, and the sinks are told, because what they gave away
// only they can delete.
package main
