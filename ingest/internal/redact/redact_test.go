package redact

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// redacted returns the object after redaction, and how often.
func redacted(object string, rules *Rules, profile Profile) (string, int) {
	var r Redactor
	out, n := r.Append([]byte("before"), []byte(object), rules, profile)
	if n == 0 {
		return object, 0
	}
	return string(bytes.TrimPrefix(out, []byte("before"))), n
}

func TestRedact(t *testing.T) {
	t.Parallel()
	const m = Marker
	for _, c := range []struct{ in, want string }{
		// Names of properties.
		{`{"password":"x"}`, `{"password":"` + m + `"}`},
		{`{ "a":1, "userPassword" : "x" , "b":2}`, `{ "a":1, "userPassword" : "` + m + `" , "b":2}`},
		{`{"access_token":"x","idToken":"y","REFRESH-TOKEN":"z"}`, `{"access_token":"` + m + `","idToken":"` + m + `","REFRESH-TOKEN":"` + m + `"}`},
		{`{"a":{"b":[{"Api-Key":{"deep":["x","y"]}},1]}}`, `{"a":{"b":[{"Api-Key":"` + m + `"},1]}}`},
		{`{"code":1234,"cvv":123,"secret2":["x"]}`, `{"code":"` + m + `","cvv":"` + m + `","secret2":"` + m + `"}`},
		{`{"p\u0061ssword":"x"}`, `{"p\u0061ssword":"` + m + `"}`},
		{`{"email":"not an address"}`, `{"email":"` + m + `"}`},
		// URLs.
		{`{"url":"https://x.example/a?token=abc&b=1#c"}`, `{"url":"https://x.example/a?token=` + m + `&b=1#c"}`},
		{`{"url":"https:\/\/x.example\/?b=1&Pass\u0057ord=a\u0026c=2"}`, `{"url":"https:\/\/x.example\/?b=1&Pass\u0057ord=` + m + `\u0026c=2"}`},
		{`{"url":"/cb#access_token=abc&state=1"}`, `{"url":"/cb#access_token=` + m + `&state=1"}`},
		{`{"url":"/cb#token=a#b&state=1"}`, `{"url":"/cb#token=` + m + `&state=1"}`},
		{`{"search":"?key=abc"}`, `{"search":"?key=` + m + `"}`},
		{`{"url":"/?user[password]=a%26b&c=1"}`, `{"url":"/?user[password]=` + m + `&c=1"}`},
		{`{"url":"/?next=https%3A%2F%2Fx%2F%3Fcode%3Da%2526b%26c%3D1&d=2"}`, `{"url":"/?next=https%3A%2F%2Fx%2F%3Fcode%3D` + m + `%26c%3D1&d=2"}`},
		{`{"url":"/?%74oken=abc&d=2"}`, `{"url":"/?%74oken=` + m + `&d=2"}`},
		{`{"url":"https://joe:pass@x.example/a"}`, `{"url":"https://redacted@x.example/a"}`},
		{`{"url":"https://joe:p%40ss@localhost/a?b=c@d"}`, `{"url":"https://redacted@localhost/a?b=c@d"}`},
		{`{"url":"/u/joe%40x.example/edit"}`, `{"url":"/u/` + m + `/edit"}`},
		{`{"url":"/?q=joe@x.example&r=1"}`, `{"url":"/?q=` + m + `&r=1"}`},
		{`{"url":"/?redirect=%2F%2Fjoe%3Ax%40x.example%2F"}`, `{"url":"/?redirect=%2F%2Fredacted%40x.example%2F"}`},
		{`{"url":"/?password=my pass&a=1"}`, `{"url":"/?password=` + m + `&a=1"}`},
		// Other texts.
		{`{"note":"write to joe.doe+x@mail.example.com, please"}`, `{"note":"write to ` + m + `, please"}`},
		{`{"note":"jos\u00e9@x.example"}`, `{"note":"` + m + `"}`},
		{`{"note":["see https://x/?token=abc now"]}`, `{"note":["see https://x/?token=` + m + ` now"]}`},
		{`{"cookie":"x"}`, `{"cookie":"x"}`},
		{`{"note":"a=1; token=abc; b=2"}`, `{"note":"a=1; token=` + m + ` b=2"}`},
		// Cards.
		{`{"n":4111111111111111}`, `{"n":"` + m + `"}`},
		{`{"n":"paid by 4111 1111 1111 1111."}`, `{"n":"paid by ` + m + `."}`},
		{`{"n":"3782-822463-10005"}`, `{"n":"` + m + `"}`},
		{`{"n":"/?c=5555%205555%205555%204444"}`, `{"n":"/?c=` + m + `"}`},
		{`{"n":"2026 6011000990139424"}`, `{"n":"2026 ` + m + `"}`},
	} {
		got, n := redacted(c.in, NewRules(nil, nil), NoProfile)
		require.Equal(t, c.want, got)
		require.True(t, n > 0 || c.in == c.want)
		require.True(t, json.Valid([]byte(got)))
		again, n := redacted(got, NewRules(nil, nil), NoProfile)
		require.Equal(t, got, again)
		require.Zero(t, n, "a marker is no secret: %s", got)
	}
}

