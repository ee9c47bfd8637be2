package redact

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Secrets planted anywhere, however they are escaped, are gone from what is
// written, and everything else is there.
func TestPlantedSecretsAreGone(t *testing.T) {
	t.Parallel()
	rules := NewRules(Config{})
	for seed := range uint64(4000) {
		g := &gardener{Rand: rand.New(rand.NewPCG(seed, 1))}
		object := g.object(0)
		require.True(t, json.Valid([]byte(object)), object)
		got, n := redacted(object, rules, NoProfile)
		require.True(t, json.Valid([]byte(got)), got)
		require.Empty(t, found(got), "seed %d: %s\nbecame %s", seed, object, got)
		require.Equal(t, g.planted > 0, n > 0, object)
		require.Equal(t, shape(t, rules, object), shape(t, rules, got), object)
		require.Equal(t, g.kept, strings.Count(seen(got), "innocent"), "seed %d: %s\nbecame %s", seed, object, got)
		again, n := redacted(got, rules, NoProfile)
		require.Equal(t, got, again)
		require.Zero(t, n, got)
	}
}

// The test would find secrets that were left: without redaction it does.
func TestPlantedSecretsAreFound(t *testing.T) {
	t.Parallel()
	planted := 0
	for seed := range uint64(500) {
		g := &gardener{Rand: rand.New(rand.NewPCG(seed, 1))}
		if object := g.object(0); g.planted > 0 {
			planted++
			require.NotEmpty(t, found(object), object)
		}
	}
	require.Greater(t, planted, 100)
}

var canary = regexp.MustCompile(`canary|411111111111111`)

// found returns what is left of the secrets in any reading of a text.
func found(object string) []string {
	plain := strings.NewReplacer("-", "", " ", "", "+", "").Replace(seen(object))
	return append(canary.FindAllString(seen(object), -1), canary.FindAllString(plain, -1)...)
}

// seen resolves all escapes of a text.
func seen(object string) string {
	object = regexp.MustCompile(`\\u[0-9a-fA-F]{4}`).ReplaceAllStringFunc(object, func(e string) string {
		var text string
		if json.Unmarshal([]byte(`"`+e+`"`), &text) != nil {
			return e
		}
		return text
	})
	for range 3 {
		object = regexp.MustCompile(`%[0-9a-fA-F]{2}`).ReplaceAllStringFunc(object, func(e string) string {
			text, err := url.PathUnescape(e)
			if err != nil {
				return e
			}
			return text
		})
	}
	return object
}

// gardener makes objects and plants secrets in them.
type gardener struct {
	*rand.Rand
	planted, kept int
}

func (g *gardener) object(depth int) string {
	members := make([]string, g.IntN(4))
	for i := range members {
		members[i] = g.member(depth, i)
	}
	return "{" + strings.Join(members, g.pick(",", " , ", ",\n")) + "}"
}

func (g *gardener) member(depth, i int) string {
	if g.IntN(6) == 0 {
		g.planted++
		name := g.pick("password", "Access_Token", "user-email", "code", "clientSecret", "newPassword2", "API key")
		return g.quote(name+strings.Repeat("_", i)) + g.pick(":", " : ") + g.pick(
			g.quote("canary"), `["canary",{"a":"canary"}]`, `{"canary":{"b":[1]}}`, "4111111111111111")
	}
	return g.quote(fmt.Sprintf("%s %d", g.pick("name", "url", "Ünï", "titles"), i)) + ":" + g.value(depth)
}

func (g *gardener) value(depth int) string {
	switch g.IntN(7) {
	case 0:
		return g.pick("null", "true", "-1.5e3", "1714557600000", `""`, "[]", "{}")
	case 1:
		if depth < 4 {
			return g.object(depth + 1)
		}
		return "[ ]"
	case 2:
		return "[" + g.text() + "," + g.text() + "]"
	case 3:
		if g.IntN(3) == 0 {
			g.planted++
			return "4111111111111111"
		}
	}
	return g.text()
}

func (g *gardener) text() string {
	if g.IntN(2) == 0 {
		g.kept++
		return g.quote(g.pick("innocent", "/innocent?utm_source=a&b=%20#c", "an innocent = sign @ 12:00", "innocent%", "innocent \\ \" / 2024-05-01 10"))
	}
	g.planted++
	address := g.address()
	if g.IntN(3) == 0 { // an address that is a parameter of another
		for range 1 + g.IntN(2) {
			address = "https://x.example/?a=b&to=" + url.QueryEscape(address) + g.pick("", "&c=d")
		}
	}
	return g.quote(address)
}

