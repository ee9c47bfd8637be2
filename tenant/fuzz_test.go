package tenant

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// FuzzParseID: what passes is safe in a file name, a host name and a statement,
// and stays what it is.
func FuzzParseID(f *testing.F) {
	for _, text := range []string{"", "shop", "a-b_c9", "-a", "A", "a/../b", "a'b", strings.Repeat("a", 64), "ä", "a\x00"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, err := ParseID(text)
		if err != nil {
			require.ErrorIs(t, err, ErrID)
			require.True(t, id.IsZero())
			return
		}
		require.Equal(t, text, id.String())
		require.Regexp(t, `^[a-z0-9][a-z0-9_-]{0,62}$`, text)
		var again ID
		require.NoError(t, again.UnmarshalText([]byte(text)))
		require.Equal(t, id, again)
	})
}

// FuzzKeys registers strangers' keys and comes with others: a key opens the
// door it was made for, and nothing else opens any.
func FuzzKeys(f *testing.F) {
	f.Add("wk_a", "rk_a", "wk_a")
	f.Add("wk_a", "rk_a", "rk_a")
	f.Add("wk_", "rk_\n", "")
	f.Add("rk_a", "wk_a", "wk_a")
	f.Add("wk_a:b", "rk_ä", "wk_a")
	f.Fuzz(func(t *testing.T, write, read, given string) {
		id, err := ParseID("a")
		require.NoError(t, err)
		k, err := NewKeys(Registration{Tenant: Tenant{ID: id}, WriteKeys: []string{write}, ReadKeys: []string{read}})
		if err != nil {
			return
		}
		require.True(t, strings.HasPrefix(write, WritePrefix) && strings.HasPrefix(read, ReadPrefix))
		for want, key := range map[Access]string{Send: write, Ask: read} {
			got, err := k.Authenticate(nil, given, want)
			if given == key {
				require.NoError(t, err)
				require.Equal(t, id, got.ID)
				continue
			}
			require.Nil(t, got)
			if given == write || given == read {
				require.ErrorIs(t, err, ErrForbidden)
			} else {
				require.ErrorIs(t, err, ErrUnauthenticated)
			}
		}
	})
}

// FuzzCookie opens strangers' cookies: only the bytes that were issued are
// worth anything.
func FuzzCookie(f *testing.F) {
	id, err := ParseID("shop")
	require.NoError(f, err)
	shop := &Tenant{ID: id}
	c := NewCookies(nil, func(ID) *Tenant { return shop })
	c.secret = [32]byte{1, 2, 3} // so that the seeds are what they were
	issued := c.seal(id, time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC))
	want, err := base64.RawURLEncoding.DecodeString(issued)
	require.NoError(f, err)
	for _, value := range []string{issued, issued + "\n", issued[1:], issued + "A", c.seal(id, time.Unix(0, 0)), "", "AAAA", "%"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		// Base64 has more than one text for some bytes.
		got, err := base64.RawURLEncoding.DecodeString(value)
		require.Equal(t, err == nil && bytes.Equal(got, want), c.open(value, time.Now()) != nil, value)
	})
}
