// Package local is a log on the local disk: a [stream.Log] of one partition,
// kept in one Pebble database together with its plan and its snapshots.
//
//	log, err := local.Open(local.Config{Dir: "data/log"})
//	…
//	defer log.Close()
//
// Appends that arrive together share one write and one sync of the disk. What
// was appended lately stays in memory, so that a processor that keeps up never
// reads the disk.
//
// A disk that is full, read-only or failing makes calls return
// [stream.ErrUnavailable]; the log comes back by itself when the disk does.
// It never ends the process.
package local