func (g *gardener) address() string {
	word := g.pick("canary", "canary%26x", "ca%6earycanary", "canary+canary")
	switch g.IntN(6) {
	case 0:
		return g.pick("https://x.example/p", "/p", "") + "?" + g.pick("a=1&", "a=&a&") + g.pick("token", "Pass%77ord", "user[email]", "api_key", "sig") + "=" + word + g.pick("", "&b=2", "#c", "&d=e#f")
	case 1:
		return g.pick("https://x.example/p?q=1", "") + "#" + g.pick("", "s=1&") + "access_token=" + word + g.pick("", "&b=2")
	case 2:
		return g.pick("https:", "redis:", "") + "//" + g.pick("canary:canary", "canary", "x:canary@canary") + "@host" + g.pick("", ".example", ":80") + g.pick("", "/p?q=1")
	case 3:
		return g.pick("mailto:", "", "by ", "/user/", "/?q=", "<") + "canary.canary" + g.pick("@", "%40") + "mail.example" + g.pick("", " ", "/", "&a=b", ">")
	case 4:
		return g.pick("", "card ", "/pay/", "/?n=", "n:") + g.pick("4111111111111111", "4111-1111-1111-1111", "4111 1111 1111 1111", "4111%201111%201111%201111") + g.pick("", ".", " ok", "/x", "&a=b")
	default:
		return g.pick("see ", "", "'") + "https://x.example/?" + g.pick("password", "code") + "=canary" + g.pick("", "&x")
	}
}

func (g *gardener) pick(of ...string) string { return of[g.IntN(len(of))] }

// quote writes a JSON string with escapes where none are needed.
func (g *gardener) quote(text string) string {
	often := g.pick("never", "seldom", "often")
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case often == "often" && g.IntN(2) == 0 || often == "seldom" && g.IntN(10) == 0:
			if r == '/' && g.IntN(2) == 0 {
				b.WriteString(`\/`)
			} else {
				fmt.Fprintf(&b, g.pick(`\u%04x`, `\u%04X`), r)
			}
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// shape is an object without its texts and numbers, and without what is below
// secret names, and names of values that may have a secret one beside them.
func shape(tb testing.TB, rules *Rules, object string) any {
	tb.Helper()
	var v any
	require.NoError(tb, json.Unmarshal([]byte(object), &v), object)
	return bare(rules, v)
}

func bare(rules *Rules, v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, value := range v {
			if out[name] = bare(rules, value); rules.class([]byte(name))&(property|network|valued) != 0 {
				out[name] = "scalar"
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = bare(rules, v[i])
		}
		return out
	case string, float64:
		return "scalar"
	}
	return v
}

// Whatever comes, what was JSON stays JSON of the same shape, and a second time
// finds nothing.
func FuzzRedact(f *testing.F) {
	for seed := range uint64(20) {
		f.Add((&gardener{Rand: rand.New(rand.NewPCG(seed, 2))}).object(0))
	}
	f.Add(`{"a":"\ud800%","b":"%25%2540=@@..//@"}`)
	f.Add(`{"password":"\\","code":[{}],"x":"token=[redacted]&"}`)
	f.Add(`{"a":"{\"password\":\"x\",\"otp\":1,\"token\":{\"b\":\"}\"},\"ip\":\"1.2.3.4\",\"y\":\"a@b.cd\"}","b":"{\"in\":\"{\\\"otp\\\":1}\"}"}`)
	f.Add(`{"ip":"1.2.3.4","i\u200bp":["1.2"],"b":"Bearer abc","c":"Basic dTpw","d":"eyJhbGciOiJub25lIn0.e30.","e":"?ip=1.2.3.4&y=a@b.cd"}`)
	f.Add(`{"a":"a&#64;b.c &quot;token&quot;:&quot;x&quot; \"joe doe\"@x.example","ｐａｓｓｗｏｒｄ":1,"b":"joe＠x．example 4111\u00a01111.1111/1111","tokens":3}`)
	f.Add(`{"name":"password","value":"x","a":[{"value":{"b":1},"c":"d","key":"otp"}],"b":"{\"name\":\"otp\",\"value\":1},{\"value\":\"x\",\"id\":\"token\"}"}`)
	f.Add(`{"a":"password: hunter2, API key = a1b2c3d4; pwd:'x y' bearer abc123 token=x","b":"secret: \"x1y2z3\"&passwd = a@b.cd"}`)
	rules := NewRules(Config{Secret: []string{"x"}, Allow: []string{"y"}, Network: networkOfTests})
	f.Fuzz(func(t *testing.T, object string) {
		got, _ := redacted(object, rules, NoProfile) // no panic, JSON or not
		var v map[string]any
		if json.Unmarshal([]byte(object), &v) != nil {
			return
		}
		require.True(t, json.Valid([]byte(got)), got)
		again, n := redacted(got, rules, NoProfile)
		require.Zero(t, n, "%s became %s", got, again)
		require.Equal(t, shape(t, rules, object), shape(t, rules, got), object)
	})
}
