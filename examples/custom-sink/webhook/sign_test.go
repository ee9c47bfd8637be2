package webhook

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func signed(id, unix, signature string) http.Header {
	h := http.Header{}
	h.Set(HeaderID, id)
	h.Set(HeaderTimestamp, unix)
	h.Set(HeaderSignature, signature)
	return h
}

// TestVerify begins with the example of the Standard Webhooks specification's
// reference libraries.
func TestVerify(t *testing.T) {
	t.Parallel()
	const (
		id   = "msg_p5jXN8AQM9LWM0D4loKWxJek"
		unix = 1614265330
		good = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	)
	body := []byte(`{"test": 2432232314}`)
	at := time.Unix(unix, 0)
	stamp := strconv.Itoa(unix)
	other := "whsec_" + strings.Repeat("A", 32)
	require.NoError(t, Verify(signed(id, stamp, good), body, at, secret))
	require.NoError(t, Verify(signed(id, stamp, "v2,xyz v1,AAAA "+good), body, at.Add(Tolerance), other, secret))
	for name, tc := range map[string]struct {
		h    http.Header
		body string
		at   time.Time
	}{
		"nothing":   {http.Header{}, string(body), at},
		"id":        {signed("msg_other", stamp, good), string(body), at},
		"time":      {signed(id, stamp+"0", good), string(body), time.Unix(unix*10, 0)},
		"no time":   {signed(id, "today", good), string(body), at},
		"signature": {signed(id, stamp, strings.Replace(good, "g0h", "g1h", 1)), string(body), at},
		"version":   {signed(id, stamp, strings.Replace(good, "v1", "v1a", 1)), string(body), at},
		"body":      {signed(id, stamp, good), `{"test": 2432232315}`, at},
		"old":       {signed(id, stamp, good), string(body), at.Add(Tolerance + time.Second)},
		"early":     {signed(id, stamp, good), string(body), at.Add(-Tolerance - time.Second)},
	} {
		require.ErrorIs(t, Verify(tc.h, []byte(tc.body), tc.at, secret), ErrSignature, name)
	}
	require.ErrorIs(t, Verify(signed(id, stamp, good), body, at), ErrSignature, "no secret")
	require.NotErrorIs(t, Verify(signed(id, stamp, good), body, at, "whsec_?"), ErrSignature)
}

// FuzzVerify looks for a request that passes without the secret, or ends the
// program.
func FuzzVerify(f *testing.F) {
	f.Add("id", "1700000000", "v1,AAAA", []byte("body"))
	f.Add("id", "-9223372036854775808", "v1, v1a,x", []byte{})
	f.Add("", "9223372036854775807", "\t\n", []byte("\x00"))
	f.Fuzz(func(t *testing.T, id, unix, signature string, body []byte) {
		h := signed(id, unix, signature)
		now := time.Unix(1_700_000_000, 0)
		require.Error(t, Verify(h, body, now, secret))
		if at, err := strconv.ParseInt(unix, 10, 64); err == nil && id != "" && now.Sub(time.Unix(at, 0)).Abs() <= Tolerance {
			key, err := parseSecret(secret)
			require.NoError(t, err)
			h.Set(HeaderSignature, strings.TrimSpace(signature)+" "+sign(key, id, at, body))
			require.NoError(t, Verify(h, body, now, secret))
		}
	})
}
