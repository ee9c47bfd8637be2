package redact

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Forms are lists of names and values.
func TestLabels(t *testing.T) {
	t.Parallel()
	const m = Marker
	rules := NewRules(Config{Network: networkOfTests})
	for _, c := range []struct{ in, want string }{
		{`{"name":"password","value":"x"}`, `{"name":"password","value":"` + m + `"}`},
		{`{"value":"x","name":"password"}`, `{"value":"` + m + `","name":"password"}`},
		{`{"fields":[{"name":"user","value":"joe"},{ "name" : "Pass Word" , "type":"text", "value" : "x" }]}`, `{"fields":[{"name":"user","value":"joe"},{ "name" : "Pass Word" , "type":"text", "value" : "` + m + `" }]}`},
		{`{"key":"access_token","val":["x"],"more":{"name":"n","value":"v"}}`, `{"key":"access_token","val":"` + m + `","more":{"name":"n","value":"v"}}`},
		{`{"field":"otp","value":123456,"id":1}`, `{"field":"otp","value":"` + m + `","id":1}`},
		{`{"value":{"a":["x"]},"a":[{"name":"n"}],"b":1,"label":"p\u0061ssword"}`, `{"value":"` + m + `","a":[{"name":"n"}],"b":1,"label":"p\u0061ssword"}`},
		{`{"header":"Authorization","value":"abc"}`, `{"header":"Authorization","value":"` + m + `"}`},
		{`{"name":"ip","value":"1.2.3.4"}`, `{"name":"ip","value":"9.9.9.0"}`},
		{`{"body":"[{\"name\":\"password\",\"value\":\"x\"},{\"name\":\"n\",\"value\":\"y\"}]"}`, `{"body":"[{\"name\":\"password\",\"value\":\"` + m + `\"},{\"name\":\"n\",\"value\":\"y\"}]"}`},
		{`{"body":"{\"value\": \"x\", \"name\": \"password\"}"}`, `{"body":"{\"value\": \"` + m + `\", \"name\": \"password\"}"}`},
		{`{"body":"{\"value\":1234,\"name\":\"otp\"}"}`, `{"body":"{\"value\":\"` + m + `\",\"name\":\"otp\"}"}`},
		// What is beside it is not what it names.
		{`{"name":"password","a":{"value":"x"},"value":null}`, `{"name":"password","a":{"value":"x"},"value":null}`},
		{`{"a":{"name":"password"},"value":"x"}`, `{"a":{"name":"password"},"value":"x"}`},
		{`{"name":"password_length","value":8,"b":[{"value":"x"}]}`, `{"name":"password_length","value":8,"b":[{"value":"x"}]}`},
		{`{"name":"tokens","value":8}`, `{"name":"tokens","value":8}`},
		{`{"name":"Blue shoe","value":9.5,"key":"k"}`, `{"name":"Blue shoe","value":9.5,"key":"k"}`},
		{`{"name":["password"],"value":"x"}`, `{"name":["password"],"value":"x"}`},
		{`{"value":"x"}`, `{"value":"x"}`},
		{`{"body":"{\"name\":\"password\"},{\"value\":\"x\"}"}`, `{"body":"{\"name\":\"password\"},{\"value\":\"x\"}"}`},
	} {
		got, _ := redacted(c.in, rules, NoProfile)
		require.Equal(t, c.want, got)
		require.True(t, json.Valid([]byte(got)))
		again, n := redacted(got, rules, NoProfile)
		require.Equal(t, got, again)
		require.Zero(t, n)
	}
	got, _ := redacted(`{"name":"email","value":"joe@x.example"}`, rules, All)
	require.Contains(t, got, "joe@")
	got, _ = redacted(`{"name":"email","value":"joe"}`, rules, NoProfile)
	require.NotContains(t, got, "joe")
}

