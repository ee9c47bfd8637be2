package envelope

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/go-faster/jx"
)

// body makes a batch of n events of 415 bytes, as browser SDKs send them.
func body(n int) []byte {
	b := []byte(`{"sentAt":"2024-05-01T10:00:01.000Z","batch":[`)
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		start := len(b)
		b = fmt.Appendf(b, `{"type":"track","event":"Product Viewed","messageId":"ajs-next-1795403745520-3f22199a-fded-4d69-%04d","anonymousId":"22199afd-ed5d-492c-be10-%012d","userId":"user-%d",`+
			`"timestamp":"2024-05-01T10:00:00.%03dZ","properties":{"sku":"A-%d","price":9.5,"currency":"EUR","quantity":2},"context":{"page":{"path":"/p/%d","url":"https://shop.example.com/p/%d"},"locale":"en-US"`, i, i/10, i/10, i, i, i, i)
		for len(b)-start < 413-len(`,"pad":""`) {
			b = append(b, `,"pad":"`...)
			for len(b)-start < 412 {
				b = append(b, 'x')
			}
			b = append(b, '"')
		}
		b = append(b, "}}"...)
	}
	return append(b, `]}`...)
}

const perBatch = 100

func report(b *testing.B, size int) {
	b.Helper()
	b.SetBytes(int64(size))
	b.ReportAllocs()
}

func perEvent(b *testing.B) {
	b.Helper()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/perBatch, "ns/event")
}

func BenchmarkDecodeOurs(b *testing.B) {
	source := body(perBatch)
	report(b, len(source))
	buf := make([]byte, 0, len(source)+Padding)
	var d Decoder
	var e Envelope
	for b.Loop() {
		d.Reset(append(buf[:0], source...))
		if err := d.Batch(&e, perBatch); err != nil || len(e.Items) != perBatch {
			b.Fatal(err)
		}
	}
	perEvent(b)
}

type plainEvent struct {
	Type        string          `json:"type"`
	Event       string          `json:"event"`
	MessageID   string          `json:"messageId"`
	AnonymousID string          `json:"anonymousId"`
	UserID      string          `json:"userId"`
	Timestamp   string          `json:"timestamp"`
	Properties  json.RawMessage `json:"properties"`
	Context     json.RawMessage `json:"context"`
}

func BenchmarkDecodeEncodingJSON(b *testing.B) {
	source := body(perBatch)
	report(b, len(source))
	for b.Loop() {
		var e struct {
			SentAt string       `json:"sentAt"`
			Batch  []plainEvent `json:"batch"`
		}
		if err := json.Unmarshal(source, &e); err != nil || len(e.Batch) != perBatch {
			b.Fatal(err)
		}
	}
	perEvent(b)
}

func BenchmarkDecodeJX(b *testing.B) {
	source := body(perBatch)
	report(b, len(source))
	events := make([]plainEvent, 0, perBatch)
	var d jx.Decoder
	for b.Loop() {
		d.ResetBytes(source)
		events = events[:0]
		err := d.ObjBytes(func(d *jx.Decoder, key []byte) error {
			if string(key) != "batch" {
				return d.Skip()
			}
			return d.Arr(func(d *jx.Decoder) error {
				events = append(events, plainEvent{})
				return d.ObjBytes(jxEvent(&events[len(events)-1]))
			})
		})
		if err != nil || len(events) != perBatch {
			b.Fatal(err)
		}
	}
	perEvent(b)
}

func jxEvent(e *plainEvent) func(*jx.Decoder, []byte) error {
	return func(d *jx.Decoder, key []byte) (err error) {
		var raw jx.Raw
		switch string(key) {
		case "type":
			e.Type, err = d.Str()
		case "event":
			e.Event, err = d.Str()
		case "messageId":
			e.MessageID, err = d.Str()
		case "anonymousId":
			e.AnonymousID, err = d.Str()
		case "userId":
			e.UserID, err = d.Str()
		case "timestamp":
			e.Timestamp, err = d.Str()
		case "properties":
			raw, err = d.Raw()
			e.Properties = json.RawMessage(raw)
		case "context":
			raw, err = d.Raw()
			e.Context = json.RawMessage(raw)
		default:
			err = d.Skip()
		}
		return err
	}
}
