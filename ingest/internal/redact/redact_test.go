package redact

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// redacted returns the object after redaction, and how often.
func redacted(object string, rules *Rules, profile Profile) (string, int) {
	var r Redactor
	out, n := r.Append([]byte("before"), []byte(object), rules, profile)
	if string(out) == "before" {
		return object, n
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
		// Plurals and words behind.
		{`{"passwords":"x","tokens":["a"],"API-Keys":{"a":1},"userEmails":["x"],"otps":"1"}`, `{"passwords":"` + m + `","tokens":"` + m + `","API-Keys":"` + m + `","userEmails":"` + m + `","otps":"` + m + `"}`},
		{
			`{"password_hash":"x","passwordHash":"x","userPasswordSha256":"x","newTokenValue":"x","password-confirm":"x","secret_key_base64":"x"}`,
			`{"password_hash":"` + m + `","passwordHash":"` + m + `","userPasswordSha256":"` + m + `","newTokenValue":"` + m + `","password-confirm":"` + m + `","secret_key_base64":"` + m + `"}`,
		},
		{
			`{"passwordForWifi":"x","wifi_password_guest":12,"auth_header":"x","email_hash":"x","user_email_address":"x","emailAddresses":"x"}`,
			`{"passwordForWifi":"` + m + `","wifi_password_guest":"` + m + `","auth_header":"` + m + `","email_hash":"` + m + `","user_email_address":"` + m + `","emailAddresses":"` + m + `"}`,
		},
		// Names that look like others.
		{
			`{"ｐａｓｓｗｏｒｄ":"x","pass\u200bword":"x","Pass\u00adWord":"x","to` + "\u200d" + `ken":"x","pa\u017fſword":"x","access\u2011token":"x"}`,
			`{"ｐａｓｓｗｏｒｄ":"` + m + `","pass\u200bword":"` + m + `","Pass\u00adWord":"` + m + `","to` + "\u200d" + `ken":"` + m + `","pa\u017fſword":"` + m + `","access\u2011token":"` + m + `"}`,
		},
		{`{"` + strings.Repeat("\u200b", 50) + `password":"x"}`, `{"` + strings.Repeat("\u200b", 50) + `password":"` + m + `"}`},
		// JSON in texts.
		{`{"body":"{\"password\":\"x\",\"a\":1}"}`, `{"body":"{\"password\":\"` + m + `\",\"a\":1}"}`},
		{`{"body":"{ \"a\":[{\"pin\":1,\"otp\" : 1234}],\"token\":{\"b\":\"}\"},\"c\":2}"}`, `{"body":"{ \"a\":[{\"pin\":1,\"otp\" : \"` + m + `\"}],\"token\":\"` + m + `\",\"c\":2}"}`},
		{`{"body":"got {\"passwords\":[\"a\",\"b\"],\"tokens\":3} from x"}`, `{"body":"got {\"passwords\":\"` + m + `\",\"tokens\":3} from x"}`},
		{`{"body":"{\"in\":\"{\\\"password\\\":\\\"a\\\\\\\"b\\\",\\\"c\\\":1}\"}"}`, `{"body":"{\"in\":\"{\\\"password\\\":\\\"` + m + `\\\",\\\"c\\\":1}\"}"}`},
		{`{"body":"{\"in\":\"{\\\"otp\\\":1}\",\"d\":1}"}`, `{"body":"{\"in\":\"{\\\"otp\\\":\\\"` + m + `\\\"}\",\"d\":1}"}`},
		{`{"body":"{\"password\":\"cut off"}`, `{"body":"{\"password\":\"` + m + `"}`},
		{`{"body":"{\"password\":\"back\\\\\",\"a\":\"b\"}"}`, `{"body":"{\"password\":\"` + m + `\",\"a\":\"b\"}"}`},
		{`{"url":"/?q=%7B%22password%22%3A%22x%22%2C%22a%22%3A1%7D"}`, `{"url":"/?q=%7B%22password%22%3A%22` + m + `%22%2C%22a%22%3A1%7D"}`},
		{`{"html":"<a data-x='{&quot;token&quot;:&quot;x&quot;}'>"}`, `{"html":"<a data-x='{&quot;token&quot;:&quot;` + m + `&quot;}'>"}`},
		// Tokens that say what they are.
		{`{"h":"Bearer abc","i":"bearer 123abc"}`, `{"h":"Bearer ` + m + `","i":"bearer ` + m + `"}`},
		{`{"h":"Authorization: Bearer abc.def; x","i":"sent Bearer a1b2c3d4 to x","j":["Basic dTpw"]}`, `{"h":"Authorization: Bearer ` + m + `; x","i":"sent Bearer ` + m + ` to x","j":["Basic ` + m + `"]}`},
		{
			`{"x":"eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.c2ln","y":"/v/eyJhbGciOiJub25lIn0.e30./z","z":"got eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.c2ln."}`,
			`{"x":"` + m + `","y":"/v/` + m + `/z","z":"got ` + m + `."}`,
		},
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
		{`{"note":"a&#64;b.c, joe&#x40;x&#46;example, ann&commat;x.example"}`, `{"note":"` + m + `, ` + m + `, ` + m + `"}`},
		{`{"note":"joe＠x．example","n2":"joe\uff20x.example","n3":"joe\u200b@x.example"}`, `{"note":"` + m + `","n2":"` + m + `","n3":"` + m + `"}`},
		{`{"note":"to \"joe doe\"@x.example now"}`, `{"note":"to ` + m + ` now"}`},
		{`{"cookie":"x"}`, `{"cookie":"x"}`},
		{`{"note":"a=1; token=abc; b=2"}`, `{"note":"a=1; token=` + m + ` b=2"}`},
		// Cards.
		{`{"n":4111111111111111}`, `{"n":"` + m + `"}`},
		{`{"n":"paid by 4111 1111 1111 1111."}`, `{"n":"paid by ` + m + `."}`},
		{`{"n":"3782-822463-10005"}`, `{"n":"` + m + `"}`},
		{`{"n":"/?c=5555%205555%205555%204444"}`, `{"n":"/?c=` + m + `"}`},
		{`{"n":"4111.1111.1111.1111","m":"4111\u00a01111\u00a01111\u00a01111","o":"4111` + "\u00a0" + `1111` + "\u202f" + `1111 1111"}`, `{"n":"` + m + `","m":"` + m + `","o":"` + m + `"}`},
		{
			`{"n":"4111 - 1111 - 1111 - 1111","m":"4111/1111/1111/1111","o":"3782.822463.10005","p":"4111_1111_1111_1111","q":"4111–1111–1111–1111"}`,
			`{"n":"` + m + `","m":"` + m + `","o":"` + m + `","p":"` + m + `","q":"` + m + `"}`,
		},
		{`{"n":"４１１１１１１１１１１１１１１１","m":"4111&nbsp;1111&#160;1111 1111","o":"4111·1111·1111·1111"}`, `{"n":"` + m + `","m":"` + m + `","o":"` + m + `"}`},
		{`{"n":"2026 6011000990139424"}`, `{"n":"2026 ` + m + `"}`},
	} {
		got, n := redacted(c.in, NewRules(Config{}), NoProfile)
		require.Equal(t, c.want, got)
		require.True(t, n > 0 || c.in == c.want)
		require.True(t, json.Valid([]byte(got)))
		again, n := redacted(got, NewRules(Config{}), NoProfile)
		require.Equal(t, got, again)
		require.Zero(t, n, "a marker is no secret: %s", got)
	}
}

