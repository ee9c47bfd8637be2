package main

import (
	"time"

	"github.com/footfall-go/footfall/examples/custom-sink/parquet"
	"github.com/footfall-go/footfall/examples/custom-sink/webhook"
	"github.com/footfall-go/footfall/stream"
)

// taps makes a tap of each sink that was asked for, durable but for the feed.
func (o *options) taps() (taps []stream.Tap, err error) {
	if o.webhook != "" {
		sink, err := webhook.New(webhook.Config{URL: o.webhook, Secret: o.secret})
		if err != nil {
			return nil, err
		}
		taps = append(taps, stream.Tap{Name: "webhook", Sink: sink, Durable: true, MaxRows: 500, MaxAge: 200 * time.Millisecond})
	}
	if o.feed != "" {
		// What comes late is of no use to a feed, so it is not tried again.
		sink, err := webhook.New(webhook.Config{URL: o.feed, Secret: o.secret, Attempts: 1, Timeout: 2 * time.Second})
		if err != nil {
			return nil, err
		}
		taps = append(taps, stream.Tap{Name: "feed", Sink: sink, MaxRows: 500, Queue: 2000})
	}
	if o.files != "" {
		sink, err := parquet.Open(parquet.Config{Dir: o.files})
		if err != nil {
			return nil, err
		}
		taps = append(taps, stream.Tap{Name: "parquet", Sink: sink, Durable: true, MaxRows: o.rows, MaxBytes: 256 << 20, MaxAge: o.age})
	}
	return taps, nil
}