func TestNothingToRedact(t *testing.T) {
	t.Parallel()
	for _, object := range []string{
		``, `{}`,
		`{"name":"n","price":9.5,"tokens":3,"passwords":"x","encoded":"x","country_code":"DE","promo_code":"SUMMER","emails_sent":2}`,
		`{"email":null,"password":"","token":true,"secret":{},"code":[]}`,
		`{"session":"s-1","session_id":"x","key":"Enter"}`,
		`{"url":"https://x.example/a?utm_source=mail&page=2&x=a%20b#top","src":"/logo@2x.png","map":"/@52.5,13.4,15z"}`,
		`{"n":1714557600000,"us":1714557600000000,"ns":1714557600000000000,"f":0.4111111111111111,"neg":-4111111111111111}`,
		`{"n":4111111111111112,"ean":"4006381333931","id":"x4111111111111111","uuid":"4f111111-1111-1111-1111-111111111111"}`,
		`{"at":"user@localhost","pkg":"left-pad@1.3.0","handle":"@joe","mail":"[redacted]"}`,
		`{"phone":"+49 170 1234567","date":"2024-05-01 10:00:00","q":"50% off = good"}`,
	} {
		got, n := redacted(object, NewRules(nil, nil), NoProfile)
		require.Equal(t, object, got)
		require.Zero(t, n, object)
	}
}

func TestRulesOfATenant(t *testing.T) {
	t.Parallel()
	rules := NewRules([]string{"Customer-Number"}, []string{"email", "promo_token", "code"})
	got, _ := redacted(`{"customerNumber":7,"email":"joe@x.example","promoToken":{"password":"p"},"user_email":"x",`+
		`"url":"/?customer_number=8&email=joe@x.example&code=1&q=ann@x.example&token=t"}`, rules, NoProfile)
	require.JSONEq(t, `{"customerNumber":"[redacted]","email":"joe@x.example","promoToken":{"password":"p"},"user_email":"[redacted]",`+
		`"url":"/?customer_number=[redacted]&email=joe@x.example&code=1&q=[redacted]&token=[redacted]"}`, got)
}

// A profile keeps the addresses it is made of, and nothing else.
func TestProfile(t *testing.T) {
	t.Parallel()
	rules := NewRules(nil, nil)
	object := `{"email":"joe@x.example","traits":{"email":"joe@x.example","contact":"joe@x.example","password":"p","card":"4111111111111111","url":"/?email=joe@x.example"},"page":{"traits":{"email":"j@x.example"}}}`
	got, _ := redacted(object, rules, All)
	require.JSONEq(t, `{"email":"joe@x.example","traits":{"email":"joe@x.example","contact":"joe@x.example","password":"[redacted]","card":"[redacted]","url":"/?email=[redacted]"},"page":{"traits":{"email":"j@x.example"}}}`, got)
	got, _ = redacted(object, rules, InTraits)
	require.JSONEq(t, `{"email":"[redacted]","traits":{"email":"joe@x.example","contact":"joe@x.example","password":"[redacted]","card":"[redacted]","url":"/?email=[redacted]"},"page":{"traits":{"email":"[redacted]"}}}`, got)
}
