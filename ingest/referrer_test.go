package ingest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReferrerSource(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for referrer, want := range map[string]string{
		`https://www.google.com/`:               `"$referrer_domain":"google.com","$referrer_source":"search"`,
		`https://www.google.co.uk/search?q=x`:   `"$referrer_domain":"google.co.uk","$referrer_source":"search"`,
		`http://google.evil.com/`:               `"$referrer_domain":"google.evil.com","$referrer_source":"referral"`,
		`https://notgoogle.com/`:                `"$referrer_domain":"notgoogle.com","$referrer_source":"referral"`,
		`https://mail.google.com/mail/u/0/`:     `"$referrer_domain":"mail.google.com","$referrer_source":"mail"`,
		`https://gemini.google.com/app`:         `"$referrer_domain":"gemini.google.com","$referrer_source":"assistant"`,
		`https://L.Facebook.com:443/l.php`:      `"$referrer_domain":"l.facebook.com","$referrer_source":"social"`,
		`https://t.co`:                          `"$referrer_domain":"t.co","$referrer_source":"social"`,
		`https://de.search.yahoo.com/?p=x`:      `"$referrer_domain":"de.search.yahoo.com","$referrer_source":"search"`,
		`android-app://com.google.android.gm/`:  `"$referrer_domain":"com.google.android.gm","$referrer_source":"mail"`,
		`https://user:pass@blog.example.org./a`: `"$referrer_domain":"blog.example.org","$referrer_source":"referral"`,
		`https:\/\/shop.example.org\/other#x`:   `"$referrer_domain":"shop.example.org","$referrer_source":"internal"`,
		`https://www.shop.example.org/`:         `"$referrer_domain":"shop.example.org","$referrer_source":"internal"`,
		`https://[2001:db8::1]:8080/`:           `"$referrer_domain":"[2001:db8::1]","$referrer_source":"referral"`,
		`https://www.com/`:                      `"$referrer_domain":"www.com","$referrer_source":"referral"`,
	} {
		got := b.one("/v1/track", fmt.Sprintf(`{"event":"E","userId":"u","context":{"page":{"path":"/","url":"https://shop.example.org/a","referrer":"%s"}}}`, referrer))
		require.Equal(t, `{"$url":"https://shop.example.org/a","$path":"/","$referrer":"`+strings.Replace(referrer, "user:pass", "redacted", 1)+`",`+want+`}`, got.Derived)
	}
	for name, c := range map[string]struct{ body, agent, want string }{
		"no referrer":                 {`"context":{"page":{"url":"https://x.org/","referrer":""}}`, "", `{"$url":"https://x.org/","$path":"/","$referrer_source":"direct"}`},
		"a browser knows of none":     {`"context":{"page":{"url":"https://x.org/"},"ip":"0.0.0.0"}`, "Mozilla/5.0", `{"$url":"https://x.org/","$path":"/","$referrer_source":"direct"}`},
		"a server does not know":      {`"context":{"page":{"url":"https://x.org/"}}`, "", `{"$url":"https://x.org/","$path":"/"}`},
		"no page":                     {`"context":{"ip":"0.0.0.0"}`, "Mozilla/5.0", ``},
		"a referrer that is no place": {`"context":{"page":{"url":"https://x.org/","referrer":"about:blank"}}`, "", `{"$url":"https://x.org/","$path":"/","$referrer":"about:blank"}`},
		"a referrer and no page":      {`"context":{"page":{"referrer":"https://x.org/"}}`, "", `{"$referrer":"https://x.org/","$referrer_domain":"x.org","$referrer_source":"referral"}`},
	} {
		require.Equal(t, c.want, b.oneWith("/v1/track", `{"event":"E","userId":"u",`+c.body+`}`, "User-Agent", c.agent).Derived, name)
	}
}

func FuzzHost(f *testing.F) {
	for _, text := range []string{"https://www.google.com/", "http://a@b:80?x", "x://[::1]:1", "://", "https://WWW.\xff.de./"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, url []byte) {
		var room [maxHost]byte
		host := hostOf(room[:0], url)
		require.LessOrEqual(t, len(host), maxHost)
		require.NotContains(t, string(host), "/")
		if len(host) > 0 {
			require.Contains(t, []string{search, social, mail, assistant, referral}, sourceOf(host))
		}
	})
}