func TestNothingToRedact(t *testing.T) {
	t.Parallel()
	for _, object := range []string{
		``, `{}`,
		`{"name":"n","price":9.5,"tokens":3,"encoded":"x","country_code":"DE","promo_code":"SUMMER","emails_sent":2}`,
		`{"tokenize":"a","tokenizer":"b","token_type":"c","token_count":"7","secretary":"d","secret_santa":"e","passenger":"f","passport":"g","compass":"h","postcode":"i","discode":"j","zip_code":"k","codes":"l"}`,
		`{"password_length":"8","passwordStrength":"weak","passwordless":"yes","password_changed_at":"2024-05-01","password_reset_link":"/x","email_subject":"Hi","email_verified":"yes","email_campaign":"may"}`,
		`{"prompt_tokens":512,"tokens":-1,"emails":2,"keyword":"k","keyboard":"l","monkey":"m","author":"n","signal":"o","mailing":"p","design":"q","optional":"r"}`,
		`{"a":"The bearer of good news","b":"basic plan","c":"Basic access","d":"eyJust a word","e":"eyJhbGciOiJub25lIn0","f":"Bearer","g":"a forbearer is 12","h":"build.eyJ.x"}`,
		`{"a":"say \"hi\": ok","b":"{\"name\":\"n\",\"code_name\":\"x\",\"password\":null,\"token\":\"\",\"tokens\":7}","c":"\"a\",\"@x.example\"","d":"react@18.x","e":"12&#38;3 &#x; &#; &commat","f":"` + "\u200b\u200d" + `ﬁ"}`,
		`{"v":"4111.1111.1111.1112","w":"2024.05.01.12.30.45.123","x":"1.2.3-4111","y":"10.0.0.1/24, 10.0.0.2/24","z":"52.520008,13.404954,4111.1","o":"ORD-2024/0001/0002/0003","p":"4111.1111.1111.1111.5"}`,
		`{"email":null,"password":"","token":true,"secret":{},"code":[]}`,
		`{"session":"s-1","session_id":"x","key":"Enter"}`,
		`{"url":"https://x.example/a?utm_source=mail&page=2&x=a%20b#top","src":"/logo@2x.png","map":"/@52.5,13.4,15z"}`,
		`{"n":1714557600000,"us":1714557600000000,"ns":1714557600000000000,"f":0.4111111111111111,"neg":-4111111111111111}`,
		`{"n":4111111111111112,"ean":"4006381333931","id":"x4111111111111111","uuid":"4f111111-1111-1111-1111-111111111111"}`,
		`{"at":"user@localhost","pkg":"left-pad@1.3.0","handle":"@joe","mail":"[redacted]"}`,
		`{"phone":"+49 170 1234567","date":"2024-05-01 10:00:00","q":"50% off = good"}`,
	} {
		got, n := redacted(object, NewRules(Config{}), NoProfile)
		require.Equal(t, object, got)
		require.Zero(t, n, object)
	}
}