// A sentence says what a secret is, or speaks about secrets.
func TestStatements(t *testing.T) {
	t.Parallel()
	const m = Marker
	rules := NewRules(Config{})
	for in, want := range map[string]string{
		"password: hunter2":                        "password: " + m,
		"password: swordfish":                      "password: " + m,
		"my Password : swordfish.":                 "my Password : " + m + ".",
		"user joe, password: hunter2, host x":      "user joe, password: " + m + ", host x",
		"pwd: x":                                   "pwd: " + m,
		"password:hunter2":                         "password:" + m,
		"password=x":                               "password=" + m,
		"password = x":                             "password = " + m,
		"password= x and more":                     "password= x and more",
		"password = hunter2 and more":              "password = " + m + " and more",
		"db_password: 'two words' ok":              "db_password: " + m + " ok",
		"passphrase: \"two words\" ok":             "passphrase: " + m + " ok",
		"API key: a1b2c3d4":                        "API key: " + m,
		"api_key = a1b2c3d4 for x":                 "api_key = " + m + " for x",
		"The access token: abcdefghijklmnopqrstuv": "The access token: " + m,
		"client secret: s3cr3ts, keep it":          "client secret: " + m + ", keep it",
		"otp: 123456":                              "otp: " + m,
		"CVV: 123.":                                "CVV: " + m + ".",
		"Passwort: x, password：hunter2":            "Passwort: x, password：" + m,
		"sent with bearer abc123def to x":          "sent with bearer " + m + " to x",
		"curl -H 'authorization: bearer abcd'":     "curl -H 'authorization: bearer " + m + "'",
		"then bearer: abcdefghijklmnopqrstuvwxyz":  "then bearer: " + m,
	} {
		object, err := json.Marshal(map[string]string{"text": in})
		require.NoError(t, err)
		got, n := redacted(string(object), rules, NoProfile)
		var text struct{ Text string }
		require.NoError(t, json.Unmarshal([]byte(got), &text), got)
		require.Equal(t, want, text.Text, in)
		if in != want {
			require.Equal(t, 1, n)
		}
		again, n := redacted(got, rules, NoProfile)
		require.Equal(t, got, again)
		require.Zero(t, n)
	}
	for _, in := range []string{
		"the bearer of this", "The bearer of this letter: a friend", "a bearer at 10:00", "forbearer abc123",
		"password: must be at least 8 characters", "Password: required", "password: Invalid!", "Forgot your password: click here", "password: yes, name: no",
		"Your password: is it safe?", "password:", "password: ", "password=", "password: null", "passwordless: a1", "password_length: 8", "password reset: a1",
		"secret: use butter", "The secret: salt", "secrets: 3", "token: 512", "tokens: 512", "Token: expired yesterday", "total tokens: 512, prompt tokens: 100",
		"error code: 404", "code: 123456", "promo code: SUMMER5", "zip code: 12345", "key: Enter", "monkey: a1b2c3d4", "status: ok", "email: not yet", "author: Jane Doe2",
		"https://x.example/password:8080", "at 10:30:15", "a: b", "rv:109.0", "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0",
		"x = y + 2", "password ::", "note: the password is on the wall", "He said: token resistance", "auth: none",
	} {
		object, err := json.Marshal(map[string]string{"text": in})
		require.NoError(t, err)
		got, n := redacted(string(object), rules, NoProfile)
		require.Equal(t, string(object), got)
		require.Zero(t, n, in)
	}
	// What a tenant says is secret is, where it looks like one.
	got, _ := redacted(`{"t":"Customer number: K-12345"}`, NewRules(Config{Secret: []string{"number"}}), NoProfile)
	require.Equal(t, `{"t":"Customer number: `+m+`"}`, got)
}

// Neither takes longer than a text's length, whatever it has.
func TestLabelsTakeTheirTime(t *testing.T) {
	t.Parallel()
	rules := NewRules(Config{})
	for _, unit := range []string{`"value":1,`, `"name":"password","value":1,`, `"name":"` + strings.Repeat("a", 100) + `","value":1,`, `"value":{"value":[{"value":1}]},`} {
		object := `{` + strings.Repeat(unit, 30_000/len(unit)) + `"z":1}`
		require.True(t, json.Valid([]byte(object)))
		began := time.Now()
		for range 10 {
			redacted(object, rules, NoProfile)
		}
		require.Less(t, time.Since(began), 2*time.Second, unit)
	}
	for _, unit := range []string{"password: ", "a: ", ": ", "password = ", `"name":"otp",`, `"value":1,`, "bearer ", "a b: "} {
		object, err := json.Marshal(map[string]string{"x": strings.Repeat(unit, 30_000/len(unit))})
		require.NoError(t, err)
		began := time.Now()
		for range 10 {
			redacted(string(object), rules, NoProfile)
		}
		require.Less(t, time.Since(began), 2*time.Second, unit)
	}
}
