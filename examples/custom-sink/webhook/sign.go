package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of a signed request.
const (
	HeaderID        = "Webhook-Id"
	HeaderTimestamp = "Webhook-Timestamp"
	HeaderSignature = "Webhook-Signature"
)

// Tolerance is how far the clocks of sender and receiver may be apart. A
// request that is older may be one that somebody has recorded and sends again.
const Tolerance = 5 * time.Minute

// ErrSignature says that a request is not from who knows the secret, or old.
var ErrSignature = errors.New("webhook: signature does not match")

func parseSecret(text string) ([]byte, error) {
	secret, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(text, "whsec_"))
	if err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	if len(secret) < 24 || len(secret) > 64 {
		return nil, fmt.Errorf("it has %d bytes, not 24 to 64", len(secret))
	}
	return secret, nil
}

// sign returns a signature of the id, the time and the body.
func sign(secret []byte, id string, unix int64, body []byte) string {
	h := hmac.New(sha256.New, secret)
	_, _ = fmt.Fprintf(h, "%s.%d.", id, unix) // a hash takes everything
	_, _ = h.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// Verify is for receivers: it returns nil if the request's headers and body
// were made with one of the secrets no longer ago than [Tolerance]. Several
// secrets allow to change them without a gap; a sender may send several
// signatures for the same reason. An error wraps [ErrSignature], or is one of
// the secrets'.
func Verify(h http.Header, body []byte, now time.Time, secrets ...string) error {
	id, given := h.Get(HeaderID), h.Get(HeaderSignature)
	unix, err := strconv.ParseInt(h.Get(HeaderTimestamp), 10, 64)
	if id == "" || err != nil {
		return fmt.Errorf("%w: a header is missing or makes no sense", ErrSignature)
	}
	if limit := int64(Tolerance / time.Second); unix < now.Unix()-limit || unix > now.Unix()+limit {
		return fmt.Errorf("%w: it was signed at %d", ErrSignature, unix)
	}
	for _, text := range secrets {
		secret, err := parseSecret(text)
		if err != nil {
			return fmt.Errorf("webhook: secret: %w", err)
		}
		want := []byte(sign(secret, id, unix, body))
		for one := range strings.FieldsSeq(given) {
			if hmac.Equal([]byte(one), want) {
				return nil
			}
		}
	}
	return ErrSignature
}
