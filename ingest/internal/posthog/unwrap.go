package posthog

import (
	"bytes"
	"encoding/base64"
	"errors"
	"net/url"
)

// errForm says that a form has no payload.
var errForm = errors.New("the form has no field data with the events")

// errBase64 says that a payload is not what the request says it is.
var errBase64 = errors.New("the field data is not base64")

// errCompression names the one thing old SDKs could send that nothing sends
// any more.
var errCompression = errors.New("compression may be gzip, gzip-js or base64")

// Unwrap returns the JSON in a body that may be a form with a field data, whose
// value may be base64. Compression is what the query of the request calls it;
// gzip has been undone before. The result may be part of body.
func Unwrap(body []byte, compression string) ([]byte, error) {
	switch compression {
	case "", "gzip", "gzip-js", "base64":
	default:
		return nil, errCompression
	}
	trimmed := bytes.TrimLeft(body, " \t\r\n")
	if len(trimmed) == 0 || trimmed[0] == '{' || trimmed[0] == '[' {
		return body, nil
	}
	if _, form, ok := bytes.Cut(body, []byte("data=")); ok {
		form, _, _ = bytes.Cut(form, []byte{'&'})
		// A plus that was not escaped is base64's own, or a blank in JSON.
		text, err := url.PathUnescape(string(form))
		if err != nil {
			return nil, errForm
		}
		body = []byte(text)
		if len(body) > 0 && body[0] == '{' || len(body) > 0 && body[0] == '[' {
			return bytes.ReplaceAll(body, []byte{'+'}, []byte{' '}), nil
		}
	} else if compression != "base64" {
		return body, nil // no JSON: the decoder says where
	}
	out := make([]byte, base64.StdEncoding.DecodedLen(len(body)))
	n, err := base64.StdEncoding.Decode(out, bytes.TrimSpace(body))
	if err != nil {
		return nil, errBase64
	}
	return out[:n], nil
}
