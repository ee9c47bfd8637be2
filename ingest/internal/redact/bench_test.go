package redact

import "testing"

// BenchmarkRedact shows what an object costs: mostly one has nothing to redact.
func BenchmarkRedact(b *testing.B) {
	for name, object := range map[string]string{
		"properties": `{"sku":"A-1234","price":9.5,"currency":"EUR","quantity":2,"name":"Blue shoe","category":"Shoes","position":3}`,
		"context": `{"page":{"path":"/p/1234","referrer":"https://www.example.org/","search":"?utm_source=mail&utm_medium=x","title":"Shoes","url":"https://shop.example.com/p/1234?utm_source=mail&utm_medium=x"},` +
			`"userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0 Safari/537.36","locale":"en-US","library":{"name":"analytics.js","version":"next-1.81.0"},"timezone":"Europe/Berlin"}`,
		"secrets": `{"user_email":"joe@x.example","url":"https://shop.example.com/?token=abc&b=%20","note":"card 4111 1111 1111 1111"}`,
	} {
		b.Run(name, func(b *testing.B) {
			var r Redactor
			var out []byte
			object := []byte(object)
			rules := NewRules(Config{})
			b.SetBytes(int64(len(object)))
			b.ReportAllocs()
			for b.Loop() {
				out, _ = r.Append(out[:0], object, rules, NoProfile)
			}
		})
	}
}
