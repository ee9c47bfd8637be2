package posthog

import (
	"bytes"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
)

// errForm says that a form has no payload.
var errForm = errors.New("the form has no field data with the events")

// errBase64 says that a payload is not what the request says it is.
var errBase64 = errors.New("the field data is not base64")

// errCompression names the one thing old SDKs could send that nothing sends
// any more.
var errCompression = errors.New("compression may be gzip, gzip-js or base64")

// HasData reports whether a query carries events in its field data, as that of
// an image or of an old SDK's GET does.
func HasData(query string) bool {
	value, ok := field(query, "data")
	return ok && value != ""
}

// Unwrap returns the JSON in a body that may be a form with a field data, or a
// query, whose value may be base64. Compression is what the query of the request
// calls it, where that is not the body. The gzip of the body has been undone
// before; what was wrapped may be gzip once more, which is for the caller to undo.
// The result may be part of body.
func Unwrap(body []byte, compression string) ([]byte, error) {
	trimmed := bytes.TrimLeft(body, " \t\r\n")
	bare := len(trimmed) == 0 || trimmed[0] == '{' || trimmed[0] == '['
	data, isForm := "", false
	if !bare {
		form := string(body)
		data, isForm = field(form, "data")
		if own, ok := field(form, "compression"); isForm && ok {
			compression = own
		}
	}
	switch strings.ToLower(compression) {
	case "", "gzip", "gzip-js", "base64", "b64":
	default:
		return nil, errCompression
	}
	switch {
	case bare:
		return body, nil
	case isForm:
		// A plus that was not escaped is base64's own, and a blank elsewhere.
		text, err := url.QueryUnescape(data)
		if err != nil || text == "" {
			return nil, errForm
		}
		if body = []byte(text); body[0] == '{' || body[0] == '[' || bytes.HasPrefix(body, gzipped) {
			return body, nil
		}
		// decode makes a plus of a blank again.
	case compression != "base64" && compression != "b64":
		return body, nil // no JSON: the decoder says where
	}
	return decode(body)
}

// gzipped is what a gzip stream begins with.
var gzipped = []byte{0x1f, 0x8b}

// field returns a field of a form or a query as it stands there.
func field(form, name string) (value string, ok bool) {
	for pair := range strings.SplitSeq(form, "&") {
		if value, ok = strings.CutPrefix(pair, name); ok && strings.HasPrefix(value, "=") {
			return value[1:], true
		}
	}
	return "", false
}

// decode reads base64 with or without its padding, in either of its alphabets.
func decode(text []byte) ([]byte, error) {
	text = bytes.TrimRight(bytes.TrimSpace(text), "=")
	for i, c := range text {
		switch c {
		case '-', ' ': // a blank was a plus before the form was read
			text[i] = '+'
		case '_':
			text[i] = '/'
		}
	}
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(text)))
	n, err := base64.RawStdEncoding.Decode(out, text)
	if err != nil {
		return nil, errBase64
	}
	return out[:n], nil
}