func TestRulesOfATenant(t *testing.T) {
	t.Parallel()
	rules := NewRules(Config{Secret: []string{"Customer-Number"}, Allow: []string{"email", "promo_token", "code"}})
	got, _ := redacted(`{"customerNumber":7,"email":"joe@x.example","promoToken":{"password":"p"},"user_email":"x",`+
		`"url":"/?customer_number=8&email=joe@x.example&code=1&q=ann@x.example&token=t"}`, rules, NoProfile)
	require.JSONEq(t, `{"customerNumber":"[redacted]","email":"joe@x.example","promoToken":{"password":"p"},"user_email":"[redacted]",`+
		`"url":"/?customer_number=[redacted]&email=joe@x.example&code=1&q=[redacted]&token=[redacted]"}`, got)
}

// Whatever a text of the longest event has, it takes no longer than its length:
// without a bound, some of these took a hundred times as long.
func TestManySecretsInOneText(t *testing.T) {
	t.Parallel()
	rules := NewRules(Config{Network: networkOfTests})
	for _, unit := range []string{
		`//a@`, `a@b.cd `, `"a"@b.cd `, `"otp":`, `"otp":7,`, `?ip=1.2&`, `bearer:x1y2z3 `, `token=x&`, "4111111111111111 ", `eyJhbGciOiJub25l.eyJ.x `,
	} {
		object, err := json.Marshal(map[string]string{"x": strings.Repeat(unit, 30_000/len(unit))})
		require.NoError(t, err)
		got, n := redacted(string(object), rules, NoProfile)
		require.LessOrEqual(t, n, maxSpans)
		require.Less(t, len(got), len(object))
		again, n := redacted(got, rules, NoProfile)
		require.Equal(t, got, again)
		require.Zero(t, n)
	}
	some := strings.Repeat("a@b.cd ", maxSpans)
	got, n := redacted(`{"x":"`+some+`"}`, rules, NoProfile)
	require.Equal(t, `{"x":"`+strings.Repeat(Marker+" ", maxSpans)+`"}`, got)
	require.Equal(t, maxSpans, n)
}

// A profile keeps the addresses it is made of, and nothing else.
func TestProfile(t *testing.T) {
	t.Parallel()
	rules := NewRules(Config{})
	object := `{"email":"joe@x.example","traits":{"email":"joe@x.example","contact":"joe@x.example","password":"p","card":"4111111111111111","url":"/?email=joe@x.example"},"page":{"traits":{"email":"j@x.example"}}}`
	got, _ := redacted(object, rules, All)
	require.JSONEq(t, `{"email":"joe@x.example","traits":{"email":"joe@x.example","contact":"joe@x.example","password":"[redacted]","card":"[redacted]","url":"/?email=[redacted]"},"page":{"traits":{"email":"j@x.example"}}}`, got)
	got, _ = redacted(object, rules, InTraits)
	require.JSONEq(t, `{"email":"[redacted]","traits":{"email":"joe@x.example","contact":"joe@x.example","password":"[redacted]","card":"[redacted]","url":"/?email=[redacted]"},"page":{"traits":{"email":"[redacted]"}}}`, got)
}
